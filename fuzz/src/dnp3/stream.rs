//! The link layer and the transport function.

use std::time::{Duration, Instant};

use gridos_dnp3::link::{
    Address, FRAME_BYTES_MAX, LinkError, Pair, Reader, Recovery, Role, Station, StationConfig,
    UserData, crc,
};
use gridos_dnp3::transport::{FragmentMax, Reassembler, Segmenter, TransportError};

use super::super::bytes::Bytes;

/// Any octets are frames, errors or noise, the same however they are cut into pieces; every octet
/// is accounted for. With an odd first octet, their checksums are put right before.
pub fn stream(bytes: &[u8]) {
    let mut bytes = Bytes::new(bytes);
    let mode = bytes.byte();
    let cut = usize::from(bytes.byte()).max(1);
    let octets = match mode & 1 {
        0 => bytes.rest().to_vec(),
        _ => with_checksums(bytes.rest()),
    };
    let recovery = match mode & 2 {
        0 => Recovery::Stream,
        _ => Recovery::Serial,
    };
    let whole = read(recovery, octets.chunks(octets.len().max(1)));
    let pieces = read(recovery, octets.chunks(cut));
    assert_eq!(whole, pieces);
    // What was put together is cut up and put together again.
    for fragment in whole.iter().filter_map(|seen| match seen {
        Seen::Fragment(octets) => Some(octets),
        Seen::Link(_) | Seen::Frame(_) | Seen::Transport(_) => None,
    }) {
        let mut out = Vec::new();
        let pair = Pair::new(Role::Master, individual(1), individual(10)).unwrap();
        Segmenter::new().write_frames(&pair, fragment, &mut out);
        let again = read(Recovery::Stream, [&out[..]].into_iter());
        assert_eq!(again.last(), Some(&Seen::Fragment(fragment.clone())));
    }
}

/// What a stream is made of.
#[derive(Debug, PartialEq)]
enum Seen {
    Link(LinkError),
    /// Its control octet, addresses and user data.
    Frame((u8, u16, u16, Vec<u8>)),
    Transport(TransportError),
    Fragment(Vec<u8>),
}

fn read<'p>(recovery: Recovery, pieces: impl Iterator<Item = &'p [u8]>) -> Vec<Seen> {
    let now = Instant::now();
    let mut reader = Reader::new(recovery);
    let mut joined = Reassembler::new(FragmentMax::default(), Duration::from_secs(5));
    let pair = Pair::new(Role::Outstation, individual(10), individual(1)).unwrap();
    let mut station = Station::new(pair, StationConfig::default(), now);
    let (mut seen, mut arrived) = (Vec::new(), 0);
    for mut piece in pieces {
        arrived += piece.len() as u64;
        while let Some(frame) = reader.read(&mut piece) {
            let frame = match frame {
                Ok(frame) => frame,
                Err(error) => {
                    seen.push(Seen::Link(error));
                    continue;
                }
            };
            let payload = frame.payload.to_vec();
            assert_eq!(payload.len(), frame.payload.len());
            assert_eq!(frame.control.has_user_data(), !payload.is_empty());
            let (source, destination) = (frame.source, frame.destination);
            let addresses = (destination.raw(), source.raw());
            let control = frame.control.encode();
            seen.push(Seen::Frame((control, addresses.0, addresses.1, payload)));
            let mut out = Vec::new();
            let _ = station.handle(now, &frame, &mut out);
            assert!(out.len() <= FRAME_BYTES_MAX);
            if frame.control.has_user_data() {
                let payload = frame.payload;
                match joined.push(
                    now,
                    &UserData {
                        source,
                        destination,
                        payload,
                    },
                ) {
                    Ok(Some(fragment)) => seen.push(Seen::Fragment(fragment.to_vec())),
                    Ok(None) => {}
                    Err(error) => seen.push(Seen::Transport(error)),
                }
            }
            assert!(joined.allocated_bytes() <= FragmentMax::default().bytes());
        }
        assert!(piece.is_empty() && reader.held_bytes() < FRAME_BYTES_MAX);
    }
    let counters = reader.counters();
    let held = reader.held_bytes() as u64;
    assert_eq!(
        counters.frame_bytes + counters.skipped_bytes + held,
        arrived
    );
    let counters = joined.counters();
    assert_eq!(
        counters.segments,
        counters.segments_delivered
            + counters.duplicates
            + counters.segments_dropped
            + joined.held_segments()
    );
    let counters = station.counters();
    assert_eq!(
        counters.frames,
        counters.delivered
            + counters.repeated
            + counters.requests
            + counters.replies
            + counters.refused()
    );
    seen
}

fn individual(raw: u16) -> Address {
    Address::individual(raw).unwrap()
}

/// The octets with right checksums wherever something begins like a frame: otherwise a fuzzer
/// would hardly get beyond the first header.
fn with_checksums(octets: &[u8]) -> Vec<u8> {
    let mut octets = octets.to_vec();
    let mut at = 0;
    while let Some(rest) = octets.get_mut(at..).filter(|rest| rest.len() >= 10) {
        if !rest.starts_with(&[0x05, 0x64]) {
            at += 1;
            continue;
        }
        let (header, body) = rest.split_at_mut(10);
        put(header);
        let mut left = usize::from(header[2]).saturating_sub(5);
        at += 10;
        for block in body.chunks_mut(18) {
            if left == 0 {
                break;
            }
            let bytes = left.min(16) + 2;
            let Some(block) = block.get_mut(..bytes) else {
                break;
            };
            put(block);
            left -= bytes - 2;
            at += bytes;
        }
    }
    octets
}

/// Puts a checksum into the last two octets.
fn put(octets: &mut [u8]) {
    let (data, place) = octets.split_at_mut(octets.len() - 2);
    place.copy_from_slice(&crc(data).to_le_bytes());
}
