//! Room: how much more the journal can take, for how long, and what to do when it gets short.
//!
//! Pure: what is measured on the disk comes in as [`Room`], and the time as an argument.

mod autonomy;
mod growth;
mod ladder;

pub use autonomy::{Autonomy, Room};
pub use growth::{Growth, Rate};
pub use ladder::{Grade, Ladder, Order, Rung, Sight, Standing, Thresholds, WhenFull};
