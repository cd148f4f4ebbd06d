//! The journal as the engine uses it: appending, following, crashing, trimming.

#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};

use gridos_journal::{
    Chunk, Journal, JournalError, Options, Position, Read, Reader, Record, Recovery, Tail,
};
use gridos_model::{
    Batch, DeadLetter, DeviceId, Directory, DirectoryBuilder, Gap, GapReason, Level, Point,
    PointId, Quality, TimeQuality, Timestamp, Transition,
};
use tempfile::TempDir;

const SMALL: Options = Options {
    segment_bytes: 4_096,
    bytes_max: 1 << 30,
};

fn directory() -> Directory {
    let mut builder = DirectoryBuilder::default();
    let points = (0..5).map(|n| Point::new(&format!("p{n}"), "A")).collect();
    builder.add("feeder", points, &[]).unwrap();
    builder.build()
}

fn sweep(directory: &Directory, n: u32) -> Batch {
    let mut batch = Batch::default();
    let time = Timestamp::from_millis(i64::from(n));
    let layout = directory.devices()[0].whole();
    batch.start_sweep(layout, time, TimeQuality::Synchronised, time);
    batch.extend((0..5).map(|p| f64::from(n * 10 + p)));
    batch
}

fn events(directory: &Directory, n: u32) -> Batch {
    let mut batch = Batch::default();
    let time = Timestamp::from_millis(i64::from(n));
    batch.start_events(directory.devices()[0].whole(), time);
    for event in 0..=n % 7 {
        let quality = if event == 3 {
            Quality::LATE
        } else {
            Quality::GOOD
        };
        batch.push_event(event % 5, time, f64::from(n + event), quality);
    }
    batch
}

fn append(journal: &mut Journal, batch: &Batch) -> Tail {
    journal.append_readings(&batch.readings().unwrap());
    journal.write().unwrap()
}

/// Every value of every batch from `from` to `until`, and how often the reader met damage.
fn values(dir: &Path, from: Tail, until: Tail) -> (Vec<f64>, usize) {
    let mut reader = Reader::new(dir);
    let mut chunk = Chunk::default();
    let (mut at, mut values, mut damage) = (from, Vec::new(), 0);
    loop {
        match reader.read(at, until, 1_000, &mut chunk).unwrap() {
            Read::End => return (values, damage),
            Read::Foreign => panic!("another history at {at:?}"),
            Read::Damaged { resume } => {
                assert!(resume.position > at.position);
                (at, damage) = (resume, damage + 1);
            }
            Read::Frames => {
                for (_, record) in chunk.records() {
                    if let Record::Readings(readings) = record.unwrap() {
                        values.extend_from_slice(readings.values());
                    }
                }
                assert_eq!(chunk.from(), at);
                at = chunk.until();
            }
        }
    }
}

fn segments(dir: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "journal"))
        .collect();
    paths.sort();
    paths
}

#[test]
fn every_kind_of_record_reads_back() {
    let dir = TempDir::new().unwrap();
    let directory = directory();
    let (mut journal, recovery) = Journal::open(dir.path(), Options::default()).unwrap();
    assert_eq!(recovery, Recovery::default());
    let (sweep, events) = (sweep(&directory, 3), events(&directory, 6));
    let transition = Transition {
        point: PointId::of("feeder", "p1"),
        from: Level::Normal,
        to: Level::HighHigh,
        time: Timestamp::from_millis(1),
        received: Timestamp::from_millis(2),
        value: 99.5,
        quality: Quality::LOCAL_FORCED,
        occurrence: 12,
    };
    let gap = Gap {
        device: DeviceId::of("feeder"),
        from: Timestamp::from_millis(1),
        until: Timestamp::from_millis(9),
        reason: GapReason::DeviceDown,
    };
    let letter = DeadLetter::new(gap.device, gap.until, "why", &[0xfe, 1]);
    journal.append_readings(&sweep.readings().unwrap());
    journal.append_transitions(&[transition, transition]);
    journal.append_gap(&gap);
    journal.append_letter(&letter);
    journal.append_readings(&events.readings().unwrap());
    let end = journal.write().unwrap();
    assert_eq!(end.readings, 12);
    let mut chunk = Chunk::default();
    let read = Reader::new(dir.path()).read(Tail::default(), end, 1 << 20, &mut chunk);
    assert_eq!(read.unwrap(), Read::Frames);
    let records: Vec<_> = chunk.records().map(|(_, record)| record.unwrap()).collect();
    assert_eq!(
        records,
        [
            Record::Readings(sweep.readings().unwrap()),
            Record::Transitions(vec![transition, transition]),
            Record::Gap(gap),
            Record::Letter(letter),
            Record::Readings(events.readings().unwrap()),
        ]
    );
    assert_eq!((chunk.until(), chunk.readings()), (end, 12));
}

#[test]
fn nan_keeps_its_bits() {
    let dir = TempDir::new().unwrap();
    let directory = directory();
    let (mut journal, _) = Journal::open(dir.path(), SMALL).unwrap();
    let odd = f64::from_bits(0x7ff8_dead_beef_0001);
    let mut batch = Batch::default();
    batch.start_events(directory.devices()[0].whole(), Timestamp::EPOCH);
    batch.push_event(0, Timestamp::EPOCH, odd, Quality::GOOD);
    let end = append(&mut journal, &batch);
    let (values, _) = values(dir.path(), Tail::default(), end);
    assert_eq!(values[0].to_bits(), odd.to_bits());
}

#[test]
fn segments_follow_each_other_without_a_seam() {
    let dir = TempDir::new().unwrap();
    let directory = directory();
    let (mut journal, _) = Journal::open(dir.path(), SMALL).unwrap();
    let mut expected = Vec::new();
    for n in 0..200 {
        let batch = if n % 2 == 0 {
            sweep(&directory, n)
        } else {
            events(&directory, n)
        };
        expected.extend_from_slice(batch.readings().unwrap().values());
        append(&mut journal, &batch);
    }
    assert!(segments(dir.path()).len() > 5);
    let end = journal.end();
    assert_eq!(end.readings, expected.len() as u64);
    assert_eq!(values(dir.path(), Tail::default(), end), (expected, 0));
    let stream = journal.stream();
    drop(journal);
    let (journal, recovery) = Journal::open(dir.path(), SMALL).unwrap();
    assert_eq!((recovery.end, recovery.torn_bytes), (end, 0));
    assert_eq!((journal.end(), journal.stream()), (end, stream));
}

/// A crash may leave any prefix of the last write: what was whole before must be there, the rest
/// must be gone, and appending must go on as if nothing had been.
#[test]
fn a_tail_torn_at_every_byte_is_cut_off() {
    let dir = TempDir::new().unwrap();
    let directory = directory();
    let options = Options {
        segment_bytes: 1 << 20,
        ..SMALL
    };
    let (mut journal, _) = Journal::open(dir.path(), options).unwrap();
    let first = append(&mut journal, &sweep(&directory, 1));
    let second = append(&mut journal, &events(&directory, 5));
    drop(journal);
    let path = segments(dir.path()).remove(0);
    let header = 64;
    let mut whole = fs::read(&path).unwrap();
    whole.truncate(header + usize::try_from(second.position.get()).unwrap());
    for cut in header..whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let kept = (cut - header) as u64;
        let expected = if kept >= first.position.get() {
            first
        } else {
            Tail::default()
        };
        let (mut journal, recovery) = Journal::open(dir.path(), options).unwrap();
        assert_eq!(recovery.end, expected, "cut at {cut}");
        // Zeros at the end cannot be told from room that was reserved.
        let torn = &whole[header..cut][usize::try_from(expected.position.get()).unwrap()..];
        let torn = torn.iter().rposition(|byte| *byte != 0);
        assert_eq!(recovery.torn_bytes, torn.map_or(0, |last| last as u64 + 1));
        let end = append(&mut journal, &sweep(&directory, 9));
        let (values, damage) = values(dir.path(), expected, end);
        assert_eq!((values, damage), (vec![90.0, 91.0, 92.0, 93.0, 94.0], 0));
    }
}

/// A power cut may also leave garbage or zeros instead of a prefix.
#[test]
fn garbage_behind_the_end_is_cut_off() {
    let directory = directory();
    for garbage in [vec![0_u8; 4_096], vec![0xa5; 999], b"GRIDOSJ1".repeat(64)] {
        for behind in [&[][..], &[0; 5_000]] {
            let dir = TempDir::new().unwrap();
            let (mut journal, _) = Journal::open(dir.path(), SMALL).unwrap();
            let end = append(&mut journal, &sweep(&directory, 1));
            drop(journal);
            let path = segments(dir.path()).remove(0);
            let mut bytes = fs::read(&path).unwrap();
            bytes.truncate(64 + usize::try_from(end.position.get()).unwrap());
            bytes.extend_from_slice(&garbage);
            bytes.extend_from_slice(behind);
            fs::write(&path, bytes).unwrap();
            let (_, recovery) = Journal::open(dir.path(), SMALL).unwrap();
            let torn = garbage.iter().any(|byte| *byte != 0);
            let torn = if torn { garbage.len() as u64 } else { 0 };
            assert_eq!((recovery.end, recovery.torn_bytes), (end, torn));
            // What was cut off is not there again when room is reserved anew.
            let (_, recovery) = Journal::open(dir.path(), SMALL).unwrap();
            assert_eq!((recovery.end, recovery.torn_bytes), (end, 0));
        }
    }
}

/// One flipped bit anywhere costs at most its own record; everything else is still read.
#[test]
fn damage_in_the_middle_is_skipped_and_told() {
    let dir = TempDir::new().unwrap();
    let directory = directory();
    let options = Options {
        segment_bytes: 1_024,
        ..SMALL
    };
    let (mut journal, _) = Journal::open(dir.path(), options).unwrap();
    for n in 0..30 {
        append(&mut journal, &sweep(&directory, n));
    }
    let end = journal.end();
    drop(journal);
    let paths = segments(dir.path());
    for (index, path) in paths.iter().enumerate() {
        let good = fs::read(path).unwrap();
        let used = good.iter().rposition(|byte| *byte != 0).unwrap();
        for at in (64..used).step_by(7) {
            let mut bad = good.clone();
            bad[at] ^= 0x40;
            fs::write(path, bad).unwrap();
            let (values, damage) = values(dir.path(), Tail::default(), end);
            let is_padding = values.len() == 150 && damage == 0;
            assert!(
                is_padding || (values.len() == 145 && damage == 1),
                "{index}:{at}"
            );
        }
        fs::write(path, good).unwrap();
    }
}

#[test]
fn damage_before_good_frames_of_the_last_segment_survives_recovery() {
    let dir = TempDir::new().unwrap();
    let directory = directory();
    let (mut journal, _) = Journal::open(dir.path(), Options::default()).unwrap();
    let first = append(&mut journal, &sweep(&directory, 0));
    let end = append(&mut journal, &sweep(&directory, 1));
    drop(journal);
    let path = segments(dir.path()).remove(0);
    let mut bytes = fs::read(&path).unwrap();
    bytes[64 + 50] ^= 1;
    fs::write(&path, bytes).unwrap();
    let (journal, recovery) = Journal::open(dir.path(), Options::default()).unwrap();
    assert_eq!(recovery.damaged, [(Position::START, first.position)]);
    assert_eq!((recovery.torn_bytes, journal.end()), (0, end));
    let (values, damage) = values(dir.path(), Tail::default(), end);
    assert_eq!((values.len(), damage), (5, 1));
}

#[test]
fn a_second_engine_is_refused() {
    let dir = TempDir::new().unwrap();
    let _journal = Journal::open(dir.path(), Options::default()).unwrap();
    let second = Journal::open(dir.path(), Options::default()).unwrap_err();
    assert!(matches!(second, JournalError::InUse { .. }), "{second}");
}

#[test]
fn a_foreign_file_is_no_segment() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("00000000000000000000.journal"), [7; 200]).unwrap();
    let error = Journal::open(dir.path(), Options::default()).unwrap_err();
    assert!(matches!(error, JournalError::NotASegment { .. }), "{error}");
}

#[test]
fn trimming_frees_what_lies_wholly_before() {
    let dir = TempDir::new().unwrap();
    let directory = directory();
    let (mut journal, _) = Journal::open(dir.path(), SMALL).unwrap();
    let tails: Vec<_> = (0..100)
        .map(|n| append(&mut journal, &sweep(&directory, n)))
        .collect();
    let (bytes, count) = Journal::usage(dir.path()).unwrap();
    let stored = tails[60];
    let trimmed = Journal::trim(dir.path(), stored.position).unwrap();
    assert!(trimmed > 0 && trimmed < count);
    assert!(Journal::usage(dir.path()).unwrap().0 < bytes);
    let (values, _) = values(dir.path(), stored, journal.end());
    assert_eq!(values.len(), 39 * 5);
    let gone = Reader::new(dir.path()).read(Tail::default(), stored, 1_000, &mut Chunk::default());
    assert!(matches!(gone, Err(JournalError::Trimmed { .. })));
    assert!(Reader::new(dir.path()).oldest().unwrap().position <= stored.position);
}

#[test]
fn the_budget_holds_and_lets_go_again() {
    let dir = TempDir::new().unwrap();
    let directory = directory();
    let options = Options {
        segment_bytes: 2_048,
        bytes_max: 8_192,
    };
    let (mut journal, _) = Journal::open(dir.path(), options).unwrap();
    let mut appended = 0;
    let error = loop {
        journal.append_readings(&sweep(&directory, appended).readings().unwrap());
        match journal.write() {
            Ok(_) => appended += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, JournalError::Budget { .. }), "{error}");
    assert!(Journal::usage(dir.path()).unwrap().0 <= 8_192);
    Journal::trim(dir.path(), journal.end().position).unwrap();
    let end = journal.write().unwrap();
    assert_eq!(end.readings, u64::from(appended + 1) * 5);
}

#[test]
fn a_record_longer_than_asked_for_is_read_whole() {
    let dir = TempDir::new().unwrap();
    let mut builder = DirectoryBuilder::default();
    let points = (0..5_000)
        .map(|n| Point::new(&format!("p{n}"), ""))
        .collect();
    builder.add("big", points, &[]).unwrap();
    let directory = builder.build();
    let mut batch = Batch::default();
    let layout = directory.devices()[0].whole();
    batch.start_sweep(
        layout,
        Timestamp::EPOCH,
        TimeQuality::None,
        Timestamp::EPOCH,
    );
    batch.extend((0..5_000).map(f64::from));
    let (mut journal, _) = Journal::open(dir.path(), Options::default()).unwrap();
    let end = append(&mut journal, &batch);
    assert_eq!(values(dir.path(), Tail::default(), end).0.len(), 5_000);
}

#[test]
fn the_syncer_tells_what_is_durable() {
    let dir = TempDir::new().unwrap();
    let directory = directory();
    let (mut journal, _) = Journal::open(dir.path(), SMALL).unwrap();
    let syncer = journal.syncer();
    assert_eq!(syncer.sync().unwrap(), Tail::default());
    for n in 0..200 {
        let end = append(&mut journal, &sweep(&directory, n));
        assert_eq!(syncer.sync().unwrap(), end);
        syncer.prepare().unwrap();
    }
    assert!(segments(dir.path()).len() > 5);
    let (values, damage) = values(dir.path(), Tail::default(), journal.end());
    assert_eq!((values.len(), damage), (200 * 5, 0));
}

/// Whatever a file holds, opening and reading neither panics nor loops.
mod foreign_bytes {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn never_panic(
            flips in prop::collection::vec((0_usize..6_000, any::<u8>()), 1..20),
            cut in 0_usize..6_000,
        ) {
            let dir = TempDir::new().unwrap();
            let directory = directory();
            let (mut journal, _) = Journal::open(dir.path(), SMALL).unwrap();
            for n in 0..40 {
                append(&mut journal, &events(&directory, n));
            }
            let end = journal.end();
            drop(journal);
            for path in segments(dir.path()) {
                let mut bytes = fs::read(&path).unwrap();
                for (at, byte) in &flips {
                    // The header is checked elsewhere; here the frames are wild.
                    let at = 64 + at % (bytes.len().max(65) - 64);
                    if let Some(target) = bytes.get_mut(at) { *target = *byte; }
                }
                bytes.truncate(cut.max(64));
                fs::write(&path, bytes).unwrap();
            }
            let _ = values(dir.path(), Tail::default(), end);
            drop(Journal::open(dir.path(), SMALL));
        }
    }
}

/// A frame that a newer engine wrote is not torn: cutting it off would lose what was acknowledged.
#[test]
fn frames_of_a_newer_version_are_not_cut_off() {
    let dir = TempDir::new().unwrap();
    let directory = directory();
    let (mut journal, _) = Journal::open(dir.path(), Options::default()).unwrap();
    append(&mut journal, &sweep(&directory, 1));
    drop(journal);
    let path = segments(dir.path()).remove(0);
    let mut bytes = fs::read(&path).unwrap();
    let frame = &mut bytes[64..];
    frame[38] = 2;
    let length = 48 + u32::from_le_bytes(frame[0..4].try_into().unwrap()) as usize;
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&frame[0..4]), &frame[8..length]);
    frame[4..8].copy_from_slice(&checksum.to_le_bytes());
    fs::write(&path, &bytes).unwrap();
    let error = Journal::open(dir.path(), Options::default()).unwrap_err();
    assert!(
        matches!(error, JournalError::Newer { version: 2, .. }),
        "{error}"
    );
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

/// A segment that cannot be begun leaves the full one growing, but not over the whole disk: then it is
/// full, and goes on when there is room. Every frame stays where readers look for it.
#[test]
fn a_segment_that_cannot_be_begun_loses_nothing() {
    let dir = TempDir::new().unwrap();
    let directory = directory();
    let (mut journal, _) = Journal::open(dir.path(), SMALL).unwrap();
    // The name under which the next segment would be made is taken by a folder.
    fs::create_dir(dir.path().join("spare")).unwrap();
    let mut refused = 0;
    for n in 0..100 {
        journal.append_readings(&sweep(&directory, n).readings().unwrap());
        if let Err(error) = journal.write() {
            assert!(error.is_full(), "{error}");
            refused += 1;
        }
    }
    assert!(refused > 0 && journal.trouble().is_some());
    let written = journal.written().position.get();
    assert!((4_096..3 * 4_096).contains(&written), "{written}");
    assert_eq!(segments(dir.path()).len(), 1);
    fs::remove_dir(dir.path().join("spare")).unwrap();
    let end = append(&mut journal, &sweep(&directory, 100));
    assert!(journal.trouble().is_none());
    assert_eq!(segments(dir.path()).len(), 2);
    let (values, damage) = values(dir.path(), Tail::default(), end);
    assert_eq!((values.len(), damage), (101 * 5, 0));
}
