//! What the words of a definition say of one value.

use gridos_alarm::{Condition, Limits, States, WhichStates};
use gridos_model::Level;

pub(crate) const LADDER: [Level; 4] = [Level::HighHigh, Level::High, Level::Low, Level::LowLow];

pub(crate) fn limits(condition: &Condition) -> Option<Limits> {
    match condition {
        Condition::Limit(limits)
        | Condition::Deviation { limits, .. }
        | Condition::Rate { limits, .. } => Some(*limits),
        _ => None,
    }
}

/// By the words of the definition: on from the limit on, off when back by the deadband.
pub(crate) fn is_beyond(limits: &Limits, level: Level, was: bool, value: f64) -> bool {
    let Some(limit) = limits.limit(level) else {
        return false;
    };
    let deadband = limits.deadband_of(level);
    match level {
        Level::High | Level::HighHigh => value >= limit || (was && value > limit - deadband),
        _ => value <= limit || (was && value < limit + deadband),
    }
}

pub(crate) fn is_abnormal(states: &States, value: f64) -> bool {
    let is_in = |list: &[i64]| list.iter().any(|listed| *listed as f64 == value);
    match &states.which {
        WhichStates::Abnormal(list) => is_in(list),
        WhichStates::Normal(list) => !is_in(list),
    }
}
