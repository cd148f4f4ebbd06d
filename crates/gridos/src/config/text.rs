//! `type = "string"`: points whose readings are texts.

use gridos_modbus::{Kind, Order};

use super::section::Section;

/// What `type` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Number(Kind),
    Text,
}

/// The name of the type.
const STRING: &str = "string";

/// The keys that only numbers have.
const NUMBER_KEYS: &[&str] = &[
    "unit",
    "limits",
    "alarm",
    "alarm_defaults",
    "scale",
    "offset",
    "invalid",
    "states",
    "range",
    "raw",
    "clamp",
    "sf",
    "bits",
    "report",
];

/// Reads the `type` of a point with registers.
pub(super) fn read_type(point: &Section<'_>) -> Option<Type> {
    let parse = |text: &str| match text {
        STRING => Ok(Type::Text),
        _ => text.parse().map(Type::Number),
    };
    let found = point.word("type", parse)?.value;
    if found == Type::Text {
        refuse_number_keys(point);
    }
    Some(found)
}

/// The kind of a text; with a fault if its length is missing.
pub(super) fn read_kind(point: &Section<'_>) -> Option<Kind> {
    let registers = point.whole("registers", 1..=125);
    let registers = point.demand("registers", registers, "registers = 16 (two letters each)");
    registers.map(|found| Kind::Text(found.value))
}

/// The order of bytes of a text that does not say its own: that of words is of numbers only.
pub(super) fn default_order(of_profile: Order) -> Order {
    Order::new(false, of_profile.bytes_reversed())
}

/// Whether `type` of a point that is pushed says that it is a text; it may say nothing else.
pub(super) fn is_pushed_text(point: &Section<'_>) -> bool {
    let parse = |text: &str| {
        let what = "is only for protocol = \"modbus\"; remove it, or write \"string\"";
        if text == STRING { Ok(()) } else { Err(what) }
    };
    let is_text = point.word("type", parse).is_some();
    if is_text {
        refuse_number_keys(point);
    }
    is_text
}

fn refuse_number_keys(point: &Section<'_>) {
    for key in NUMBER_KEYS.iter().filter(|key| point.has(key)) {
        let what = "cannot stand beside type = \"string\": a text has none, and is told when it \
                    changes; remove it";
        point.fault(key, what);
    }
}
