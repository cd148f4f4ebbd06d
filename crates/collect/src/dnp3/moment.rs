//! An instant by both clocks.

use std::time::Instant;

use gridos_dnp3::app;
use gridos_model::Timestamp;

use crate::wall::wall;

/// When something was received.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) now: Instant,
    pub(super) wall: Timestamp,
}

impl Moment {
    pub(super) fn present() -> Self {
        Self {
            now: Instant::now(),
            wall: wall(),
        }
    }

    /// The time of day as the protocol counts.
    pub(super) fn protocol_time(self) -> app::Timestamp {
        let millis = u64::try_from(self.wall.as_millis()).unwrap_or(0);
        app::Timestamp::new(millis).unwrap_or(app::Timestamp::MAX)
    }
}
