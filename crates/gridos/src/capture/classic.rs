//! Classic pcap: a header of 24 octets, and one of 16 before each packet.

use super::file::{FileError, Order, Packet};

const HEADER_BYTES: usize = 24;
const PACKET_HEADER_BYTES: usize = 16;

pub(super) fn packets(file: &[u8]) -> Result<Vec<Packet<'_>>, FileError> {
    let (order, fraction) = match file {
        [0xd4, 0xc3, 0xb2, 0xa1, ..] => (Order::Little, 1_000),
        [0xa1, 0xb2, 0xc3, 0xd4, ..] => (Order::Big, 1_000),
        [0x4d, 0x3c, 0xb2, 0xa1, ..] => (Order::Little, 1),
        [0xa1, 0xb2, 0x3c, 0x4d, ..] => (Order::Big, 1),
        _ => {
            let start = file.iter().take(4).copied().collect();
            return Err(FileError::Unknown(start));
        }
    };
    let link = order.u32(file, 20).ok_or(FileError::Cut)?;
    // The upper bits say how long the checksums of Ethernet frames are.
    let link = link & 0x0fff_ffff;
    let mut rest = file.get(HEADER_BYTES..).unwrap_or_default();
    let mut packets = Vec::new();
    while let Some((packet, behind)) = split(order, rest) {
        let number = packets.len() as u64 + 1;
        let seconds = order.u32(rest, 0).map(u64::from);
        let part = order.u32(rest, 4).map(|part| u64::from(part) * fraction);
        let time = seconds.zip(part);
        packets.push(Packet {
            number,
            time: time.map(|(seconds, part)| seconds * 1_000_000_000 + part),
            link,
            octets: packet,
        });
        rest = behind;
    }
    Ok(packets)
}

fn split(order: Order, rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = order.size(rest, 8)?;
    rest.get(PACKET_HEADER_BYTES..)?.split_at_checked(length)
}
