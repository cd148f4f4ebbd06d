//! The time of day.

use std::time::SystemTime;

use gridos_model::Timestamp;

/// Now, as the clock of this machine tells.
pub(crate) fn wall() -> Timestamp {
    SystemTime::now().into()
}
