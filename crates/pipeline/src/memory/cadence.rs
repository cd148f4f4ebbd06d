//! When the next snapshot of the alarms is due.

use std::time::Duration;

/// So much journal is read at a start at most, as a rule.
const SPAN_MAX: u64 = 32 << 20;
/// The part of the journal's budget that may be held back for the next snapshot.
const SPAN_DIVISOR: u64 = 16;
/// What happened to alarms is in a snapshot after this.
const PERIOD: Duration = Duration::from_secs(60);
/// Not more often than this, whatever is written meanwhile.
const PAUSE: Duration = Duration::from_secs(5);

/// When a snapshot of the alarms is due.
#[derive(Clone, Copy, Debug)]
pub struct Cadence {
    span: u64,
}

impl Cadence {
    /// The cadence for a journal of `bytes_max` bytes.
    pub fn new(bytes_max: u64) -> Self {
        Self {
            span: SPAN_MAX.min(bytes_max / SPAN_DIVISOR),
        }
    }

    /// Whether one is due when the last one is `age` old, so many bytes of journal stand behind it,
    /// and among them are records of alarms or not.
    ///
    /// Without any it only moves on, so that the journal need not be kept for it.
    pub fn is_due(&self, age: Duration, bytes: u64, has_records: bool) -> bool {
        (bytes >= self.span && age >= PAUSE) || (has_records && age >= PERIOD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_due_by_what_happened_or_by_what_is_behind_it() {
        let cadence = Cadence::new(1 << 30);
        let due = |seconds, bytes, has_records| {
            cadence.is_due(Duration::from_secs(seconds), bytes, has_records)
        };
        assert!(!due(3_600, SPAN_MAX - 1, false));
        assert!(due(5, SPAN_MAX, false));
        assert!(!due(4, SPAN_MAX, true));
        assert!(!due(59, 1, true));
        assert!(due(60, 1, true));
    }

    #[test]
    fn a_small_journal_is_not_held_for_long() {
        let cadence = Cadence::new(16 << 20);
        assert!(cadence.is_due(PAUSE, 1 << 20, false));
        assert!(!cadence.is_due(PAUSE, (1 << 20) - 1, false));
    }
}
