//! One failure at a time: a new segment takes over from one that is in doubt.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use gridos_journal::{Journal, JournalError, Reader, Syncer, Tail};

use crate::chance::Chance;
use crate::disk::{Fault, SimulatedDisk};
use crate::engine::OPTIONS;
use crate::model::{self, Life};

const DIR: &str = "/journal";

struct Writing {
    journal: Journal,
    life: Life,
    chance: Chance,
}

impl Writing {
    /// Records of about `bytes` bytes together.
    fn append(&mut self, bytes: u64) {
        let begin = self.journal.end().position;
        while self.journal.end().position.bytes_since(begin) < bytes {
            let (journal, life) = (&mut self.journal, &mut self.life);
            model::append(journal, life, 3, &mut self.chance);
        }
    }
}

fn begin() -> (SimulatedDisk, Writing, Syncer) {
    let disk = SimulatedDisk::default();
    let (journal, _) = Journal::open_on(disk.shared(), Path::new(DIR), OPTIONS).unwrap();
    let life = Life {
        stream: journal.stream(),
        records: BTreeMap::new(),
    };
    let syncer = journal.syncer();
    syncer.prepare().unwrap();
    let chance = Chance::of(0);
    let writing = Writing {
        journal,
        life,
        chance,
    };
    (disk, writing, syncer)
}

fn reader(disk: &SimulatedDisk) -> Reader {
    model::reader(&disk.shared(), Path::new(DIR))
}

/// A segment that had its name when the disk failed is gone; a reader that saw the name must not
/// take the end of the one before for complete.
#[test]
fn an_open_reader_goes_over_to_the_new_segment() {
    let (disk, mut writing, syncer) = begin();
    writing.append(1_000);
    writing.journal.write().unwrap();
    let durable = syncer.sync().unwrap();
    // More in the same segment, and a next one, of which neither becomes durable.
    writing.append(1_000);
    writing.journal.write().unwrap();
    writing.append(3_000);
    writing.journal.write().unwrap();
    disk.fail_next(Fault::SyncDir);
    syncer.sync().unwrap_err();
    let (mut follower, mut chance) = (reader(&disk), Chance::of(0));
    model::read(&mut follower, Tail::default(), durable, &mut chance);
    syncer.prepare().unwrap();
    let end = writing.journal.write().unwrap();
    assert_eq!(syncer.sync().unwrap(), end);
    // What was in doubt is cut off now.
    syncer.prepare().unwrap();
    let seen = model::read(&mut follower, durable, end, &mut chance);
    let span = (durable.position, end.position);
    writing.life.check(&seen, span, |_, _| false);
    assert_eq!(seen.damaged, []);
    assert!(reader(&disk).knows(end, seen.checksum).unwrap());
    assert_eq!(writing.journal.renewals(), 1);
}

/// What was written again while a sync was under way is not durable by it.
#[test]
fn a_sync_of_what_is_given_up_meanwhile_acknowledges_nothing() {
    let (disk, mut writing, syncer) = begin();
    writing.append(500);
    writing.journal.write().unwrap();
    let before = writing.journal.durable();
    let writing = Arc::new(Mutex::new(writing));
    {
        let (writing, failing) = (Arc::clone(&writing), disk.clone());
        let mut is_first = true;
        disk.meanwhile(move || {
            if std::mem::take(&mut is_first) {
                let mut writing = writing.lock().unwrap();
                writing.append(500);
                failing.fail_next(Fault::Write);
                writing.journal.write().unwrap_err();
                writing.journal.write().unwrap();
            }
        });
    }
    assert!(matches!(syncer.sync(), Err(JournalError::Poisoned)));
    assert_eq!(writing.lock().unwrap().journal.durable(), before);
    disk.meanwhile(|| {});
    let end = writing.lock().unwrap().journal.end();
    assert_eq!(syncer.sync().unwrap(), end);
    let mut chance = Chance::of(0);
    let seen = model::read(&mut reader(&disk), Tail::default(), end, &mut chance);
    let span = (Tail::default().position, end.position);
    writing
        .lock()
        .unwrap()
        .life
        .check(&seen, span, |_, _| false);
}

/// Where no new segment can be begun nothing is acknowledged, and when one can be, everything is.
#[test]
fn a_disk_that_stays_broken_is_asked_again() {
    let (disk, mut writing, syncer) = begin();
    writing.append(500);
    writing.journal.write().unwrap();
    disk.set_broken(true);
    syncer.sync().unwrap_err();
    for failures in 2..6 {
        writing.append(100);
        writing.journal.write().unwrap_err();
        syncer.prepare().unwrap_err();
        assert!(matches!(syncer.sync(), Err(JournalError::Poisoned)));
        assert!(writing.journal.failures() >= failures);
    }
    assert_eq!(writing.journal.durable(), Tail::default());
    disk.set_broken(false);
    syncer.prepare().unwrap();
    let end = writing.journal.write().unwrap();
    assert_eq!((syncer.sync().unwrap(), writing.journal.end()), (end, end));
    assert_eq!(
        (writing.journal.failures(), writing.journal.renewals()),
        (0, 1)
    );
}

/// On a full disk the segment that was prepared takes what the old one has no room for.
#[test]
fn a_spare_is_the_reserve_on_a_full_disk() {
    let (disk, mut writing, syncer) = begin();
    writing.append(3_000);
    writing.journal.write().unwrap();
    disk.fail_next(Fault::Allocate);
    writing.append(3_000);
    let end = writing.journal.write().unwrap();
    assert_eq!(syncer.sync().unwrap(), end);
    let error = syncer.prepare().unwrap_err();
    assert!(error.is_full(), "{error}");
    // A segment that can neither be followed nor grow refuses, and keeps what it was given.
    writing.append(3_000);
    disk.fail_next(Fault::WriteFull);
    writing.journal.write().unwrap_err();
    assert!(!writing.journal.is_poisoned());
    let end = writing.journal.write().unwrap();
    assert_eq!(syncer.sync().unwrap(), end);
    assert_eq!(writing.journal.renewals(), 0);
}
