//! Where the last record of an alarm stands in the journal.

use std::sync::atomic::{AtomicU64, Ordering};

use gridos_journal::Position;

/// The place behind the last record of an alarm in this life's stream, durable or not.
#[derive(Debug, Default)]
pub struct AlarmMark(AtomicU64);

impl AlarmMark {
    /// The place.
    pub fn get(&self) -> Position {
        Position::new(self.0.load(Ordering::Acquire))
    }

    pub(crate) fn set(&self, position: Position) {
        self.0.store(position.get(), Ordering::Release);
    }
}
