//! Records of texts: back as they went in, and never as what they were not.

#![cfg(test)]

use gridos_journal::frame::HEADER_BYTES;
use gridos_journal::{Chunk, Frames, Record, RecordError, Tail};
use gridos_model::{Batch, DirectoryBuilder, Point, Quality, Readings, Timestamp};

const SEGMENT: u64 = 7;

fn texts() -> Batch {
    let mut builder = DirectoryBuilder::default();
    let points = vec![Point::text("serial"), Point::text("version")];
    let device = builder.add("inverter", points, &[]).unwrap();
    let directory = builder.build();
    let mut batch = Batch::default();
    batch.start_texts(directory.device(device).whole(), Timestamp::from_millis(9));
    for (position, millis, text) in [(0, 5, &b"SN-0042"[..]), (1, 6, b""), (1, 7, b"\xb5\x00")] {
        let time = Timestamp::from_millis(millis);
        assert!(batch.push_text(position, time, text, Quality::GOOD));
    }
    batch
}

fn frames(batch: &Batch) -> Frames {
    let mut frames = Frames::new(SEGMENT, Tail::default());
    frames.append_readings(&batch.readings().unwrap());
    frames
}

fn loaded(bytes: &[u8]) -> Chunk {
    let mut chunk = Chunk::default();
    chunk.load_bytes(bytes, Tail::default(), SEGMENT);
    chunk
}

#[test]
fn texts_read_back() {
    let batch = texts();
    let frames = frames(&batch);
    assert_eq!(frames.until().readings, 3);
    let chunk = loaded(frames.bytes());
    let records: Vec<_> = chunk.records().map(|(_, record)| record.unwrap()).collect();
    let expected = batch.readings().unwrap();
    assert_eq!(records, [Record::Readings(expected)]);
    let Readings::Texts(texts) = expected else {
        panic!("{expected:?}");
    };
    let all: Vec<_> = texts.texts.iter().collect();
    assert_eq!(all, ["SN-0042", "", "\\xb5\\x00"]);
}

#[test]
fn a_frame_that_is_cut_or_flipped_is_none() {
    let frames = frames(&texts());
    let whole = frames.bytes();
    for cut in 0..whole.len() {
        assert_eq!(loaded(&whole[..cut]).readings(), 0, "cut at {cut}");
    }
    let length = u32::from_le_bytes(whole[..4].try_into().unwrap());
    let padding = HEADER_BYTES + usize::try_from(length).unwrap();
    for at in 0..padding {
        for bit in 0..8 {
            let mut bad = whole.to_vec();
            bad[at] ^= 1 << bit;
            assert_eq!(loaded(&bad).readings(), 0, "bit {bit} of byte {at}");
        }
    }
}

/// A right checksum does not make a record right: what is read is in shape, or refused.
#[test]
fn a_record_of_flipped_bits_is_in_shape_or_refused() {
    let frames = frames(&texts());
    let whole = frames.bytes();
    let length = u32::from_le_bytes(whole[..4].try_into().unwrap());
    let end = HEADER_BYTES + usize::try_from(length).unwrap();
    let (mut read, mut refused) = (0, 0);
    for at in HEADER_BYTES..end {
        for bit in 0..8 {
            let mut bad = whole.to_vec();
            bad[at] ^= 1 << bit;
            let checksum = crc32c::crc32c_append(crc32c::crc32c(&bad[0..4]), &bad[8..end]);
            bad[4..8].copy_from_slice(&checksum.to_le_bytes());
            let chunk = loaded(&bad);
            assert_eq!(chunk.readings(), 3);
            match chunk.records().next().unwrap().1 {
                Ok(Record::Readings(Readings::Texts(texts))) => {
                    read += 1;
                    assert_eq!((texts.texts.len(), texts.texts.iter().count()), (3, 3));
                    assert_eq!((texts.points.len(), texts.times.len()), (3, 3));
                    let bytes: usize = texts.texts.iter().map(str::len).sum();
                    assert_eq!(bytes, texts.texts.bytes().len());
                }
                Err(RecordError::Malformed { .. }) => refused += 1,
                other => panic!("{other:?}"),
            }
        }
    }
    assert!(read > 0 && refused > 0, "{read} read, {refused} refused");
}
