//! The alarms of points and devices: `limits`, `alarm`, `alarm_defaults`, `link_alarm`.

mod behaviour;
mod condition;
mod edges;
mod entry;
mod file;
#[cfg(test)]
mod file_tests;
mod limits;
mod link;
mod point;
mod reference;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use gridos_alarm::Definition;

pub(super) use behaviour::{COUNT_KEYS, PRIORITY_KEYS};
pub(super) use edges::edges;
pub(super) use entry::{Entry, KEYS};
pub use file::has_profiles;
pub(super) use limits::{DEADBAND_KEYS, KEYS as LIMITS_KEYS};
pub(super) use link::KEYS as LINK_KEYS;
pub use link::LinkAlarm;
pub(super) use point::{PointAlarms, by_position, read_defaults, with_own};
pub(super) use reference::{Named, check as check_references};

/// Alarms by their points' positions in a device's whole layout, ascending, and of one point by their
/// kinds.
pub type AlarmsByPosition = Arc<[(usize, Arc<Definition>)]>;
