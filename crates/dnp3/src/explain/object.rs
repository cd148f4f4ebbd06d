//! Objects that are no values of points: orders, times, delays, files, attributes.

use super::{Hex, Lines, Utc};
use crate::app::{
    AttributeValue, CommandStatus, Field, Flags, Layout, Number, Object, ObjectHeader, Timestamp,
};

/// Says what `one` of the objects behind `header` holds.
pub(super) fn object(header: &ObjectHeader<'_>, one: Object<'_>, out: &mut Lines<'_>) {
    let index = one.index.map(|index| format!("[{index}] "));
    let index = index.unwrap_or_default();
    let limit = out.limits.octets;
    let layout = header.description().map(|known| known.layout());
    let text = match layout {
        // A request only lists it.
        _ if one.octets.is_empty() && one.index.is_some() => String::new(),
        Some(Layout::Fields(fields)) => texts(fields, one.octets, limit).join(", "),
        Some(Layout::Attribute) => attribute(one, limit),
        Some(Layout::Octets(_)) => format!("'{}'", one.octets.escape_ascii()),
        Some(Layout::Sized | Layout::HeaderOnly | Layout::Bits | Layout::BitPairs) | None => {
            sized(one.octets, limit)
        }
    };
    out.say(format!("{index}{text}").trim_end());
}

fn texts(fields: &[Field], mut octets: &[u8], limit: usize) -> Vec<String> {
    let mut texts = Vec::new();
    for field in fields {
        let Some((taken, rest)) = octets.split_at_checked(field.bytes()) else {
            break;
        };
        octets = rest;
        texts.push(text(*field, taken, limit));
    }
    texts
}

fn text(field: Field, octets: &[u8], limit: usize) -> String {
    let number = unsigned(octets);
    let octet = octets.first().copied().unwrap_or(0);
    let name = field.name();
    match field {
        Field::Flags | Field::BinaryState | Field::DoubleBitState => {
            format!("flags {:#04x}", Flags::new(octet).raw())
        }
        Field::CommandState => {
            let state = if octet & 0x80 == 0 { "off" } else { "on" };
            format!("{state}, {}", CommandStatus::new(octet & 0x7f))
        }
        Field::Status => CommandStatus::new(octet).to_string(),
        Field::Value(kind) | Field::Delta(kind) => format!("{name} {}", value(kind, octets)),
        Field::Time => Utc(timestamp(octets)).to_string(),
        Field::RelativeTime => format!("{number} ms after the common time"),
        Field::Named("control code", _) => control_code(octet),
        Field::Named(..) => format!("{name} {number}"),
        Field::Opaque(..) => format!("{name} {}", Hex { octets, limit }),
    }
}

fn unsigned(octets: &[u8]) -> u64 {
    let digits = octets.iter().rev().take(8);
    digits.fold(0, |number, octet| number << 8 | u64::from(*octet))
}

fn timestamp(octets: &[u8]) -> u64 {
    let octets = octets.try_into().map(Timestamp::from_octets);
    octets.map_or(0, Timestamp::milliseconds)
}

fn value(kind: Number, octets: &[u8]) -> String {
    let shown = match kind {
        Number::Binary | Number::DoubleBit => None,
        Number::Uint16 | Number::Uint32 => Some(unsigned(octets).to_string()),
        Number::Int16 => octets
            .try_into()
            .ok()
            .map(|octets| i16::from_le_bytes(octets).to_string()),
        Number::Int32 => octets
            .try_into()
            .ok()
            .map(|octets| i32::from_le_bytes(octets).to_string()),
        Number::Float32 => octets
            .try_into()
            .ok()
            .map(|octets| f32::from_le_bytes(octets).to_string()),
        Number::Float64 => octets
            .try_into()
            .ok()
            .map(|octets| f64::from_le_bytes(octets).to_string()),
    };
    shown.unwrap_or_default()
}

/// The control code of an order to a binary output (IEEE 1815-2012, Annex A, g12v1).
fn control_code(octet: u8) -> String {
    let operation = match octet & 0x0f {
        0 => "NUL",
        1 => "PULSE_ON",
        2 => "PULSE_OFF",
        3 => "LATCH_ON",
        4 => "LATCH_OFF",
        _ => "reserved operation",
    };
    let output = match octet >> 6 {
        0 => "",
        1 => " CLOSE",
        2 => " TRIP",
        _ => " reserved trip-close code",
    };
    let queue = if octet & 0x10 == 0 { "" } else { " QUEUE" };
    let clear = if octet & 0x20 == 0 { "" } else { " CLEAR" };
    format!("{operation}{output}{queue}{clear}")
}

fn attribute(one: Object<'_>, limit: usize) -> String {
    match AttributeValue::read(one) {
        Some(AttributeValue::Text(text)) => format!("'{}'", text.escape_ascii()),
        Some(AttributeValue::Unsigned(number)) => number.to_string(),
        Some(AttributeValue::Signed(number)) => number.to_string(),
        Some(AttributeValue::Float(number)) => number.to_string(),
        Some(AttributeValue::Octets(octets)) => Hex { octets, limit }.to_string(),
        Some(AttributeValue::Other { code, data }) => {
            let hex = Hex {
                octets: data,
                limit,
            };
            format!("type {code}: {hex}")
        }
        None => String::new(),
    }
}

fn sized(octets: &[u8], limit: usize) -> String {
    let count = super::counted(octets.len() as u64, "octet");
    if octets.is_empty() {
        return count;
    }
    format!("{count}: {}", Hex { octets, limit })
}
