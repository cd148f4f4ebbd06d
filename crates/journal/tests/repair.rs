//! Repairing: what is copied, what is changed, and what is left alone.

#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};

use gridos_journal::inspect::{stream_files, verify};
use gridos_journal::repair::{Action, Workshop};
use gridos_journal::{Journal, JournalError, Options, Streams};
use gridos_model::{LayoutId, Readings, Sweep, TimeQuality, Timestamp};
use tempfile::TempDir;

const OPTIONS: Options = Options {
    segment_bytes: 4 << 10,
    bytes_max: 1 << 30,
};

/// A journal folder with one stream of some segments.
fn folder() -> (TempDir, Vec<PathBuf>) {
    let dir = TempDir::new().unwrap();
    let streams = Streams::open(dir.path()).unwrap();
    let mut journal = streams.begin(OPTIONS).unwrap();
    sweeps(&mut journal, 200);
    drop(journal);
    let files = stream_files(dir.path()).unwrap().remove(0).segments;
    (dir, files.into_iter().map(|file| file.path).collect())
}

fn sweeps(journal: &mut Journal, sweeps: i64) {
    for second in 0..sweeps {
        let time = Timestamp::from_millis(second * 1_000);
        journal.append_readings(&Readings::Sweep(Sweep {
            layout: LayoutId::from_raw(1),
            time,
            time_quality: TimeQuality::Synchronised,
            received: time,
            values: &[1.0, 2.0, 3.0],
            qualities: &[],
        }));
        journal.write().unwrap();
    }
}

fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

fn damages(root: &Path) -> u64 {
    let stream = stream_files(root).unwrap().remove(0);
    verify(&stream, None).unwrap().damages
}

#[test]
fn a_header_is_rebuilt_and_its_octets_are_kept() {
    let (dir, segments) = folder();
    let good = fs::read(&segments[2]).unwrap();
    change(&segments[2], |bytes| bytes[8..40].fill(0xee));
    let bad = fs::read(&segments[2]).unwrap();
    assert_eq!(damages(dir.path()), 1);
    let workshop = Workshop::enter(dir.path()).unwrap();
    let plan = workshop.plan().unwrap();
    assert_eq!((plan.repairs.len(), plan.remarks.len()), (1, 0));
    assert!(matches!(plan.repairs[0].action, Action::WriteHeader(_)));
    workshop.carry_out(&plan.repairs[0]).unwrap();
    assert_eq!(fs::read(&plan.repairs[0].copy).unwrap(), bad[..64]);
    let repaired = fs::read(&segments[2]).unwrap();
    assert_eq!(repaired[64..], good[64..], "nothing good is rewritten");
    // All but when it was begun, and the checksum over that.
    assert_eq!(repaired[..12], good[..12]);
    assert_eq!(repaired[16..48], good[16..48]);
    assert_eq!(damages(dir.path()), 0);
    assert_eq!(workshop.plan().unwrap().repairs, []);
}

#[test]
fn what_nothing_determines_is_left_and_said() {
    let (dir, segments) = folder();
    change(&segments[1], |bytes| bytes[8..120].fill(0xee));
    change(&segments[3], |bytes| bytes.truncate(1_000));
    let before = fs::read(&segments[1]).unwrap();
    let workshop = Workshop::enter(dir.path()).unwrap();
    let plan = workshop.plan().unwrap();
    assert_eq!(plan.remarks.len(), 2, "{:?}", plan.remarks);
    assert!(plan.remarks[0].contains("read all the same"));
    assert!(plan.remarks[1].contains("lost"));
    for repair in &plan.repairs {
        workshop.carry_out(repair).unwrap();
    }
    assert_eq!(fs::read(&segments[1]).unwrap(), before);
}

#[test]
fn a_copy_of_something_else_is_never_overwritten() {
    let (dir, segments) = folder();
    change(&segments[1], |bytes| bytes[500] ^= 1);
    let workshop = Workshop::enter(dir.path()).unwrap();
    let repair = workshop.plan().unwrap().repairs.remove(0);
    assert_eq!(repair.action, Action::Keep);
    fs::create_dir_all(repair.copy.parent().unwrap()).unwrap();
    fs::write(&repair.copy, b"from another time").unwrap();
    let refused = workshop.carry_out(&repair).unwrap_err().to_string();
    assert!(refused.contains("copy damaged octets to"), "{refused}");
    let kept = fs::read(&repair.copy).unwrap();
    assert_eq!(kept, b"from another time");
}

#[test]
fn a_journal_that_an_engine_holds_is_refused() {
    let dir = TempDir::new().unwrap();
    let streams = Streams::open(dir.path()).unwrap();
    let journal = streams.begin(OPTIONS).unwrap();
    let refused = Workshop::enter(dir.path()).unwrap_err();
    assert!(matches!(refused, JournalError::InUse { .. }));
    drop((journal, streams));
    Workshop::enter(dir.path()).unwrap();
}
