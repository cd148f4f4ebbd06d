//! The alarm board: what stands, for everybody who shows it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gridos_alarm::Case;
use gridos_model::{AlarmId, AlarmRecord};
use tokio::sync::watch;

use super::recent::{Following, Recent};
use super::table::AlarmTable;

/// A reader takes no more records at a time than this before it lets the writer in.
const RECORDS_AT_ONCE: usize = 256;

/// All alarms that are not at rest, and the last records. It is a table, not a queue: a flood cannot
/// overflow it.
///
/// The pipeline thread writes. Readers hold a lock only while they take a copy of a pointer, or a
/// few hundred of them, so the writer never waits for what they do.
#[derive(Debug)]
pub struct AlarmBoard {
    table: Mutex<Arc<AlarmTable>>,
    recent: Mutex<Recent>,
    changed: watch::Sender<u64>,
    durable: watch::Sender<u64>,
}

impl Default for AlarmBoard {
    fn default() -> Self {
        Self::new(0, [])
    }
}

impl AlarmBoard {
    /// A board that begins with `cases` as of the record `sequence`; the records before are not
    /// known to it.
    pub fn new(sequence: u64, cases: impl IntoIterator<Item = Case>) -> Self {
        Self {
            table: Mutex::new(Arc::new(AlarmTable::new(sequence, cases))),
            recent: Mutex::new(Recent::new(sequence)),
            changed: watch::Sender::new(sequence),
            durable: watch::Sender::new(sequence),
        }
    }

    /// Begins anew with `cases` as of the record `sequence`, at the start of an engine; all of them
    /// are durable.
    pub fn begin(&self, sequence: u64, cases: impl IntoIterator<Item = Case>) {
        *lock(&self.recent) = Recent::new(sequence);
        *lock(&self.table) = Arc::new(AlarmTable::new(sequence, cases));
        self.changed.send_replace(sequence);
        self.durable.send_replace(sequence);
    }

    /// Shows `records`, in their order.
    pub fn show(&self, records: &[AlarmRecord]) {
        let Some(last) = records.last() else { return };
        // Before the table, so that whoever follows a table finds what comes behind it.
        let shared: Vec<_> = records.iter().cloned().map(Arc::new).collect();
        let mut recent = lock(&self.recent);
        for record in shared {
            recent.add(record);
        }
        drop(recent);
        let mut table = lock(&self.table);
        let changing = Arc::make_mut(&mut table);
        for record in records {
            changing.apply(record);
        }
        drop(table);
        self.changed.send_replace(last.sequence);
    }

    /// Shows that `alarms` are unconfirmed no more, which no record tells.
    pub fn confirm(&self, alarms: &[AlarmId]) {
        let mut table = lock(&self.table);
        let changing = Arc::make_mut(&mut table);
        alarms.iter().for_each(|alarm| changing.confirm(*alarm));
        drop(table);
        // Behind the table: whoever knows of one and takes the table finds it there.
        lock(&self.recent).confirm(alarms);
        self.changed.send_modify(|_| {});
    }

    /// All records up to `sequence` are durable in the journal, but for those that it had no room for.
    pub fn on_durable(&self, sequence: u64) {
        let is_more = |durable: &mut u64| std::mem::replace(durable, sequence) != sequence;
        self.durable.send_if_modified(is_more);
    }

    /// The table as it is now; it does not change any more.
    pub fn table(&self) -> Arc<AlarmTable> {
        Arc::clone(&lock(&self.table))
    }

    /// Looks at the table as it is now, however long.
    pub fn look<T>(&self, look: impl FnOnce(&AlarmTable) -> T) -> T {
        look(&self.table())
    }

    /// Up to `max` records behind the record `sequence`, in their order; `None` if it is too long
    /// ago or not of this engine: start with the table then.
    pub fn since(&self, sequence: u64, max: usize) -> Option<Vec<Arc<AlarmRecord>>> {
        let mut found = Vec::new();
        loop {
            let after = found
                .last()
                .map_or(sequence, |record: &Arc<AlarmRecord>| record.sequence);
            let before = found.len();
            let most = RECORDS_AT_ONCE.min(max - before);
            let is_known = lock(&self.recent).since(after, most, &mut found);
            match (is_known, before) {
                (false, 0) => return None,
                // What was taken so far is whole; the next call tells that the rest is gone.
                (false, _) => return Some(found),
                (true, _) if found.len() == before || found.len() >= max => return Some(found),
                (true, _) => {}
            }
        }
    }

    /// How many confirmations there were in this life; take it before the table that it is of.
    pub fn confirmations(&self) -> u64 {
        lock(&self.recent).confirmations()
    }

    /// What comes next behind the record `sequence` and the first `confirmations` of this life, in the
    /// order in which it happened; `None` if it is too long ago: start with the table then.
    pub fn following(&self, sequence: u64, confirmations: u64) -> Option<Following> {
        lock(&self.recent).following(sequence, confirmations, RECORDS_AT_ONCE)
    }

    /// The sequence of the last record, as it grows; told also when something was confirmed.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// The sequence of the last record that is durable, as it grows: what happened behind it is shown,
    /// and did not happen if the engine dies now.
    pub fn durable(&self) -> watch::Receiver<u64> {
        self.durable.subscribe()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use gridos_model::{
        AlarmAction, AlarmFacts, AlarmFlags, AlarmId, Level, Priority, Quality, Timestamp,
    };

    use super::*;
    use crate::alarms::recent::RECORDS_MAX;

    fn record(sequence: u64, alarm: u64, action: AlarmAction, after: AlarmFacts) -> AlarmRecord {
        AlarmRecord {
            sequence,
            alarm: AlarmId::from_raw(alarm),
            occurrence: sequence,
            action,
            is_annunciated: true,
            from: Level::Normal,
            time: Timestamp::EPOCH,
            received: Timestamp::EPOCH,
            value: 1.0,
            quality: Quality::GOOD,
            after,
            note: None,
        }
    }

    fn raised(sequence: u64, alarm: u64) -> AlarmRecord {
        let after = AlarmFacts {
            level: Level::High,
            worst: Level::High,
            priority: Priority::Medium,
            flags: AlarmFlags::UNACKNOWLEDGED,
            ..AlarmFacts::REST
        };
        record(sequence, alarm, AlarmAction::Raised, after)
    }

    fn returned(sequence: u64, alarm: u64) -> AlarmRecord {
        record(sequence, alarm, AlarmAction::Returned, AlarmFacts::REST)
    }

    fn sequences(found: Option<Vec<Arc<AlarmRecord>>>) -> Option<Vec<u64>> {
        let found = found?;
        Some(found.iter().map(|record| record.sequence).collect())
    }

    #[test]
    fn an_alarm_stands_until_it_is_at_rest() {
        let board = AlarmBoard::default();
        let mut changed = board.changed();
        board.show(&[raised(1, 7), raised(2, 8), raised(3, 9)]);
        let before = board.table();
        board.show(&[returned(4, 8)]);
        assert_eq!(*changed.borrow_and_update(), 4);
        board.look(|table| {
            let alarms: Vec<_> = table.cases.values().map(|case| case.alarm.raw()).collect();
            assert_eq!((table.sequence, alarms), (4, vec![7, 9]));
            assert_eq!(table.counts.active(Priority::Medium), 2);
        });
        // What somebody looks at does not change meanwhile.
        assert_eq!((before.sequence, before.cases.len()), (3, 3));
        assert_eq!(before.counts.active(Priority::Medium), 3);
    }

    #[test]
    fn the_counts_are_those_of_the_cases() {
        let board = AlarmBoard::default();
        let mut random = 1_u64;
        for sequence in 1..=5_000 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let alarm = ((random >> 33) % 64) << 52;
            let mut next = match random >> 60 {
                0..6 => returned(sequence, alarm),
                _ => raised(sequence, alarm),
            };
            next.after.priority = Priority::ALL[(random >> 40) as usize % 4];
            if random >> 63 == 0 {
                next.after.flags.insert(AlarmFlags::OUT_OF_SERVICE);
            }
            board.show(&[next]);
        }
        board.look(|table| {
            let anew = AlarmTable::new(0, table.cases.values().map(|case| (**case).clone()));
            assert_eq!(table.counts, anew.counts);
            assert_eq!(table.cases.len(), anew.cases.len());
            assert!(table.cases.len() > 16);
        });
    }

    #[test]
    fn who_follows_gets_every_record_or_is_told_to_begin_anew() {
        let board = AlarmBoard::new(10, []);
        assert_eq!(sequences(board.since(10, 9)), Some(vec![]));
        assert_eq!(sequences(board.since(9, 9)), None);
        assert_eq!(sequences(board.since(11, 9)), None);
        let last = 10 + RECORDS_MAX as u64;
        for sequence in 11..=last {
            board.show(&[raised(sequence, sequence)]);
        }
        let all = sequences(board.since(10, usize::MAX)).unwrap();
        assert!(all.iter().copied().eq(11..=last));
        assert_eq!(sequences(board.since(12, 3)), Some(vec![13, 14, 15]));
        board.show(&[raised(last + 1, 1)]);
        assert_eq!(sequences(board.since(10, 3)), None);
        assert_eq!(sequences(board.since(11, 1)), Some(vec![12]));
        assert_eq!(sequences(board.since(last, 3)), Some(vec![last + 1]));
    }

    /// A7.14: readers are as slow as they like, and what they miss is on the table.
    #[test]
    fn pitfall_14_who_looks_for_ever_or_follows_never_holds_up_no_writer() {
        let board = AlarmBoard::default();
        let (enter, entered) = mpsc::channel();
        let (leave, left) = mpsc::channel::<()>();
        let (write, written) = mpsc::channel();
        let mut expected = AlarmTable::default();
        let last = 3 * RECORDS_MAX as u64;
        let records: Vec<_> = (1..=last)
            .map(|sequence| match sequence % 3 {
                0 => returned(sequence, sequence % 97),
                _ => raised(sequence, sequence % 97),
            })
            .collect();
        records.iter().for_each(|record| expected.apply(record));
        std::thread::scope(|scope| {
            let board = &board;
            scope.spawn(move || {
                board.look(|table| {
                    enter.send(()).unwrap();
                    left.recv().unwrap();
                    assert!(table.cases.is_empty(), "it was taken before");
                });
            });
            entered.recv().unwrap();
            scope.spawn(|| {
                records
                    .iter()
                    .for_each(|record| board.show(std::slice::from_ref(record)));
                write.send(()).unwrap();
            });
            let is_written = written.recv_timeout(Duration::from_secs(60));
            leave.send(()).unwrap();
            assert_eq!(is_written, Ok(()), "the writer waits for a reader");
        });
        assert_eq!(board.since(0, 1), None);
        let table = board.table();
        assert_eq!(table.sequence, last);
        assert!(table.cases.iter().eq(expected.cases.iter()));
    }

    /// Whoever applies both in the order in which they are told has the table, from any place on.
    #[test]
    fn confirmations_are_told_in_order_with_the_records() {
        let board = AlarmBoard::default();
        let unconfirmed = |sequence, alarm| {
            let mut record = raised(sequence, alarm);
            record.after.flags.insert(AlarmFlags::UNCONFIRMED);
            record
        };
        let id = AlarmId::from_raw;
        board.show(&[unconfirmed(1, 7), unconfirmed(2, 8)]);
        let mut changed = board.changed();
        changed.mark_unchanged();
        board.confirm(&[id(7), id(9)]);
        assert!(changed.has_changed().unwrap());
        board.show(&[unconfirmed(3, 7), raised(4, 8)]);
        board.confirm(&[id(7)]);
        let (mut own, mut count) = (AlarmTable::default(), 0);
        loop {
            match board.following(own.sequence, count).unwrap() {
                Following::Records(records) if records.is_empty() => break,
                Following::Records(records) => records.iter().for_each(|record| own.apply(record)),
                Following::Confirmed(alarms) => {
                    alarms.iter().for_each(|alarm| own.confirm(*alarm));
                    count += alarms.len() as u64;
                }
            }
        }
        let table = board.table();
        assert!(own.cases.iter().eq(table.cases.iter()));
        let in_doubt = |case: &Arc<Case>| case.facts.flags.contains(AlarmFlags::UNCONFIRMED);
        assert!(!table.cases.values().any(in_doubt));
        assert_eq!((count, board.confirmations()), (3, 3));
        assert_eq!(board.following(4, 4), None);
        board.confirm(&vec![id(1); RECORDS_MAX]);
        assert_eq!(board.following(4, 2), None);
        assert!(board.following(4, 3).is_some());
    }

    /// A table and the records behind it are the next table, also while records come.
    #[test]
    fn a_table_and_what_follows_it_fit_together() {
        let board = AlarmBoard::default();
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for sequence in 1..=20_000 {
                    let alarm = sequence % 97;
                    board.show(&[match sequence % 3 {
                        0 => returned(sequence, alarm),
                        _ => raised(sequence, alarm),
                    }]);
                }
            });
            let mut own = AlarmTable::default();
            while !writer.is_finished() {
                match board.since(own.sequence, 1_000) {
                    Some(records) => records.iter().for_each(|record| {
                        assert_eq!(record.sequence, own.sequence + 1);
                        own.apply(record);
                    }),
                    None => own = (*board.table()).clone(),
                }
                let shown = board.table();
                if shown.sequence == own.sequence {
                    assert!(shown.cases.iter().eq(own.cases.iter()));
                    assert_eq!(shown.counts, own.counts);
                }
            }
        });
    }
}
