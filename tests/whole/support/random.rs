//! Chance that can be repeated.

use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Numbers that follow from a seed (xorshift64).
pub(crate) struct Random(u64);

/// By the clock, or by the variable GRIDOS_SEED to see a failure again.
pub(crate) fn seed() -> u64 {
    let given = std::env::var("GRIDOS_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let clock = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .subsec_nanos()
    };
    given.unwrap_or_else(|| clock().into())
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        // Seeds that are near each other must not begin alike, and 0 would stay 0.
        let mixed = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self((mixed ^ mixed >> 32).max(1))
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    /// Once in `n` times.
    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// A duration of whole milliseconds.
    pub(crate) fn millis(&mut self, range: RangeInclusive<u64>) -> Duration {
        let (start, end) = range.into_inner();
        Duration::from_millis(start + self.below(end - start + 1))
    }

    /// One of them.
    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        let count = u64::try_from(choices.len()).unwrap();
        choices[usize::try_from(self.below(count)).unwrap()]
    }
}
