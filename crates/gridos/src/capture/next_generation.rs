//! pcapng: blocks of a type, a length, a body and the length once more.

use super::file::{Order, Packet};

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

/// An option of an interface: the unit of its times.
const TIME_UNIT: u16 = 9;
/// Octets of a block besides its body.
const AROUND: usize = 12;

/// Where packets were captured.
#[derive(Clone, Copy)]
struct Interface {
    link: u32,
    /// Units of time in a second.
    resolution: u64,
}

/// The packets up to the first block that cannot be read.
pub(super) fn packets(file: &[u8]) -> Vec<Packet<'_>> {
    let mut packets = Vec::new();
    let mut interfaces = Vec::new();
    let mut order = Order::Little;
    let mut rest = file;
    while let Some(kind) = order.u32(rest, 0) {
        // The type of a section reads the same in both orders; its mark does not.
        if kind == SECTION {
            order = match rest.get(8..12) {
                Some([0x4d, 0x3c, 0x2b, 0x1a]) => Order::Little,
                Some([0x1a, 0x2b, 0x3c, 0x4d]) => Order::Big,
                _ => break,
            };
            interfaces.clear();
        }
        let length = order.size(rest, 4).filter(|length| *length >= AROUND);
        let Some((block, behind)) = length.and_then(|length| rest.split_at_checked(length)) else {
            break;
        };
        rest = behind;
        let body = block.get(8..block.len() - 4).unwrap_or_default();
        let number = packets.len() as u64 + 1;
        match kind {
            INTERFACE => interfaces.extend(interface(order, body)),
            ENHANCED_PACKET => packets.extend(enhanced(order, body, &interfaces, number)),
            SIMPLE_PACKET => packets.extend(simple(order, body, &interfaces, number)),
            _ => {}
        }
    }
    packets
}

fn interface(order: Order, body: &[u8]) -> Option<Interface> {
    let mut resolution = 1_000_000;
    let mut options = body.get(8..).unwrap_or_default();
    while let (Some(code), Some(length)) = (order.u16(options, 0), order.u16(options, 2)) {
        if code == 0 {
            break;
        }
        if let (TIME_UNIT, Some(unit)) = (code, options.get(4)) {
            let power = u32::from(unit & 0x7f);
            let base = if *unit & 0x80 == 0 { 10 } else { 2_u64 };
            resolution = base.checked_pow(power)?;
        }
        let padded = usize::from(length).next_multiple_of(4);
        options = options.get(4 + padded..).unwrap_or_default();
    }
    Some(Interface {
        link: u32::from(order.u16(body, 0)?),
        resolution,
    })
}

fn enhanced<'a>(
    order: Order,
    body: &'a [u8],
    interfaces: &[Interface],
    number: u64,
) -> Option<Packet<'a>> {
    let interface = interfaces.get(order.size(body, 0)?)?;
    let units = u64::from(order.u32(body, 4)?) << 32 | u64::from(order.u32(body, 8)?);
    let time = u128::from(units) * 1_000_000_000 / u128::from(interface.resolution);
    let length = order.size(body, 12)?;
    Some(Packet {
        number,
        time: u64::try_from(time).ok(),
        link: interface.link,
        octets: body.get(20..)?.get(..length)?,
    })
}

fn simple<'a>(
    order: Order,
    body: &'a [u8],
    interfaces: &[Interface],
    number: u64,
) -> Option<Packet<'a>> {
    let length = order.size(body, 0)?;
    let captured = body.get(4..)?;
    Some(Packet {
        number,
        time: None,
        link: interfaces.first()?.link,
        octets: captured.get(..length).unwrap_or(captured),
    })
}
