//! Asking a device that keeps failing more and more rarely.

use std::time::Duration;

use crate::spread::{fraction, mix};

/// How often one device failed in a row, and how long to leave it alone therefore.
#[derive(Clone, Debug)]
pub(super) struct Demotion {
    failures: u32,
    shortest: Duration,
    longest: Duration,
    wait: Duration,
    state: u64,
}

/// A device that failed so often in a row is demoted.
const FAILURES: u32 = 3;
/// No wait is longer, so that none is too long to reckon with.
const YEAR: Duration = Duration::from_secs(365 * 86_400);

impl Demotion {
    /// Waits that begin at twice the period `shortest` and double up to `longest`; the same `seed`
    /// gives the same waits.
    pub(super) fn new(shortest: Duration, longest: Duration, seed: u64) -> Self {
        let shortest = shortest.saturating_mul(2).min(YEAR);
        Self {
            failures: 0,
            shortest,
            longest: longest.clamp(shortest, YEAR),
            wait: shortest,
            state: seed,
        }
    }

    /// It failed once more: how long to leave it alone, if it is demoted.
    pub(super) fn on_failure(&mut self) -> Option<Duration> {
        self.failures = self.failures.saturating_add(1);
        if self.failures < FAILURES {
            return None;
        }
        // Up to a quarter shorter, so that devices which failed together are not asked together.
        self.state = mix(self.state);
        let wait = self.wait.mul_f64(1.0 - fraction(self.state) / 4.0);
        self.wait = self.wait.saturating_mul(2).min(self.longest);
        Some(wait)
    }

    /// It answered: it is asked as often as others.
    pub(super) fn on_answer(&mut self) {
        self.failures = 0;
        self.wait = self.shortest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waits_double_up_to_the_longest_and_end_with_an_answer() {
        let mut demotion = Demotion::new(SECOND, 60 * SECOND, 7);
        for _ in 0..2 {
            assert_eq!(demotion.on_failure(), None);
        }
        for bound in [2, 4, 8, 16, 32, 60, 60, 60] {
            let wait = demotion.on_failure().unwrap();
            let range = SECOND * bound * 3 / 4..=SECOND * bound;
            assert!(range.contains(&wait), "{wait:?} of {bound} s");
        }
        demotion.on_answer();
        assert_eq!(demotion.on_failure(), None);
    }

    #[test]
    fn a_slow_device_is_not_asked_more_often_than_its_scans() {
        let mut demotion = Demotion::new(3_600 * SECOND, 60 * SECOND, 7);
        let waits = (0..9).filter_map(|_| demotion.on_failure());
        assert!(waits.min().unwrap() >= 5_400 * SECOND);
        let mut endless = Demotion::new(Duration::MAX, SECOND, 7);
        assert!((0..9).filter_map(|_| endless.on_failure()).count() == 7);
    }
}
