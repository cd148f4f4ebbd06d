//! Where the next frame is found when something is wrong.

use gridos_dnp3::link::{
    Address, Control, ControlError, EncodeError, Fault, LinkError, Recovery, Secondary, encode,
};

use crate::wire::{Seen, frame, frame_of_length, hex, read};

const BOTH: [Recovery; 2] = [Recovery::Stream, Recovery::Serial];

/// `RESET_LINK_STATES` from master 1024 to outstation 1, with the published checksum.
fn reset() -> (Vec<u8>, Seen) {
    let bytes = hex("05 64 05 C0 01 00 00 04 E9 21");
    (bytes, (0xC0, 1, 1_024, Vec::new()))
}

/// A response of `payload`.
fn response(payload: &[u8]) -> (Vec<u8>, Seen) {
    let seen = (0x44, 1, 10, payload.to_vec());
    (frame(0x44, 1, 10, payload), seen)
}

fn fault(read: &Result<Seen, LinkError>) -> (u64, Fault) {
    let error = read.as_ref().unwrap_err();
    (error.offset, error.fault)
}

#[test]
fn start_bytes_twice_cost_one_header_and_no_frame() {
    let (bytes, seen) = reset();
    let stream = [&[0x05, 0x64], &*bytes].concat();
    for recovery in BOTH {
        let (read, reader) = read(recovery, [&*stream]);
        assert_eq!(read.len(), 2);
        let found = 0x0400;
        let (offset, Fault::HeaderCrc { found: stands, .. }) = fault(&read[0]) else {
            panic!("{read:?}");
        };
        assert_eq!((offset, stands), (0, found));
        assert_eq!(read[1], Ok(seen.clone()));
        let counters = reader.counters();
        assert_eq!((counters.header_crc_errors, counters.frames), (1, 1));
        assert_eq!((counters.skipped_bytes, counters.frame_bytes), (2, 10));
    }
}

#[test]
fn half_a_start_is_not_yet_noise() {
    let (bytes, seen) = reset();
    for recovery in BOTH {
        for noise in [&[0x05][..], &[0x05, 0x05], &[0xFF, 0x05], &[0x64, 0x05]] {
            let stream = [noise, &bytes].concat();
            let (first, second) = stream.split_at(noise.len());
            let (read, reader) = read(recovery, [first, second]);
            assert_eq!(read, [Ok(seen.clone())]);
            let skipped = u64::try_from(noise.len()).unwrap();
            assert_eq!(reader.counters().skipped_bytes, skipped);
        }
        let (_, reader) = read(recovery, [&[0xFF, 0x05][..]]);
        assert_eq!(reader.held_bytes(), 1);
        assert_eq!(reader.counters().skipped_bytes, 1);
    }
}

#[test]
fn noise_between_frames_is_skipped_and_counted() {
    let ((one, first), (two, second)) = (reset(), response(&[7; 40]));
    let stream = [b"HTTP/1.1 ", &*one, &[0; 500], &two, &[0x64, 0x05]].concat();
    for recovery in BOTH {
        let (read, reader) = read(recovery, [&*stream]);
        assert_eq!(read, [Ok(first.clone()), Ok(second.clone())]);
        let counters = reader.counters();
        assert_eq!(counters.skipped_bytes, 9 + 500 + 1);
        assert_eq!(reader.held_bytes(), 1);
        assert_eq!(reader.broken_in_a_row(), 0);
    }
}

#[test]
fn any_flipped_bit_of_a_header_breaks_only_its_frame() {
    let ((one, _), (two, second)) = (response(&[9; 20]), response(&[7; 40]));
    for bit in 16..80 {
        let mut bad = one.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let stream = [&*bad, &two].concat();
        for recovery in BOTH {
            let (read, reader) = read(recovery, [&*stream]);
            assert_eq!(read.len(), 2, "bit {bit}");
            assert!(matches!(fault(&read[0]), (0, Fault::HeaderCrc { .. })));
            assert_eq!(read[1], Ok(second.clone()));
            let skipped = u64::try_from(one.len()).unwrap();
            assert_eq!(reader.counters().skipped_bytes, skipped);
        }
    }
}

#[test]
fn any_flipped_bit_of_the_body_breaks_only_its_frame() {
    let ((one, _), (two, second)) = (response(&[9; 20]), response(&[7; 40]));
    for bit in 80..8 * one.len() {
        let mut bad = one.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let stream = [&*bad, &two].concat();
        for recovery in BOTH {
            let (read, reader) = read(recovery, [&*stream]);
            assert_eq!(read.len(), 2, "bit {bit}");
            let (offset, Fault::BodyCrc { block, .. }) = fault(&read[0]) else {
                panic!("{read:?}");
            };
            assert_eq!((offset, block), (0, u8::from(bit / 8 >= 28)), "bit {bit}");
            assert_eq!(read[1], Ok(second.clone()));
            let skipped = u64::try_from(one.len()).unwrap();
            assert_eq!(reader.counters().skipped_bytes, skipped);
            assert_eq!(reader.counters().body_crc_errors, 1);
        }
    }
}

/// A broken frame whose user data contain a whole frame.
fn smuggled() -> (Vec<u8>, Seen) {
    let (inner, seen) = reset();
    let mut outer = frame(0x44, 1, 10, &[&[0xC0], &*inner].concat());
    *outer.last_mut().unwrap() ^= 1;
    (outer, seen)
}

#[test]
fn on_a_stream_nothing_is_found_inside_a_broken_frame() {
    let ((outer, _), (two, second)) = (smuggled(), response(&[1]));
    let stream = [&*outer, &two].concat();
    let (read, reader) = read(Recovery::Stream, [&*stream]);
    assert_eq!(read.len(), 2);
    assert_eq!(read[1], Ok(second));
    assert_eq!(
        reader.counters().skipped_bytes,
        u64::try_from(outer.len()).unwrap()
    );
}

#[test]
fn on_a_serial_line_the_next_frame_may_begin_inside_a_broken_one() {
    let ((outer, inner), (two, second)) = (smuggled(), response(&[1]));
    let stream = [&*outer, &two].concat();
    for piece in [1, 7, stream.len()] {
        let (read, reader) = read(Recovery::Serial, stream.chunks(piece));
        assert_eq!(read[1..], [Ok(inner.clone()), Ok(second.clone())]);
        let counters = reader.counters();
        assert_eq!(
            counters.skipped_bytes,
            u64::try_from(outer.len() - 10).unwrap()
        );
    }
}

#[test]
fn a_serial_line_that_lost_a_byte_finds_the_next_frame() {
    let ((one, _), (two, second)) = (response(&[9; 40]), response(&[7; 200]));
    for lost in 10..one.len() {
        let mut stream = one.clone();
        stream.remove(lost);
        stream.extend(&two);
        let (read, _) = read(Recovery::Serial, [&*stream]);
        assert_eq!(read.last(), Some(&Ok(second.clone())), "lost {lost}");
    }
}

#[test]
fn inside_a_good_frame_nothing_is_searched() {
    let (inner, _) = reset();
    let (outer, seen) = response(&[&[0xC0], &*inner].concat());
    for recovery in BOTH {
        let (read, reader) = read(recovery, [&*outer]);
        assert_eq!(read, [Ok(seen.clone())]);
        assert_eq!(reader.counters().skipped_bytes, 0);
    }
}

/// Frames whose header has a right checksum and says nothing, and why.
fn wrong_headers() -> Vec<(Vec<u8>, Fault)> {
    let control = |octet, error| (frame(octet, 1, 10, &[1]), Fault::Control(error));
    vec![
        control(0x41, ControlError::Primary(0x41)),
        control(0x54, ControlError::Fcv(0x54)),
        control(0x43, ControlError::Fcv(0x43)),
        control(0x02, ControlError::Secondary(0x02)),
        (frame(0x44, 1, 10, &[]), Fault::Missing { control: 0x44 }),
        (frame(0x53, 1, 10, &[]), Fault::Missing { control: 0x53 }),
        (
            frame(0x49, 1, 10, &[0; 250]),
            Fault::Unwanted {
                control: 0x49,
                bytes: 250,
            },
        ),
        (
            frame(0x0B, 1, 10, &[0]),
            Fault::Unwanted {
                control: 0x0B,
                bytes: 1,
            },
        ),
        (
            frame(0x44, 1, 0xFFF0, &[1]),
            Fault::Source(Address::from_raw(0xFFF0)),
        ),
        (
            frame(0x44, 1, 0xFFFF, &[1]),
            Fault::Source(Address::BROADCAST_OPTIONAL),
        ),
    ]
}

#[test]
fn good_headers_that_say_nothing_are_passed_over_and_counted() {
    let (two, second) = response(&[1; 30]);
    for (bad, wrong) in wrong_headers() {
        let stream = [&*bad, &two].concat();
        for recovery in BOTH {
            let (read, reader) = read(recovery, [&*stream]);
            assert_eq!(fault(&read[0]), (0, wrong));
            assert_eq!(read[1..], [Ok(second.clone())]);
            assert_eq!(reader.broken_in_a_row(), 0);
            let skipped = u64::try_from(bad.len()).unwrap();
            assert_eq!(reader.counters().skipped_bytes, skipped);
        }
    }
    let mut all = Vec::new();
    let mut expected = Vec::new();
    for (bytes, wrong) in wrong_headers() {
        expected.push((u64::try_from(all.len()).unwrap(), wrong));
        all.extend(bytes);
    }
    let (read, reader) = read(Recovery::Stream, all.chunks(100));
    assert_eq!(read.iter().map(fault).collect::<Vec<_>>(), expected);
    let counters = reader.counters();
    assert_eq!(counters.bad_control, 4);
    assert_eq!(counters.bad_payload, 4);
    assert_eq!(counters.bad_source, 2);
    assert_eq!(reader.broken_in_a_row(), 10);
}

#[test]
fn reserved_destinations_are_for_the_station_to_judge() {
    for destination in [0xFFF0, 0xFFFC, 0xFFFF] {
        let (read, _) = read(Recovery::Stream, [&*frame(0x44, destination, 10, &[1])]);
        assert_eq!(read, [Ok((0x44, destination, 10, vec![1]))]);
    }
}

#[test]
fn the_reserved_bit_of_an_answer_is_tolerated_and_counted() {
    let (read, reader) = read(Recovery::Stream, [&*frame(0x2B, 1, 10, &[])]);
    assert_eq!(read, [Ok((0x0B, 1, 10, Vec::new()))]);
    assert_eq!(reader.counters().reserved_bits, 1);
}

#[test]
fn a_new_connection_forgets_the_piece_of_the_old_one() {
    let ((one, _), (two, second)) = (response(&[9; 40]), response(&[7; 3]));
    let (_, mut reader) = read(Recovery::Stream, [&one[..30]]);
    assert_eq!(reader.held_bytes(), 30);
    reader.reset();
    assert_eq!(reader.held_bytes(), 0);
    let mut input = &*two;
    let frame = reader.read(&mut input).unwrap().unwrap();
    assert_eq!(frame.payload.to_vec(), second.3);
    assert_eq!(reader.counters().skipped_bytes, 30);
}

#[test]
fn what_is_no_frame_is_not_encoded() {
    let address = Address::from_raw;
    let mut out = vec![0xAA];
    let mut encoded = |octet, source, payload: &[u8]| {
        let control = Control::decode(octet).unwrap();
        encode(control, address(1), address(source), payload, &mut out)
    };
    assert_eq!(encoded(0xC4, 1, &[0; 251]), Err(EncodeError::Long(251)));
    assert_eq!(encoded(0xC4, 1, &[0; 1_000]), Err(EncodeError::Long(1_000)));
    let missing = encoded(0xC4, 1, &[]).unwrap_err();
    assert_eq!(missing.to_string(), "UNCONFIRMED_USER_DATA needs user data");
    let unwanted = encoded(0x8B, 1, &[1]).unwrap_err();
    assert_eq!(
        unwanted.to_string(),
        format!("{} cannot carry user data", Secondary::LinkStatus)
    );
    assert_eq!(
        encoded(0xC4, 0xFFFC, &[1]),
        Err(EncodeError::Source(Address::SELF))
    );
    assert_eq!(encoded(0xC4, 1, &[0; 250]), Ok(()));
    assert_eq!(out.len(), 1 + 292);
}

#[test]
fn a_length_below_five_is_an_empty_frame_on_a_stream() {
    let (two, second) = response(&[1]);
    for length in 0..5 {
        let bad = frame_of_length(length, 0x44, 1, 10, &[]);
        let stream = [&*bad, &two].concat();
        for recovery in BOTH {
            let (read, reader) = read(recovery, [&*stream]);
            assert_eq!(fault(&read[0]), (0, Fault::Length(length)));
            assert_eq!(read[1..], [Ok(second.clone())]);
            assert_eq!(reader.counters().bad_length, 1);
            assert_eq!(reader.counters().skipped_bytes, 10);
        }
    }
}
