//! How far of what the board shows may be told outside: as far as it is durable.

use std::time::Duration;

/// Which records may be told.
///
/// The board shows what happened before its record is durable. What is told outside cannot be taken
/// back, so it waits for the record; only when the journal takes nothing for long, it does not.
#[derive(Debug)]
pub(crate) struct Reach {
    patience: Duration,
    /// How far it was durable when that was last more, and since when that is not all there is.
    behind: Option<(u64, Duration)>,
    is_patient: bool,
}

impl Reach {
    pub(crate) fn new(patience: Duration) -> Self {
        Self {
            patience,
            behind: None,
            is_patient: true,
        }
    }

    /// The sequence of the last record that may be told, where those up to `durable` are durable and
    /// those up to `shown` are on the board, at `now` on the monotonic clock.
    pub(crate) fn last(&mut self, durable: u64, shown: u64, now: Duration) -> u64 {
        if shown <= durable {
            self.behind = None;
        } else if self.behind.is_none_or(|(before, _)| before != durable) {
            self.behind = Some((durable, now));
        }
        let is_long = |(_, since)| now.saturating_sub(since) >= self.patience;
        self.is_patient = !self.behind.is_some_and(is_long);
        if self.is_patient { durable } else { shown }
    }

    /// Whether only what is durable may be told.
    pub(crate) fn is_patient(&self) -> bool {
        self.is_patient
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_durable_waits_unless_the_journal_takes_nothing_for_long() {
        let mut reach = Reach::new(Duration::from_secs(10));
        let mut last = |second, durable, shown| {
            let last = reach.last(durable, shown, Duration::from_secs(second));
            (last, reach.is_patient())
        };
        assert_eq!(last(100, 5, 5), (5, true));
        assert_eq!(last(200, 5, 9), (5, true));
        assert_eq!(last(209, 5, 9), (5, true));
        // It is slow, but it goes on.
        assert_eq!(last(210, 7, 9), (7, true));
        assert_eq!(last(219, 7, 9), (7, true));
        assert_eq!(last(220, 7, 9), (9, false));
        assert_eq!(last(221, 8, 9), (8, true));
        assert_eq!(last(222, 9, 9), (9, true));
        assert_eq!(last(300, 9, 10), (9, true));
    }
}
