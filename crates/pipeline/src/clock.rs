//! The clocks of the pipeline.

use std::time::{Duration, Instant, SystemTime};

use gridos_alarm::Now;

/// The time of day, and that since the engine's start.
#[derive(Debug)]
pub(crate) struct Clock(Instant);

impl Clock {
    /// A clock that starts now.
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now(&self) -> Now {
        Now {
            wall: SystemTime::now().into(),
            mono: self.mono(),
        }
    }

    /// The time since the start alone.
    pub(crate) fn mono(&self) -> Duration {
        self.0.elapsed()
    }
}
