//! Waits between attempts that fail.

use std::time::Duration;

/// Waits that double.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    cap: Duration,
    next: Duration,
}

impl Backoff {
    pub(crate) fn new(first: Duration, cap: Duration) -> Self {
        Self {
            first,
            cap,
            next: first,
        }
    }

    /// The wait after another failure.
    pub(crate) fn on_failed(&mut self) -> Duration {
        let wait = self.next.min(self.cap);
        self.next = self.next.saturating_mul(2).min(self.cap);
        wait
    }

    pub(crate) fn on_success(&mut self) {
        self.next = self.first;
    }
}
