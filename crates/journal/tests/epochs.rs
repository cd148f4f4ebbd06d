//! Batches of devices that a fleet shares: the epoch is beside what is otherwise as it was.

#![cfg(test)]

use gridos_journal::frame::HEADER_BYTES;
use gridos_journal::{Chunk, Frames, Record, Tail};
use gridos_model::{Batch, DirectoryBuilder, Epoch, Point, Quality, TimeQuality, Timestamp};

const SEGMENT: u64 = 7;

fn batches() -> [Batch; 3] {
    let mut builder = DirectoryBuilder::default();
    let points = vec![Point::new("a", ""), Point::text("serial")];
    let group = 0..1;
    let device = builder.add("rtu", points, &[group]).unwrap();
    let directory = builder.build();
    let entry = directory.device(device);
    let now = Timestamp::from_millis(9);
    let mut batches = [(); 3].map(|()| Batch::default());
    batches[0].start_sweep(&entry.groups()[0], now, TimeQuality::Synchronised, now);
    batches[0].push(1.5, Quality::GOOD);
    batches[1].start_events(entry.whole(), now);
    assert!(batches[1].push_event(0, now, 2.5, Quality::GOOD));
    batches[2].start_texts(entry.whole(), now);
    assert!(batches[2].push_text(1, now, "SN", Quality::GOOD));
    batches
}

fn loaded(bytes: &[u8]) -> Chunk {
    let mut chunk = Chunk::default();
    chunk.load_bytes(bytes, Tail::default(), SEGMENT);
    chunk
}

#[test]
fn the_epoch_reads_back_with_the_batch() {
    let mut frames = Frames::new(SEGMENT, Tail::default());
    let batches = batches();
    let epochs = [Epoch::new(1), None, Epoch::new(u64::MAX)];
    for (batch, epoch) in batches.iter().zip(epochs) {
        let readings = batch.readings().unwrap();
        match epoch {
            Some(epoch) => frames.append_held_readings(&readings, epoch),
            None => frames.append_readings(&readings),
        };
    }
    let chunk = loaded(frames.bytes());
    let mut told = Vec::new();
    for ((position, record), batch) in chunk.records().zip(&batches) {
        assert_eq!(record.unwrap(), Record::Readings(batch.readings().unwrap()));
        told.push(chunk.epoch(position));
    }
    assert_eq!(told, epochs);
    assert!(chunk.has_epochs());
    let mut plain = Frames::new(SEGMENT, Tail::default());
    plain.append_readings(&batches[0].readings().unwrap());
    assert!(!loaded(plain.bytes()).has_epochs());
}

/// What stands on disk, byte by byte: `u64`, and zeros.
#[test]
fn the_epoch_stands_behind_the_archive() {
    let batch = &batches()[0];
    let readings = batch.readings().unwrap();
    let mut held = Frames::new(SEGMENT, Tail::default());
    held.append_held_readings(&readings, Epoch::new(0x0102).unwrap());
    let mut plain = Frames::new(SEGMENT, Tail::default());
    plain.append_readings(&readings);
    let length = |bytes: &[u8]| u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize;
    let archive = &plain.bytes()[HEADER_BYTES..][..length(plain.bytes())];
    let payload = &held.bytes()[HEADER_BYTES..][..length(held.bytes())];
    let tail = [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(payload, [archive, &tail].concat());
    assert_eq!(held.bytes()[36..38], [1, 1]);
}

#[test]
fn an_epoch_that_is_none_is_refused() {
    let batch = &batches()[0];
    let readings = batch.readings().unwrap();
    let mut frames = Frames::new(SEGMENT, Tail::default());
    frames.append_held_readings(&readings, Epoch::new(1).unwrap());
    let good = frames.bytes().to_vec();
    let length = u32::from_le_bytes(good[..4].try_into().unwrap()) as usize;
    // Its epoch, and each of the zeros behind it.
    for (at, byte) in (0..16).map(|n| (HEADER_BYTES + length - 16 + n, u8::from(n >= 8))) {
        let mut bad = good.clone();
        bad[at] = byte;
        let checksum =
            crc32c::crc32c_append(crc32c::crc32c(&bad[0..4]), &bad[8..HEADER_BYTES + length]);
        bad[4..8].copy_from_slice(&checksum.to_le_bytes());
        let chunk = loaded(&bad);
        let (position, record) = chunk.records().next().unwrap();
        let is_none = bad != good;
        assert_eq!(
            (record.is_err(), chunk.epoch(position).is_none()),
            (is_none, is_none)
        );
    }
}
