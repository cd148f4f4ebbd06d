//! The writer's account: what the ledger must learn from where the database stands.

use gridos_journal::Tail;
use gridos_telemetry::{Ledger, Loss};

use crate::Stored;

/// Up to where the ledger has counted a stream.
///
/// Counts are what the database says it has, whoever brought it there, so an answer that was lost
/// is neither counted twice nor missed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account {
    /// Where the journal ended when it was opened.
    recovered: Tail,
    /// `None` until the database has answered once.
    counted: Option<Stored>,
}

impl Account {
    pub(crate) fn new(recovered: Tail) -> Self {
        Self {
            recovered,
            counted: None,
        }
    }

    /// The database stands at `stored`: at the first time, what is behind was carried over; then,
    /// what it has more came there, and what it has less, because it was set back, is carried over
    /// once more. What it has lost more was lost for `reason`.
    pub(crate) fn follow(&mut self, stored: Stored, reason: Loss, ledger: &Ledger) {
        let now = stored.counted();
        let Some(before) = self.counted.replace(stored) else {
            let carried_over = self.recovered.readings.saturating_sub(now);
            ledger.carried_over.add(carried_over);
            return;
        };
        let Some(more) = now.checked_sub(before.counted()) else {
            ledger.carried_over.add(before.counted() - now);
            return;
        };
        let lost = stored.lost.saturating_sub(before.lost).min(more);
        let quarantined = stored.quarantined.saturating_sub(before.quarantined);
        let quarantined = quarantined.min(more - lost);
        ledger.lose(reason, lost);
        ledger.quarantined.add(quarantined);
        ledger.stored.add(more - lost - quarantined);
    }
}

#[cfg(test)]
mod tests {
    use gridos_journal::Position;

    use super::*;

    fn stored(readings: u64, quarantined: u64, lost: u64) -> Stored {
        let position = Position::new(readings * 16);
        Stored {
            tail: Tail { position, readings },
            quarantined,
            lost,
            last: None,
            turned: None,
            ahead: None,
        }
    }

    #[test]
    fn every_reading_is_counted_where_it_went() {
        let ledger = Ledger::default();
        let mut account = Account::new(stored(100, 0, 0).tail);
        account.follow(stored(40, 3, 2), Loss::GivenUp, &ledger);
        assert_eq!(ledger.carried_over.get(), 60);
        account.follow(stored(90, 4, 12), Loss::GivenUp, &ledger);
        account.follow(stored(90, 4, 12), Loss::GivenUp, &ledger);
        let lost = || ledger.snapshot().lost_for(Loss::GivenUp);
        let counts = || [ledger.stored.get(), lost()];
        assert_eq!((counts(), ledger.quarantined.get()), ([39, 10], 1));
        assert_eq!(ledger.snapshot().in_journal, 10);
        assert!(ledger.snapshot().is_balanced());
        // The database comes back from a backup: what it lost comes once more.
        account.follow(stored(40, 3, 2), Loss::GivenUp, &ledger);
        assert_eq!(ledger.carried_over.get(), 110);
        account.follow(stored(100, 3, 2), Loss::GivenUp, &ledger);
        assert_eq!((counts(), ledger.quarantined.get()), ([99, 10], 1));
        assert_eq!(ledger.snapshot().in_journal, 0);
        assert!(ledger.snapshot().is_balanced());
    }

    /// What one of several connections has already counts, and what it quarantined as such.
    #[test]
    fn what_is_ahead_is_counted_at_once_and_once() {
        let ledger = Ledger::default();
        let mut account = Account::new(stored(100, 0, 0).tail);
        account.follow(stored(40, 0, 0), Loss::Damaged, &ledger);
        let mut apart = stored(40, 3, 0);
        apart.ahead = Some(crate::Ahead {
            tail: stored(60, 0, 0).tail,
            last: None,
            counted: 50,
        });
        account.follow(apart, Loss::Damaged, &ledger);
        assert_eq!((ledger.stored.get(), ledger.quarantined.get()), (7, 3));
        account.follow(stored(60, 3, 0), Loss::Damaged, &ledger);
        assert_eq!((ledger.stored.get(), ledger.quarantined.get()), (17, 3));
        assert_eq!(ledger.carried_over.get(), 60);
    }
}
