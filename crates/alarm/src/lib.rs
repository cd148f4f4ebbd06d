//! Which readings change an alarm: limits, and the evaluator that holds columns against them.
//!
//! This crate must not know any clock, storage or HTTP: readings go in, transitions come out. The
//! evaluator costs two comparisons per reading as long as no alarm changes.

mod band;
mod evaluator;
mod limits;

pub use evaluator::Evaluator;
pub use limits::{Limits, LimitsError};
