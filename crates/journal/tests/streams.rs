//! A journal folder over several lives of the engine.

#![cfg(test)]

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use gridos_journal::{Journal, JournalError, Options, Streams, Tail};
use gridos_model::{DeviceId, Gap, GapReason, Timestamp};
use tempfile::TempDir;

fn append(journal: &mut Journal) -> Tail {
    journal.append_gap(&Gap {
        device: DeviceId::of("d"),
        from: Timestamp::EPOCH,
        until: Timestamp::EPOCH,
        reason: GapReason::EngineDown,
    });
    journal.write().unwrap()
}

/// One life: what it found, and where its own stream ended.
fn live(root: &Path) -> (Vec<Tail>, Tail) {
    let streams = Streams::open(root).unwrap();
    let found = streams
        .earlier()
        .iter()
        .map(|earlier| earlier.recovery.end)
        .collect();
    let mut journal = streams.begin(Options::default()).unwrap();
    append(&mut journal);
    (found, append(&mut journal))
}

#[test]
fn each_life_has_a_stream_and_finds_those_before() {
    let root = TempDir::new().unwrap();
    let (found, first) = live(root.path());
    assert_eq!(found, []);
    let (found, second) = live(root.path());
    assert_eq!(found, [first]);
    let (found, _) = live(root.path());
    assert_eq!(found, [first, second]);
    let streams = Streams::open(root.path()).unwrap();
    let ids: Vec<_> = streams
        .earlier()
        .iter()
        .map(|earlier| earlier.stream)
        .collect();
    assert!(ids[0] != ids[1] && ids[1] != ids[2]);
}

#[test]
fn a_life_that_kept_nothing_leaves_nothing() {
    let root = TempDir::new().unwrap();
    drop(
        Streams::open(root.path())
            .unwrap()
            .begin(Options::default())
            .unwrap(),
    );
    let streams = Streams::open(root.path()).unwrap();
    assert!(streams.earlier().is_empty());
    assert!(!root.path().join("000001").exists());
}

#[test]
fn a_damaged_last_segment_header_does_not_hide_the_stream() {
    let root = TempDir::new().unwrap();
    let options = Options {
        segment_bytes: 256,
        ..Options::default()
    };
    let streams = Streams::open(root.path()).unwrap();
    let mut journal = streams.begin(options).unwrap();
    for _ in 0..20 {
        append(&mut journal);
    }
    let (stream, end) = (journal.stream(), journal.end());
    drop((journal, streams));
    let mut segments: Vec<_> = fs::read_dir(root.path().join("000001"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some())
        .collect();
    segments.sort();
    let last = segments.pop().unwrap();
    let mut bytes = fs::read(&last).unwrap();
    bytes[20] ^= 1;
    fs::write(&last, &bytes).unwrap();
    let open = || Streams::open(root.path()).unwrap();
    // The frames tell what the header said.
    let earlier = open().earlier()[0].clone();
    assert_eq!((earlier.stream, earlier.recovery.end), (stream, end));
    assert_eq!(earlier.recovery.damaged, []);
    // With the frames gone as well, the segment before tells the stream.
    fs::write(&last, [0xff; 200]).unwrap();
    let earlier = open().earlier()[0].clone();
    assert_eq!(earlier.stream, stream);
    assert_eq!(earlier.recovery.damaged.len(), 1);
    for path in segments.iter().chain([&last]) {
        fs::write(path, [0; 10]).unwrap();
    }
    let error = Streams::open(root.path()).unwrap_err();
    assert!(matches!(error, JournalError::NoStream { .. }), "{error}");
}

#[test]
fn a_stream_that_is_being_written_is_left_alone() {
    let root = TempDir::new().unwrap();
    let streams = Streams::open(root.path()).unwrap();
    let mut journal = streams.begin(Options::default()).unwrap();
    append(&mut journal);
    // Somebody removes the lock of the folder, and starts a second engine.
    fs::remove_file(root.path().join("lock")).unwrap();
    let second = Streams::open(root.path()).unwrap();
    assert!(second.earlier().is_empty());
    let other = second.begin(Options::default()).unwrap();
    assert_ne!(other.stream(), journal.stream());
    let trimmed = Streams::trim(root.path(), |_| false, |_| true).unwrap();
    assert_eq!(trimmed, 0);
}

#[test]
fn streams_are_trimmed_when_they_are_old_and_not_needed() {
    let root = TempDir::new().unwrap();
    for _ in 0..3 {
        live(root.path());
    }
    let needed = root.path().join("000002");
    let is_needed = |dir: &Path| dir == needed;
    let before = SystemTime::UNIX_EPOCH;
    assert_eq!(
        Streams::trim(root.path(), is_needed, |changed| changed < before).unwrap(),
        0
    );
    assert_eq!(
        Streams::trim(root.path(), is_needed, |changed| changed > before).unwrap(),
        2
    );
    assert!(needed.exists());
    assert_eq!(Journal::usage(root.path()).unwrap().1, 1);
}
