//! What notifications count in.

use crate::{Counter, Gauge, NotifyOutcome};

/// What notifications count in.
#[derive(Debug, Default)]
pub struct NotifyCells {
    /// Alerts that a receiver has still to be told.
    pub waiting: Gauge,
    /// Alerts that were told in the summary of a flood alone.
    pub summarised: Counter,
    messages: [Counter; NotifyOutcome::ALL.len()],
}

impl NotifyCells {
    /// Counts a message.
    pub fn sent(&self, outcome: NotifyOutcome) {
        self.messages[outcome as usize].increment();
    }

    /// How many messages came to `outcome`.
    pub fn messages(&self, outcome: NotifyOutcome) -> u64 {
        self.messages[outcome as usize].get()
    }
}
