//! How long before the wire each batch of the journal was due, until the database has it.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What the journal does not keep of the batches that were appended lately: how long they were due
/// before they came. Whoever stores them adds it, so that the latency counts from when they were due.
///
/// Bounded: of a longer backlog the oldest are forgotten, and their latency then begins at the wire.
/// They have waited so long by then that it makes no difference.
#[derive(Debug, Default)]
pub struct Trail {
    marks: Mutex<VecDeque<Mark>>,
}

/// A batch of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The position behind its record.
    pub end: u64,
    /// How long before its last byte was read from the wire it was due.
    pub lead: Duration,
}

/// Twenty thousand batches a second for six seconds; 3 MiB.
const MARKS_MAX: usize = 1 << 17;

impl Trail {
    /// Adds marks that ascend, behind all that were added before; empties `marks`.
    pub fn append(&self, marks: &mut Vec<Mark>) {
        if marks.is_empty() {
            return;
        }
        let mut kept = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(marks.drain(..));
        let over = kept.len().saturating_sub(MARKS_MAX);
        kept.drain(..over);
    }

    /// Takes out the marks of all that stands before `end`, in order.
    pub fn take_until(&self, end: u64) -> Vec<Mark> {
        let mut kept = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        let count = kept.partition_point(|mark| mark.end <= end);
        let taken = kept.drain(..count).collect();
        if kept.is_empty() {
            kept.shrink_to(MARKS_MAX >> 4);
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(end: u64) -> Mark {
        let lead = Duration::from_millis(end);
        Mark { end, lead }
    }

    #[test]
    fn what_is_stored_is_taken_and_the_rest_stays() {
        let trail = Trail::default();
        let mut marks = vec![mark(10), mark(20)];
        trail.append(&mut marks);
        assert!(marks.is_empty());
        trail.append(&mut vec![mark(30)]);
        assert_eq!(trail.take_until(9), []);
        assert_eq!(trail.take_until(25), [mark(10), mark(20)]);
        assert_eq!(trail.take_until(100), [mark(30)]);
        assert_eq!(trail.take_until(100), []);
    }

    #[test]
    fn of_a_long_backlog_the_oldest_are_forgotten() {
        let trail = Trail::default();
        let most = MARKS_MAX as u64;
        trail.append(&mut (1..=most + 5).map(mark).collect());
        let taken = trail.take_until(u64::MAX);
        assert_eq!((taken.len(), taken[0]), (MARKS_MAX, mark(6)));
    }
}
