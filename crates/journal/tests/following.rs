//! Following a journal from a place that a database remembers: damage, another history, books.

#![cfg(test)]

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use gridos_journal::{
    Chunk, Journal, LayoutBook, Options, Position, Read, Reader, Record, RecordError, Tail,
};
use gridos_model::{Batch, Directory, DirectoryBuilder, Point, Readings, TimeQuality, Timestamp};
use tempfile::TempDir;

/// A segment's header.
const HEADER_BYTES: u64 = 64;

fn directory() -> Directory {
    let mut builder = DirectoryBuilder::default();
    for device in ["feeder", "meter"] {
        let points = (0..5).map(|n| Point::new(&format!("p{n}"), "A")).collect();
        builder.add(device, points, &[]).unwrap();
    }
    builder.build()
}

/// Appends sweeps of five values, the first of them `values`.
fn append(journal: &mut Journal, values: impl IntoIterator<Item = f64>) -> Vec<Tail> {
    let directory = directory();
    let tails = values.into_iter().map(|value| {
        let mut batch = Batch::default();
        let (layout, time) = (directory.devices()[0].whole(), Timestamp::EPOCH);
        batch.start_sweep(layout, time, TimeQuality::Synchronised, time);
        batch.extend([value, 1.0, 2.0, 3.0, 4.0]);
        journal.append_readings(&batch.readings().unwrap());
        journal.write().unwrap()
    });
    tails.collect()
}

fn journal(dir: &Path) -> Journal {
    Journal::open(dir, Options::default()).unwrap().0
}

fn only_segment(dir: &Path) -> PathBuf {
    let entries = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut segments = entries.filter(|path| path.extension().is_some_and(|e| e == "journal"));
    segments.next().unwrap()
}

fn overwrite(dir: &Path, position: Position, bytes: &[u8]) {
    let segment = only_segment(dir);
    let file = fs::File::options().write(true).open(segment).unwrap();
    let offset = HEADER_BYTES + position.get();
    file.write_all_at(bytes, offset).unwrap();
}

/// The checksum of the frame that ends at `end`, if it begins at `from`.
fn last_checksum(dir: &Path, from: Tail, end: Tail) -> Option<u32> {
    let mut chunk = Chunk::default();
    let read = Reader::new(dir).read(from, end, 1, &mut chunk).unwrap();
    assert_eq!((read, chunk.until()), (Read::Frames, end));
    chunk.last_checksum()
}

#[test]
fn damage_up_to_the_end_asked_for_tells_how_much_is_lost() {
    let dir = TempDir::new().unwrap();
    let mut journal = journal(dir.path());
    let tails = append(&mut journal, [1.0, 2.0, 3.0, 4.0]);
    overwrite(dir.path(), tails[1].position, &[0xff; 4]);
    let mut reader = Reader::new(dir.path());
    let mut chunk = Chunk::default();
    // Durable so far is only the damaged frame: nothing behind it tells what it held.
    let read = reader.read(tails[1], tails[2], 1 << 20, &mut chunk);
    let resume = tails[2];
    assert_eq!(read.unwrap(), Read::Damaged { resume });
    assert_eq!((chunk.until(), chunk.last_checksum()), (tails[1], None));
    let read = reader.read(resume, tails[3], 1 << 20, &mut chunk).unwrap();
    assert_eq!((read, chunk.until()), (Read::Frames, tails[3]));
}

#[test]
fn another_number_of_readings_before_a_frame_is_another_history() {
    let dir = TempDir::new().unwrap();
    let mut journal = journal(dir.path());
    let tails = append(&mut journal, [1.0, 2.0, 3.0]);
    let mut reader = Reader::new(dir.path());
    let mut chunk = Chunk::default();
    let odd = Tail {
        readings: tails[0].readings + 1,
        ..tails[0]
    };
    let read = reader.read(odd, tails[2], 1 << 20, &mut chunk).unwrap();
    assert_eq!((read, chunk.bytes()), (Read::Foreign, 0));
    // In the middle of a frame nothing can be read, and the next one has fewer readings before it.
    let ahead = Tail {
        position: tails[0].position.plus(16),
        readings: tails[2].readings,
    };
    let read = reader.read(ahead, tails[2], 1 << 20, &mut chunk).unwrap();
    assert_eq!(read, Read::Foreign);
}

#[test]
fn a_place_of_its_own_history_is_known() {
    let dir = TempDir::new().unwrap();
    let mut journal = journal(dir.path());
    let tails = append(&mut journal, [1.0, 2.0, 3.0]);
    let mut reader = Reader::new(dir.path());
    let first = last_checksum(dir.path(), Tail::default(), tails[0]);
    let second = last_checksum(dir.path(), tails[0], tails[1]);
    assert_ne!(first, second);
    for (at, last) in [
        (Tail::default(), None),
        (tails[0], first),
        (tails[1], second),
    ] {
        assert!(reader.knows(at, last).unwrap(), "{at:?}");
        assert!(reader.knows(at, None).unwrap(), "{at:?}");
    }
    assert!(!reader.knows(tails[1], first).unwrap());
    let odd = Tail {
        readings: 1,
        ..tails[1]
    };
    assert!(!reader.knows(odd, second).unwrap());
    let inside = Tail {
        position: tails[0].position.plus(16),
        ..tails[0]
    };
    assert!(!reader.knows(inside, first).unwrap());
    // What is damaged can tell nothing any more.
    overwrite(dir.path(), tails[0].position, &[0xff; 4]);
    assert!(reader.knows(tails[1], second).unwrap());
    assert!(reader.knows(tails[2], None).unwrap());
}

/// Records of one size end at the same places in every history; their content tells.
#[test]
fn a_restored_folder_that_grew_again_is_another_history() {
    let dir = TempDir::new().unwrap();
    let tails = append(&mut journal(dir.path()), [1.0, 2.0, 3.0]);
    let last = last_checksum(dir.path(), tails[1], tails[2]);
    let segment = only_segment(dir.path());
    let file = fs::File::options().write(true).open(segment).unwrap();
    file.set_len(HEADER_BYTES + tails[0].position.get())
        .unwrap();
    let again = append(&mut journal(dir.path()), [8.0, 9.0, 10.0, 11.0]);
    assert_eq!(again[1], tails[2]);
    let mut reader = Reader::new(dir.path());
    assert!(reader.knows(tails[0], None).unwrap());
    assert!(!reader.knows(tails[2], last).unwrap());
}

#[test]
fn what_was_trimmed_is_believed() {
    let dir = TempDir::new().unwrap();
    let options = Options {
        segment_bytes: 1_024,
        ..Options::default()
    };
    let (mut journal, _) = Journal::open(dir.path(), options).unwrap();
    let tails = append(&mut journal, (0..50).map(f64::from));
    Journal::trim(dir.path(), tails[40].position).unwrap();
    let mut reader = Reader::new(dir.path());
    let oldest = reader.oldest().unwrap();
    assert!(reader.knows(tails[0], Some(1)).unwrap());
    assert!(reader.knows(oldest, Some(1)).unwrap());
    let odd = Tail {
        readings: oldest.readings + 1,
        ..oldest
    };
    assert!(!reader.knows(odd, None).unwrap());
    assert!(!reader.knows(tails[45], Some(1)).unwrap());
    // A segment of which nothing is left tells as little as one that is gone.
    let entries = fs::read_dir(dir.path()).unwrap();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.extension().is_some_and(|e| e == "journal") {
            let file = fs::File::options().write(true).open(path).unwrap();
            file.write_all_at(&[0xff; 1_024], 0).unwrap();
        }
    }
    let mut reader = Reader::new(dir.path());
    assert!(reader.knows(tails[45], Some(1)).unwrap());
    assert!(reader.knows(odd, None).unwrap());
}

#[test]
fn a_record_of_an_unknown_kind_can_be_kept_as_it_is() {
    let dir = TempDir::new().unwrap();
    let mut journal = journal(dir.path());
    let tails = append(&mut journal, [1.0, 2.0]);
    let mut frame = vec![0; usize::try_from(tails[0].position.get()).unwrap()];
    let file = fs::File::open(only_segment(dir.path())).unwrap();
    file.read_exact_at(&mut frame, HEADER_BYTES).unwrap();
    let length = 48 + u32::from_le_bytes(frame[0..4].try_into().unwrap()) as usize;
    frame[36..38].copy_from_slice(&99_u16.to_le_bytes());
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&frame[0..4]), &frame[8..length]);
    frame[4..8].copy_from_slice(&checksum.to_le_bytes());
    overwrite(dir.path(), Position::START, &frame);
    let mut chunk = Chunk::default();
    let read = Reader::new(dir.path()).read(Tail::default(), tails[1], 1 << 20, &mut chunk);
    assert_eq!(read.unwrap(), Read::Frames);
    let records: Vec<_> = chunk.records().collect();
    assert_eq!(
        records[0],
        (Position::START, Err(RecordError::Kind { kind: 99 }))
    );
    assert!(matches!(
        records[1].1,
        Ok(Record::Readings(Readings::Sweep(_)))
    ));
    assert_eq!(chunk.frame(Position::START), Some(&*frame));
    let header = chunk.header(Position::START).unwrap();
    assert_eq!((header.kind, header.readings), (99, 5));
    assert_eq!(chunk.frame(Position::new(16)), None);
    assert_eq!(chunk.frame(tails[1].position), None);
}

#[test]
fn a_book_lists_its_layouts_as_they_came() {
    let dir = TempDir::new().unwrap();
    let directory = directory();
    let layouts: Vec<_> = directory.layouts().cloned().collect();
    let book = LayoutBook::open(dir.path()).unwrap();
    assert_eq!(book.ids(), []);
    for layout in layouts.iter().rev() {
        book.add([&**layout]).unwrap();
    }
    let ids: Vec<_> = layouts.iter().rev().map(|layout| layout.id()).collect();
    assert_eq!(book.ids(), ids);
    assert_eq!(LayoutBook::open(dir.path()).unwrap().ids(), ids);
}

#[test]
fn the_end_of_a_stream_is_found_without_reading_the_rest() {
    let dir = TempDir::new().unwrap();
    let options = Options {
        segment_bytes: 1_024,
        ..Options::default()
    };
    let (mut journal, _) = Journal::open(dir.path(), options).unwrap();
    let tails = append(&mut journal, (0..50).map(f64::from));
    let end = *tails.last().unwrap();
    let mut reader = Reader::new(dir.path());
    assert_eq!(reader.near_end(end, u64::MAX).unwrap(), Tail::default());
    assert_eq!(reader.near_end(end, 0).unwrap(), end);
    for bytes in 1..end.position.get() {
        let asked = end.position.get() - bytes;
        let first = tails.iter().find(|tail| tail.position.get() >= asked);
        let near = reader.near_end(end, bytes).unwrap();
        // A place asked for within the first bytes of a frame counts as its beginning.
        let is_first = near == *first.unwrap() || near.position.get() / 16 == asked / 16;
        assert!(is_first, "{bytes}: {near:?}");
        assert!(end.position.bytes_since(near.position) < bytes + 16);
    }
    // An end that is trimmed away with all before it is the only place left.
    let first = tails[0];
    Journal::trim(dir.path(), end.position).unwrap();
    assert_eq!(reader.near_end(first, 1 << 20).unwrap(), first);
}

#[test]
fn the_layout_book_survives_a_torn_entry() {
    let dir = TempDir::new().unwrap();
    let directory = directory();
    let layout = directory.devices()[0].whole();
    let book = LayoutBook::open(dir.path()).unwrap();
    assert_eq!(book.find(layout.id()).unwrap(), None);
    assert_eq!(book.add([&**layout]).unwrap(), 1);
    assert_eq!(book.add([&**layout]).unwrap(), 0);
    let whole = fs::read(dir.path().join("layouts")).unwrap();
    for cut in 0..=whole.len() {
        fs::write(dir.path().join("layouts"), &whole[..cut]).unwrap();
        let book = LayoutBook::open(dir.path()).unwrap();
        let known = book.find(layout.id()).unwrap();
        assert_eq!(known.is_some(), cut == whole.len(), "cut at {cut}");
        book.add([&**layout]).unwrap();
        let definition = book.find(layout.id()).unwrap().unwrap();
        assert_eq!(definition.device, "feeder");
        assert_eq!(definition.points[4], ("p4".to_owned(), "A".to_owned()));
    }
}
