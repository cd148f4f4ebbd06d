//! What a feeder bay of a 20 kV substation measures, made up from a seed and the time.

mod encode;
mod feeder;
mod incident;
mod map;
mod storm;

pub use feeder::{Feeder, Measurements};
pub use map::{Limits, MAP, MapPoint};
pub use storm::Storm;
