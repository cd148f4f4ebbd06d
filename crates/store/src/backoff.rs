//! How long to wait before trying again.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// Capped exponential back-off with full jitter: each wait is anything from nothing to a bound
/// that doubles with every failure, so that engines that lost one database do not come back to it
/// all at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    cap: Duration,
    failures: u32,
}

impl Backoff {
    /// The first wait is at most `first`, every wait at most `cap`.
    pub(crate) fn new(first: Duration, cap: Duration) -> Self {
        Self {
            first,
            cap,
            failures: 0,
        }
    }

    /// Failures since the last success.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    /// It worked.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// It failed once more: how long to wait, given any random number.
    pub(crate) fn wait(&mut self, random: u64) -> Duration {
        let factor = 1_u32.checked_shl(self.failures).unwrap_or(u32::MAX);
        self.failures = self.failures.saturating_add(1);
        let bound = self.first.saturating_mul(factor).min(self.cap);
        let micros = u64::try_from(bound.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(random % micros.saturating_add(1))
    }
}

/// A number that differs from engine to engine: the standard library's hasher is seeded by the
/// system.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap_and_start_again() {
        let (first, cap) = (Duration::from_millis(100), Duration::from_secs(10));
        let mut backoff = Backoff::new(first, cap);
        for bound_ms in [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000] {
            let bound = Duration::from_millis(bound_ms);
            let longest = bound_ms * 1_000;
            assert_eq!(backoff.clone().wait(longest), bound);
            assert_eq!(backoff.clone().wait(longest + 1), Duration::ZERO);
            assert!(backoff.wait(random()) <= bound);
        }
        (0..1_000).for_each(|_| assert!(backoff.wait(random()) <= cap));
        backoff.reset();
        assert!(backoff.wait(random()) <= first);
    }
}
