//! The way of whole fragments through frames, in pieces of any length.

use std::time::{Duration, Instant};

use gridos_dnp3::link::{Address, Pair, Reader, Received, Recovery, Role, Station, StationConfig};
use gridos_dnp3::transport::{FragmentMax, Reassembler, Segmenter};
use proptest::prelude::*;

fn pair(role: Role) -> Pair {
    let (local, remote) = match role {
        Role::Master => (1, 10),
        Role::Outstation => (10, 1),
    };
    Pair::new(role, Address::from_raw(local), Address::from_raw(remote)).unwrap()
}

/// Frames of `fragments` from the outstation.
fn written(fragments: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut segmenter = Segmenter::new();
    for fragment in fragments {
        segmenter.write_frames(&pair(Role::Outstation), fragment, &mut out);
    }
    out
}

/// What a master makes of `stream` in pieces of `length`.
fn fragments(stream: &[u8], length: usize) -> Vec<Vec<u8>> {
    let now = Instant::now();
    let mut reader = Reader::new(Recovery::Stream);
    let mut station = Station::new(pair(Role::Master), StationConfig::default(), now);
    let mut reassembler = Reassembler::new(FragmentMax::default(), Duration::from_secs(5));
    let (mut fragments, mut out) = (Vec::new(), Vec::new());
    for mut input in stream.chunks(length) {
        while let Some(read) = reader.read(&mut input) {
            let Ok(frame) = read else { continue };
            if let Received::Deliver(segment) = station.handle(now, &frame, &mut out)
                && let Ok(Some(fragment)) = reassembler.push(now, &segment)
            {
                fragments.push(fragment.to_vec());
            }
        }
    }
    assert_eq!(out, []);
    fragments
}

#[test]
fn a_fragment_of_2048_bytes_takes_nine_frames_of_2411_bytes() {
    let sent: [Vec<u8>; 1] = [(0..=255).cycle().take(2_048).collect()];
    let stream = written(&sent);
    assert_eq!(stream.len(), 2_411);
    for length in 1..=stream.len() {
        assert_eq!(fragments(&stream, length), sent, "{length}");
    }
}

#[test]
fn a_broken_frame_costs_its_fragment_alone() {
    let sent: Vec<Vec<u8>> = (1..=3).map(|byte| vec![byte; 600]).collect();
    let stream = written(&sent);
    let third = stream.len() / 3;
    for at in third..2 * third {
        let mut stream = stream.clone();
        stream[at] ^= 0x10;
        let got = fragments(&stream, 64);
        assert_eq!(got, [sent[0].clone(), sent[2].clone()], "byte {at}");
    }
}

proptest! {
    #[test]
    fn any_fragments_in_any_pieces_arrive(
        sent in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..=2_048), 0..6),
        length in 1..5_000_usize,
    ) {
        prop_assert_eq!(fragments(&written(&sent), length), sent);
    }
}
