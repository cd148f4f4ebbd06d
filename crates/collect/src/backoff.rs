//! How long to wait before trying a device again.

use std::time::Duration;

use crate::spread::{fraction, mix};

/// Exponential back-off with full jitter: each wait is anywhere between 0 and a bound that doubles
/// with every failure, so that devices which failed together do not come back together.
#[derive(Clone, Debug)]
pub struct Backoff {
    shortest: Duration,
    longest: Duration,
    bound: Duration,
    state: u64,
}

impl Backoff {
    /// Waits of up to `shortest` after the first failure, and never more than `longest`.
    ///
    /// The same `seed` gives the same waits; give each connection its own.
    pub fn new(shortest: Duration, longest: Duration, seed: u64) -> Self {
        let shortest = shortest.min(longest);
        Self {
            shortest,
            longest,
            bound: shortest,
            state: seed,
        }
    }

    /// How long to wait after one more failure.
    pub fn next_delay(&mut self) -> Duration {
        self.state = mix(self.state);
        let delay = self.bound.mul_f64(fraction(self.state));
        self.bound = self.bound.saturating_mul(2).min(self.longest);
        delay
    }

    /// The device answered: the next failure is the first one again.
    pub fn reset(&mut self) {
        self.bound = self.shortest;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SHORTEST: Duration = Duration::from_millis(500);
    const LONGEST: Duration = Duration::from_secs(30);

    proptest! {
        #[test]
        fn every_delay_is_below_its_bound(seed: u64, failures in 0..40_u32) {
            let mut backoff = Backoff::new(SHORTEST, LONGEST, seed);
            for failure in 0..failures {
                let bound = SHORTEST.saturating_mul(2_u32.saturating_pow(failure)).min(LONGEST);
                prop_assert!(backoff.next_delay() <= bound);
            }
            backoff.reset();
            prop_assert!(backoff.next_delay() <= SHORTEST);
        }
    }

    #[test]
    fn delays_fill_their_range() {
        let late = |seed| {
            let mut backoff = Backoff::new(SHORTEST, LONGEST, seed);
            (0..20).map(|_| backoff.next_delay()).last().unwrap()
        };
        let delays: Vec<_> = (0..1_000).map(late).collect();
        for tenth in 0..10 {
            let range = LONGEST * tenth / 10..LONGEST * (tenth + 1) / 10;
            let count = delays.iter().filter(|delay| range.contains(delay)).count();
            assert!((60..140).contains(&count), "{count} of 1,000 in {range:?}");
        }
    }

    #[test]
    fn a_longest_below_the_shortest_wins() {
        let mut backoff = Backoff::new(LONGEST, SHORTEST, 1);
        assert!((0..100).all(|_| backoff.next_delay() <= SHORTEST));
    }
}
