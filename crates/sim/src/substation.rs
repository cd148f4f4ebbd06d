//! What a feeder bay of a 20 kV substation measures, made up from a seed and the time.

mod encode;
mod feeder;
mod incident;
mod map;

pub use feeder::{Feeder, Measurements};
pub use map::{Limits, MAP, MapPoint};
