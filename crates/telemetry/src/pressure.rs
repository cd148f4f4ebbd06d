//! How long the engine was at its limit.

use std::time::Instant;

use crate::{Protocol, Spell};

/// The times in which there was no room, and in which somebody had to wait for it.
#[derive(Debug, Default)]
pub struct Pressure {
    /// The ring has no room: from when somebody found it full until something was taken out.
    pub ring_full: Spell,
    held_back: [Spell; Protocol::ALL.len()],
}

impl Pressure {
    /// Whoever speaks `protocol` is told to wait.
    pub fn hold_back(&self, protocol: Protocol, now: Instant) {
        self.held_back(protocol).begin(now);
    }

    /// There is room again: nobody has to wait any more.
    pub fn relieve(&self, now: Instant) {
        self.held_back.iter().for_each(|spell| spell.end(now));
    }

    /// The times in which those who speak `protocol` were held back: from when one of them was told
    /// to wait until there was room again.
    pub fn held_back(&self, protocol: Protocol) -> &Spell {
        &self.held_back[protocol as usize]
    }
}
