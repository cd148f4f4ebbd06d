//! Any stream gives the same however it is cut, and every byte of it is accounted for.

use gridos_dnp3::link::{Address, Control, Recovery, encode};
use proptest::prelude::*;

use crate::wire::{frame_of_length, read};

/// Any octet that means something, as it is encoded.
fn control() -> impl Strategy<Value = Control> {
    any::<u8>().prop_filter_map("means nothing", |octet| Control::decode(octet).ok())
}

/// User data that the function may carry.
fn payload(control: Control) -> impl Strategy<Value = Vec<u8>> {
    let lengths = if control.has_user_data() {
        1..=250
    } else {
        0..=0
    };
    prop::collection::vec(byte(), lengths)
}

/// Any byte, and often one that looks like the start of a frame.
fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![6 => any::<u8>(), 1 => Just(0x05), 1 => Just(0x64)]
}

fn good() -> impl Strategy<Value = Vec<u8>> {
    let addresses = (any::<u16>(), 0..=0xFFEF_u16);
    let with_payload = control().prop_flat_map(|control| (Just(control), payload(control)));
    (with_payload, addresses).prop_map(|((control, payload), (destination, source))| {
        let mut out = Vec::new();
        let address = Address::from_raw;
        encode(
            control,
            address(destination),
            address(source),
            &payload,
            &mut out,
        )
        .unwrap();
        out
    })
}

/// A frame whose checksums are right and the rest is anything, its length included.
fn odd() -> impl Strategy<Value = Vec<u8>> {
    let header = (any::<u8>(), any::<u8>(), any::<u16>(), any::<u16>());
    (header, prop::collection::vec(byte(), 0..60)).prop_map(
        |((length, control, destination, source), payload)| {
            frame_of_length(length, control, destination, source, &payload)
        },
    )
}

/// A good frame with one byte changed, lost or doubled.
fn hurt() -> impl Strategy<Value = Vec<u8>> {
    (good(), any::<prop::sample::Index>(), 0..3, 1..=255_u8).prop_map(
        |(mut bytes, at, how, flip)| {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] ^= flip,
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, bytes[at]),
            }
            bytes
        },
    )
}

fn noise() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(byte(), 0..30)
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![3 => good(), 1 => odd(), 1 => hurt(), 1 => noise()];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

fn recovery() -> impl Strategy<Value = Recovery> {
    prop_oneof![Just(Recovery::Stream), Just(Recovery::Serial)]
}

/// `bytes` in pieces of these lengths, over and over.
fn cut<'a>(mut bytes: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for length in lengths.iter().cycle() {
        let (piece, rest) = bytes.split_at(bytes.len().min(*length));
        pieces.push(piece);
        bytes = rest;
        if bytes.is_empty() {
            return pieces;
        }
    }
    pieces
}

proptest! {
    #[test]
    fn what_is_encoded_is_read(
        (control, payload) in control().prop_flat_map(|control| (Just(control), payload(control))),
        destination: u16,
        source in 0..=0xFFEF_u16,
        recovery in recovery(),
    ) {
        let mut out = Vec::new();
        let address = Address::from_raw;
        encode(control, address(destination), address(source), &payload, &mut out).unwrap();
        let (read, reader) = read(recovery, [&*out]);
        prop_assert_eq!(read, [Ok((control.encode(), destination, source, payload))]);
        prop_assert_eq!(reader.counters().skipped_bytes, 0);
        prop_assert_eq!(reader.held_bytes(), 0);
    }

    #[test]
    fn any_cut_gives_the_same(
        stream in stream(),
        lengths in prop::collection::vec(1..400_usize, 1..6),
        recovery in recovery(),
    ) {
        let (whole, one) = read(recovery, [&*stream]);
        for lengths in [&*lengths, &[1]] {
            let (cut, other) = read(recovery, cut(&stream, lengths));
            prop_assert_eq!(&whole, &cut);
            prop_assert_eq!(one.counters(), other.counters());
            prop_assert_eq!(one.held_bytes(), other.held_bytes());
            prop_assert_eq!(one.broken_in_a_row(), other.broken_in_a_row());
        }
    }

    #[test]
    fn every_byte_is_accounted_for(
        stream in prop_oneof![stream(), prop::collection::vec(any::<u8>(), 0..900)],
        recovery in recovery(),
    ) {
        let (_, reader) = read(recovery, stream.chunks(64));
        let counters = reader.counters();
        let held = u64::try_from(reader.held_bytes()).unwrap();
        let arrived = u64::try_from(stream.len()).unwrap();
        prop_assert_eq!(counters.frame_bytes + counters.skipped_bytes + held, arrived);
    }

    #[test]
    fn noise_without_a_start_byte_hides_no_frame(
        pieces in prop::collection::vec(
            (good(), prop::collection::vec(0x06..=0xFF_u8, 0..40)),
            0..8,
        ),
        recovery in recovery(),
    ) {
        let stream: Vec<u8> = pieces.iter().flat_map(|(good, noise)| [&**noise, good].concat()).collect();
        let alone = pieces.iter().flat_map(|(good, _)| read(recovery, [&**good]).0);
        let (seen, reader) = read(recovery, stream.chunks(29));
        prop_assert_eq!(seen, alone.collect::<Vec<_>>());
        let noise: usize = pieces.iter().map(|(_, noise)| noise.len()).sum();
        prop_assert_eq!(reader.counters().skipped_bytes, u64::try_from(noise).unwrap());
    }
}
