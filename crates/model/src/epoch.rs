//! Epochs: who had a device later.

use std::fmt;
use std::num::NonZeroU64;

/// The number under which one engine of a fleet has a device; whoever has it later has a higher one.
///
/// An odd one was taken by force: whoever had it before did not say that it let go, so what that one received
/// afterwards is not to be taken for its word. Before an even one, whoever had it let it go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Epoch(NonZeroU64);

impl Epoch {
    /// The epoch of that number; none is 0.
    pub const fn new(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The epoch that begins with the `version`-th hand-over, at most half of all numbers.
    pub const fn of_hand_over(version: u64, is_forced: bool) -> Option<Self> {
        Self::new(version.saturating_mul(2) | is_forced as u64)
    }

    /// Which hand-over began it.
    pub const fn version(self) -> u64 {
        self.0.get() / 2
    }

    /// Whether it was taken by force.
    pub const fn is_forced(self) -> bool {
        self.0.get() % 2 == 1
    }

    /// Its number, at least 1.
    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
