//! The ledger: where every reading is, so that none can be lost silently.

use crossbeam_utils::CachePadded;

use crate::{Counter, Gauge, Loss, Refusal};

/// Counts readings at each gate of their way; each gate has its own cache line.
///
/// A gate must be counted no later than the next one, so that a snapshot never finds a reading
/// further on that was not there before.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Decoded from the wire or from HTTP.
    pub received: CachePadded<Counter>,
    /// Pushed into the ring.
    pub offered: CachePadded<Counter>,
    /// Appended to the journal.
    pub journalled: CachePadded<Counter>,
    /// Committed by the database.
    pub stored: CachePadded<Counter>,
    /// Put aside by the database: they fit no layout, or could not be decoded.
    pub quarantined: Counter,
    /// In the journal at the start of the process, but not in the database.
    pub carried_over: Gauge,
    lost: [Counter; Loss::ALL.len()],
    refused: CachePadded<[Counter; Refusal::ALL.len()]>,
    /// Of the refused, those that had been offered.
    turned_away: Counter,
}

impl Ledger {
    /// Counts `readings` that were received but not taken.
    #[inline]
    pub fn refuse(&self, reason: Refusal, readings: u64) {
        self.refused[reason as usize].add(readings);
    }

    /// Counts `readings` that were offered, and refused behind the ring.
    pub fn turn_away(&self, reason: Refusal, readings: u64) {
        self.turned_away.add(readings);
        self.refuse(reason, readings);
    }

    /// Counts `readings` that were gone from the journal before the database had them.
    pub fn lose(&self, reason: Loss, readings: u64) {
        self.lost[reason as usize].add(readings);
    }

    /// Where all readings are at this moment.
    ///
    /// Gates are read from the last to the first, so a reading that passes meanwhile may seem to
    /// be before its gate, but never behind it without having come.
    pub fn snapshot(&self) -> LedgerSnapshot {
        let stored = self.stored.get();
        let quarantined = self.quarantined.get();
        let lost_by = std::array::from_fn(|reason| self.lost[reason].get());
        let lost = lost_by.iter().sum();
        let journalled = self.journalled.get();
        let turned_away = self.turned_away.get();
        let offered = self.offered.get();
        let refused_by = std::array::from_fn(|reason| self.refused[reason].get());
        let received = self.received.get();
        let carried_over = self.carried_over.get();
        let refused = refused_by.iter().sum();
        let in_ring = offered.saturating_sub(journalled.saturating_add(turned_away));
        let settled = stored.saturating_add(quarantined).saturating_add(lost);
        let in_journal = (carried_over.saturating_add(journalled)).saturating_sub(settled);
        let came = i128::from(received) + i128::from(carried_over);
        let known = [refused, in_ring, in_journal, stored, quarantined, lost];
        LedgerSnapshot {
            received,
            refused,
            refused_by,
            carried_over,
            offered,
            in_ring,
            journalled,
            in_journal,
            stored,
            quarantined,
            lost,
            lost_by,
            unaccounted: came - known.into_iter().map(i128::from).sum::<i128>(),
        }
    }
}

/// Where all readings were at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LedgerSnapshot {
    /// Decoded from the wire or from HTTP since the start.
    pub received: u64,
    /// Received but not taken, for any reason.
    pub refused: u64,
    refused_by: [u64; Refusal::ALL.len()],
    /// In the journal at the start, but not in the database.
    pub carried_over: u64,
    /// Pushed into the ring since the start.
    pub offered: u64,
    /// Pushed into the ring, not yet in the journal.
    pub in_ring: u64,
    /// Appended to the journal since the start.
    pub journalled: u64,
    /// In the journal, neither in the database nor lost.
    pub in_journal: u64,
    /// Committed by the database since the start.
    pub stored: u64,
    /// Put aside in the database's quarantine since the start.
    pub quarantined: u64,
    /// Gone from the journal before they were stored, as far as found out since the start.
    pub lost: u64,
    lost_by: [u64; Loss::ALL.len()],
    /// Came and is nowhere (positive), or is somewhere and never came (negative).
    ///
    /// At rest 0. While a producer works it may be positive by the readings in its hands.
    pub unaccounted: i128,
}

impl LedgerSnapshot {
    /// Readings not taken for `reason`.
    pub fn refused_for(&self, reason: Refusal) -> u64 {
        self.refused_by[reason as usize]
    }

    /// Readings lost for `reason`.
    pub fn lost_for(&self, reason: Loss) -> u64 {
        self.lost_by[reason as usize]
    }

    /// Whether every reading that came is somewhere, and only once.
    pub fn is_balanced(&self) -> bool {
        self.unaccounted == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ledger_balances_at_every_gate() {
        let ledger = Ledger::default();
        ledger.carried_over.set(40);
        ledger.received.add(100);
        assert_eq!(ledger.snapshot().unaccounted, 100);
        ledger.refuse(Refusal::RingFull, 8);
        ledger.refuse(Refusal::Invalid, 2);
        ledger.offered.add(90);
        ledger.journalled.add(70);
        ledger.stored.add(50);
        ledger.quarantined.add(5);
        ledger.lose(Loss::Damaged, 4);
        ledger.lose(Loss::GivenUp, 11);
        let snapshot = ledger.snapshot();
        let expected = LedgerSnapshot {
            received: 100,
            refused: 10,
            refused_by: [8, 0, 0, 0, 2, 0, 0, 0],
            carried_over: 40,
            offered: 90,
            in_ring: 20,
            journalled: 70,
            in_journal: 40,
            stored: 50,
            quarantined: 5,
            lost: 15,
            lost_by: [4, 0, 11],
            unaccounted: 0,
        };
        assert_eq!(snapshot, expected);
        assert!(snapshot.is_balanced());
        assert_eq!(snapshot.refused_for(Refusal::RingFull), 8);
    }

    #[test]
    fn a_reading_that_is_turned_away_is_no_longer_in_the_ring() {
        let ledger = Ledger::default();
        ledger.received.add(9);
        ledger.offered.add(9);
        ledger.journalled.add(4);
        ledger.turn_away(Refusal::JournalStalled, 3);
        let snapshot = ledger.snapshot();
        assert_eq!(
            (snapshot.in_ring, snapshot.refused, snapshot.unaccounted),
            (2, 3, 0)
        );
    }

    #[test]
    fn a_loss_takes_nothing_from_what_came() {
        let ledger = Ledger::default();
        ledger.carried_over.set(7);
        ledger.lose(Loss::Trimmed, 7);
        let snapshot = ledger.snapshot();
        assert_eq!(
            (snapshot.carried_over, snapshot.lost, snapshot.in_journal),
            (7, 7, 0)
        );
        assert!(snapshot.is_balanced());
        ledger.lose(Loss::Trimmed, 1);
        assert_eq!(ledger.snapshot().unaccounted, -1);
    }

    #[test]
    fn a_reading_stored_twice_is_found() {
        let ledger = Ledger::default();
        ledger.received.add(5);
        ledger.offered.add(5);
        ledger.journalled.add(5);
        ledger.stored.add(6);
        assert_eq!(ledger.snapshot().unaccounted, -1);
    }

    #[test]
    fn a_reading_journalled_twice_is_found() {
        let ledger = Ledger::default();
        ledger.received.add(5);
        ledger.offered.add(5);
        ledger.journalled.add(7);
        assert!(!ledger.snapshot().is_balanced());
    }

    #[test]
    fn no_snapshot_finds_readings_that_never_came() {
        let ledger = Ledger::default();
        std::thread::scope(|scope| {
            let producer = scope.spawn(|| {
                for _ in 0..20_000 {
                    ledger.received.add(3);
                    ledger.refuse(Refusal::PoolEmpty, 1);
                    ledger.offered.add(2);
                    ledger.journalled.add(2);
                    ledger.stored.add(2);
                }
            });
            while !producer.is_finished() {
                assert!(ledger.snapshot().unaccounted >= 0);
            }
        });
        assert!(ledger.snapshot().is_balanced());
    }
}
