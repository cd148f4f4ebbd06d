//! What earlier engines wrote is read field by field, and the present one still writes the same.
//!
//! Golden files, never written anew; a change of the format adds a folder:
//!
//! - `v1-plain`: segments without room reserved, frames that do not name their stream;
//! - `v1-reserved`: a segment with room reserved behind its frames, which name their stream;
//! - `v1-alarms`: the same with what happened to alarms, and a gap behind it;
//! - `v1-audit`: the same with what somebody did, and a gap behind it.

#![cfg(test)]

#[path = "fixtures/records.rs"]
mod records;

use std::fs;
use std::path::{Path, PathBuf};

use gridos_journal::{
    Chunk, Frames, Journal, LayoutBook, Options, Position, Read, Reader, Record, StreamId, Tail,
};
use tempfile::TempDir;

const SEGMENT: &str = "00000000000000000000.journal";
const HEADER_BYTES: usize = 64;
const OPTIONS: Options = Options {
    segment_bytes: 4_096,
    bytes_max: 1 << 20,
};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

fn copy(name: &str) -> TempDir {
    let dir = TempDir::new().unwrap();
    for file in [SEGMENT, "layouts"] {
        fs::copy(fixture(name).join(file), dir.path().join(file)).unwrap();
    }
    dir
}

fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

fn check_records(chunk: &Chunk) {
    let directory = records::directory();
    let batches = records::batches(&directory);
    let records: Vec<_> = chunk.records().map(|(_, record)| record.unwrap()).collect();
    let mut expected: Vec<_> = batches
        .iter()
        .map(|batch| Record::Readings(batch.readings().unwrap()))
        .collect();
    expected.push(Record::Transitions(records::transitions().to_vec()));
    expected.push(Record::Gap(records::gap()));
    expected.push(Record::Letter(records::letter()));
    assert_eq!(records, expected);
}

/// `stream`: what the frames say of it.
fn check_frames(chunk: &Chunk, segment: u64, stream: u64) {
    let positions: Vec<_> = chunk.records().map(|(position, _)| position).collect();
    let headers = positions
        .iter()
        .map(|position| chunk.header(*position).unwrap());
    let mut before = 0;
    for ((header, position), (kind, readings)) in
        headers
            .zip(&positions)
            .zip([(1, 3), (2, 2), (5, 1), (3, 0), (4, 0), (6, 0)])
    {
        assert_eq!((header.kind, header.readings), (kind, readings));
        assert_eq!(header.readings_before, before);
        assert_eq!((header.position, header.segment), (*position, segment));
        assert_eq!(header.stream, stream);
        before += u64::from(readings);
    }
}

fn check_book(dir: &Path) {
    let directory = records::directory();
    let layout = directory.devices()[0].whole();
    let definition = LayoutBook::open(dir).unwrap().find(layout.id()).unwrap();
    let definition = definition.unwrap();
    assert_eq!(definition.device, "feeder");
    let points = [("voltage", "V"), ("current", "A"), ("serial", "")];
    let points = points.map(|(name, unit)| (name.to_owned(), unit.to_owned()));
    assert_eq!(definition.points, points);
}

#[test]
fn every_field_of_every_version_is_read() {
    for (name, tells_stream) in [("v1-plain", false), ("v1-reserved", true)] {
        let dir = copy(name);
        let bytes = fs::read(dir.path().join(SEGMENT)).unwrap();
        assert_eq!(&bytes[..12], b"GRIDOSJ1\x01\0\0\0");
        let (stream, segment) = (word(&bytes, 16), word(&bytes, 24));
        let (journal, recovery) = Journal::open(dir.path(), OPTIONS).unwrap();
        assert_eq!(journal.stream(), StreamId::from_raw(stream), "{name}");
        let end = recovery.end;
        assert_eq!((end.position, end.readings), (Position::new(768), 6));
        assert_eq!((recovery.torn_bytes, recovery.damaged), (0, vec![]));
        let mut chunk = Chunk::default();
        let read = Reader::new(dir.path()).read(Tail::default(), end, 1 << 20, &mut chunk);
        assert_eq!((read.unwrap(), chunk.until()), (Read::Frames, end));
        check_records(&chunk);
        check_frames(&chunk, segment, if tells_stream { stream } else { 0 });
        check_book(dir.path());
    }
}

fn append(frames: &mut Frames) {
    let directory = records::directory();
    for batch in &records::batches(&directory) {
        frames.append_readings(&batch.readings().unwrap());
    }
    frames.append_transitions(&records::transitions());
    frames.append_gap(&records::gap());
    frames.append_letter(&records::letter());
}

#[test]
fn the_present_writer_writes_the_same_bytes() {
    for name in ["v1-plain", "v1-reserved"] {
        let bytes = fs::read(fixture(name).join(SEGMENT)).unwrap();
        let stream = StreamId::from_raw(word(&bytes, 16));
        let segment = word(&bytes, 24);
        let mut frames = match name {
            "v1-plain" => Frames::new(segment, Tail::default()),
            _ => Frames::of_stream(stream, segment, Tail::default()),
        };
        append(&mut frames);
        let (written, reserved) = bytes[HEADER_BYTES..].split_at(frames.bytes().len());
        assert!(frames.bytes() == written, "{name}");
        assert!(reserved.iter().all(|byte| *byte == 0));
        let is_reserved = name == "v1-reserved";
        let size = if is_reserved {
            4_096
        } else {
            HEADER_BYTES + written.len()
        };
        assert_eq!(bytes.len(), size);
        let dir = TempDir::new().unwrap();
        let book = LayoutBook::open(dir.path()).unwrap();
        let directory = records::directory();
        book.add(directory.layouts().map(|layout| &**layout))
            .unwrap();
        let layouts = fs::read(dir.path().join("layouts")).unwrap();
        assert!(layouts == fs::read(fixture(name).join("layouts")).unwrap());
    }
}

/// A segment of an earlier engine is continued with frames of the present one.
#[test]
fn a_segment_of_an_earlier_engine_is_continued() {
    for name in ["v1-plain", "v1-reserved"] {
        let dir = copy(name);
        let (mut journal, _) = Journal::open(dir.path(), OPTIONS).unwrap();
        journal.append_gap(&records::gap());
        let end = journal.write().unwrap();
        let mut chunk = Chunk::default();
        let read = Reader::new(dir.path()).read(Tail::default(), end, 1 << 20, &mut chunk);
        assert_eq!((read.unwrap(), chunk.until()), (Read::Frames, end));
        assert_eq!(chunk.records().count(), 7);
    }
}

#[test]
fn what_happened_to_alarms_is_read_and_written_the_same() {
    let dir = TempDir::new().unwrap();
    fs::copy(fixture("v1-alarms").join(SEGMENT), dir.path().join(SEGMENT)).unwrap();
    let bytes = fs::read(dir.path().join(SEGMENT)).unwrap();
    let (_, recovery) = Journal::open(dir.path(), OPTIONS).unwrap();
    let mut chunk = Chunk::default();
    let read = Reader::new(dir.path()).read(Tail::default(), recovery.end, 1 << 20, &mut chunk);
    assert_eq!((read.unwrap(), chunk.until()), (Read::Frames, recovery.end));
    let records: Vec<_> = chunk.records().map(|(_, record)| record.unwrap()).collect();
    let alarms = Record::Alarms(records::alarms().to_vec());
    assert_eq!(records, [alarms, Record::Gap(records::gap())]);
    assert_eq!(chunk.header(Position::START).unwrap().kind, 7);

    let (stream, segment) = (StreamId::from_raw(word(&bytes, 16)), word(&bytes, 24));
    let mut frames = Frames::of_stream(stream, segment, Tail::default());
    frames.append_alarms(&records::alarms());
    frames.append_gap(&records::gap());
    let (written, reserved) = bytes[HEADER_BYTES..].split_at(frames.bytes().len());
    assert!(frames.bytes() == written);
    assert!(reserved.iter().all(|byte| *byte == 0));
}

#[test]
fn what_somebody_did_is_read_and_written_the_same() {
    let dir = TempDir::new().unwrap();
    fs::copy(fixture("v1-audit").join(SEGMENT), dir.path().join(SEGMENT)).unwrap();
    let bytes = fs::read(dir.path().join(SEGMENT)).unwrap();
    let (_, recovery) = Journal::open(dir.path(), OPTIONS).unwrap();
    let mut chunk = Chunk::default();
    let read = Reader::new(dir.path()).read(Tail::default(), recovery.end, 1 << 20, &mut chunk);
    assert_eq!((read.unwrap(), chunk.until()), (Read::Frames, recovery.end));
    let records: Vec<_> = chunk.records().map(|(_, record)| record.unwrap()).collect();
    let audit = Record::Audit(records::deeds().to_vec());
    assert_eq!(records, [audit, Record::Gap(records::gap())]);
    assert_eq!(chunk.header(Position::START).unwrap().kind, 8);

    let (stream, segment) = (StreamId::from_raw(word(&bytes, 16)), word(&bytes, 24));
    let mut frames = Frames::of_stream(stream, segment, Tail::default());
    frames.append_audit(&records::deeds());
    frames.append_gap(&records::gap());
    let (written, reserved) = bytes[HEADER_BYTES..].split_at(frames.bytes().len());
    assert!(frames.bytes() == written);
    assert!(reserved.iter().all(|byte| *byte == 0));
}
