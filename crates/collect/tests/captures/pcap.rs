//! The TCP streams of a capture file: classic pcap, Ethernet, IPv4, and nothing else.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};

/// One direction of a connection.
pub(crate) type Direction = (SocketAddrV4, SocketAddrV4);

/// What was sent in each direction, in the order of its sequence numbers. Where a part was not
/// captured, another text of bytes begins.
pub(crate) fn streams(file: &[u8]) -> BTreeMap<Direction, Vec<Vec<u8>>> {
    let mut streams: BTreeMap<Direction, Vec<Vec<u8>>> = BTreeMap::new();
    let mut expected: BTreeMap<Direction, u32> = BTreeMap::new();
    for packet in packets(file) {
        let Some((direction, sequence, payload)) = segment(packet) else {
            continue;
        };
        if payload.is_empty() {
            continue;
        }
        let parts = streams.entry(direction).or_default();
        let next = expected.entry(direction).or_insert(sequence);
        // How much of it came before, if it was sent again.
        let again = usize::try_from(next.wrapping_sub(sequence)).unwrap();
        if again >= payload.len() && again < 1 << 20 {
            continue;
        }
        let fresh = payload.get(again..);
        if fresh.is_none() || parts.is_empty() {
            parts.push(Vec::new());
        }
        parts.last_mut().unwrap().extend(fresh.unwrap_or(payload));
        *next = sequence.wrapping_add(u32::try_from(payload.len()).unwrap());
    }
    streams
}

/// The bytes of each packet.
fn packets(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    let is_known = file.starts_with(&[0xd4, 0xc3, 0xb2, 0xa1]) && file.get(20) == Some(&1);
    assert!(is_known, "a pcap file of little-endian Ethernet frames");
    let mut rest = &file[24..];
    std::iter::from_fn(move || {
        let length = rest.get(8..12)?.try_into().ok()?;
        let length = usize::try_from(u32::from_le_bytes(length)).ok()?;
        let packet = rest.get(16..16 + length)?;
        rest = &rest[16 + length..];
        Some(packet)
    })
}

/// Direction, sequence number and payload of a TCP segment.
fn segment(packet: &[u8]) -> Option<(Direction, u32, &[u8])> {
    let (ethernet, ip) = packet.split_at_checked(14)?;
    let is_tcp = ethernet.ends_with(&[0x08, 0x00]) && *ip.get(9)? == 6;
    let ip_header = usize::from(ip.first()? & 0xf) * 4;
    let ip_length = usize::from(word(ip, 2)?);
    // What the Ethernet pads is no payload; a length of 0 is left to the network card.
    let ip = ip.get(..ip_length).filter(|_| ip_length > 0).unwrap_or(ip);
    let tcp = ip.get(ip_header..).filter(|_| is_tcp)?;
    let address = |at: usize| {
        let bytes: [u8; 4] = ip.get(at..at + 4)?.try_into().ok()?;
        Some(Ipv4Addr::from(bytes))
    };
    let from = SocketAddrV4::new(address(12)?, word(tcp, 0)?);
    let to = SocketAddrV4::new(address(16)?, word(tcp, 2)?);
    let sequence = u32::from_be_bytes(tcp.get(4..8)?.try_into().ok()?);
    let payload = tcp.get(usize::from(tcp.get(12)? >> 4) * 4..)?;
    Some(((from, to), sequence, payload))
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}
