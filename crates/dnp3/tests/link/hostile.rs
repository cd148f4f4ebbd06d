//! What a hostile peer would send.

use gridos_dnp3::link::{Fault, Reader, Recovery};

use crate::wire::{frame, frame_of_length, read};

const BOTH: [Recovery; 2] = [Recovery::Stream, Recovery::Serial];

#[test]
fn lengths_0_to_4_never_reach_a_body() {
    for length in 0..5 {
        for control in 0..=255 {
            let bytes = frame_of_length(length, control, 1, 10, &[0xFF; 40]);
            for recovery in BOTH {
                let (read, reader) = read(recovery, bytes.chunks(3));
                assert_eq!(read.len(), 1);
                assert_eq!(read[0].as_ref().unwrap_err().fault, Fault::Length(length));
                let skipped = u64::try_from(bytes.len()).unwrap();
                assert_eq!(reader.counters().skipped_bytes, skipped);
            }
        }
    }
}

#[test]
fn every_length_with_every_control_octet_is_a_frame_or_refused() {
    for length in [5, 6, 20, 21, 22, 254, 255] {
        for control in 0..=255 {
            let payload = vec![0xC0; usize::from(length) - 5];
            let bytes = frame_of_length(length, control, 1, 10, &payload);
            let (stream, reader) = read(Recovery::Stream, [&*bytes]);
            assert_eq!(stream.len(), 1, "length {length} control {control:#04x}");
            assert_eq!(reader.held_bytes(), 0);
        }
    }
}

#[test]
fn start_bytes_nested_in_start_bytes_are_looked_at_once_each() {
    let stream = [0x05, 0x64].repeat(5_000);
    for recovery in BOTH {
        for piece in [1, 2, 3, 10, 4_096, stream.len()] {
            let (read, reader) = read(recovery, stream.chunks(piece));
            // The last four starts have less than ten bytes.
            assert_eq!(read.len(), 4_996);
            assert_eq!(reader.counters().header_crc_errors, 4_996);
            assert_eq!(reader.broken_in_a_row(), 4_996);
            assert_eq!(reader.held_bytes(), 8);
        }
    }
}

#[test]
fn frames_nested_in_broken_frames_cost_a_bounded_amount_of_work() {
    // Each header is good, claims the most, and its body breaks: a serial line must look at it
    // again from the next header on.
    let header = &frame_of_length(255, 0x44, 1, 10, &[])[..];
    let stream = header.repeat(2_000);
    let (serial, reader) = read(Recovery::Serial, [&*stream]);
    assert_eq!(reader.counters().frames, 0);
    // Of each header but those in the last 292 bytes.
    assert_eq!(serial.len(), 2_000 - 29);
    let (on_stream, _) = read(Recovery::Stream, [&*stream]);
    // The next header behind 292 bytes begins at 300.
    assert_eq!(on_stream.len(), 20_000 / 300);
}

#[test]
fn a_slow_drip_of_single_bytes_gives_the_same_frames() {
    let stream = [frame(0x44, 1, 10, &[7; 250]), frame(0x44, 1, 10, &[8])].concat();
    let mut reader = Reader::new(Recovery::Stream);
    for (position, byte) in stream.iter().enumerate() {
        let mut input = std::slice::from_ref(byte);
        let payload = reader
            .read(&mut input)
            .map(|read| read.unwrap().payload.to_vec());
        let expected = match position + 1 {
            292 => Some(vec![7; 250]),
            305 => Some(vec![8]),
            _ => None,
        };
        assert_eq!(payload, expected, "byte {position}");
        assert!(reader.read(&mut input).is_none());
    }
}

#[test]
fn a_claim_of_more_than_ever_comes_holds_one_frame_at_most() {
    let stream = frame_of_length(255, 0x44, 1, 10, &[0; 249]);
    for recovery in BOTH {
        let (read, reader) = read(recovery, stream.chunks(11));
        assert_eq!(read.len(), 0);
        assert_eq!(reader.held_bytes(), 291);
    }
}

#[test]
fn a_prefix_of_garbage_of_any_length_hides_nothing() {
    let good = frame(0x44, 1, 10, &[1; 33]);
    for length in 0..=300 {
        let stream = [vec![0x64; length], good.clone()].concat();
        for piece in [1, 5, 300] {
            let (read, reader) = read(Recovery::Stream, stream.chunks(piece));
            assert_eq!(read, [Ok((0x44, 1, 10, vec![1; 33]))]);
            let skipped = u64::try_from(length).unwrap();
            assert_eq!(reader.counters().skipped_bytes, skipped);
        }
    }
}
