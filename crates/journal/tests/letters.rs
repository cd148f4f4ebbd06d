//! Records of dead letters: back as they went in, and never as what they were not.

#![cfg(test)]

use gridos_journal::frame::HEADER_BYTES;
use gridos_journal::{Chunk, Frames, Record, RecordError, Tail};
use gridos_model::{DeadLetter, DeviceId, LETTER_OCTETS_MAX, LETTER_REASON_BYTES_MAX, Timestamp};

const SEGMENT: u64 = 7;

fn letter(reason: &str, octets: &[u8]) -> DeadLetter {
    DeadLetter::new(
        DeviceId::of("rtu"),
        Timestamp::from_millis(9),
        reason,
        octets,
    )
}

fn frames(letter: &DeadLetter) -> Frames {
    let mut frames = Frames::new(SEGMENT, Tail::default());
    frames.append_letter(letter);
    frames
}

fn loaded(bytes: &[u8]) -> Chunk {
    let mut chunk = Chunk::default();
    chunk.load_bytes(bytes, Tail::default(), SEGMENT);
    chunk
}

#[test]
fn letters_read_back() {
    for (reason, count) in [("", 0), ("g254v1: µ\0", 8), (&"x".repeat(300), 5_000)] {
        let letter = letter(reason, &vec![0xfe; count]);
        let frames = frames(&letter);
        assert_eq!(frames.until().readings, 0);
        let chunk = loaded(frames.bytes());
        let records: Vec<_> = chunk.records().map(|(_, record)| record.unwrap()).collect();
        assert_eq!(records, [Record::Letter(letter)]);
    }
}

#[test]
fn a_frame_that_is_cut_or_flipped_is_none() {
    let frames = frames(&letter("why", &[0xfe, 1, 0x28]));
    let whole = frames.bytes();
    assert_eq!(loaded(whole).records().count(), 1);
    for cut in 0..whole.len() {
        let left = loaded(&whole[..cut]);
        assert_eq!(left.records().count(), 0, "cut at {cut}");
    }
    let length = u32::from_le_bytes(whole[..4].try_into().unwrap());
    let padding = HEADER_BYTES + usize::try_from(length).unwrap();
    for at in 0..padding {
        for bit in 0..8 {
            let mut bad = whole.to_vec();
            bad[at] ^= 1 << bit;
            let left = loaded(&bad);
            assert_eq!(left.records().count(), 0, "bit {bit} of byte {at}");
        }
    }
}

/// A right checksum does not make a record right: what is read is in shape, or refused.
#[test]
fn a_record_of_flipped_bits_is_in_shape_or_refused() {
    let (mut read, mut refused) = (0, 0);
    for letter in [letter("why", &[0xfe, 1, 0x28]), letter("", &[9; 2_100])] {
        let frames = frames(&letter);
        let whole = frames.bytes();
        let length = u32::from_le_bytes(whole[..4].try_into().unwrap());
        let end = HEADER_BYTES + usize::try_from(length).unwrap();
        for at in HEADER_BYTES..end {
            for bit in 0..8 {
                let mut bad = whole.to_vec();
                bad[at] ^= 1 << bit;
                let checksum = crc32c::crc32c_append(crc32c::crc32c(&bad[0..4]), &bad[8..end]);
                bad[4..8].copy_from_slice(&checksum.to_le_bytes());
                match loaded(&bad).records().next().unwrap().1 {
                    Ok(Record::Letter(found)) => {
                        read += 1;
                        assert!(found.reason().len() <= LETTER_REASON_BYTES_MAX);
                        let kept = LETTER_OCTETS_MAX.min(found.length() as usize);
                        assert_eq!(found.octets().len(), kept);
                    }
                    Err(RecordError::Malformed { .. }) => refused += 1,
                    other => panic!("{other:?}"),
                }
            }
        }
    }
    assert!(read > 0 && refused > 0, "{read} read, {refused} refused");
}
