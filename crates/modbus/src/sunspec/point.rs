//! Points of the models that a device has.

use std::collections::HashMap;

use super::definition::{Definition, Field, FieldKind};
use super::walk::{Discovery, Model};
use crate::{Kind, Order};

/// One point of a device's register map; all are big-endian holding registers.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The model's prefix and the name of the standard: `inverter_W`.
    pub name: String,
    /// The engineering unit; empty if there is none.
    pub unit: &'static str,
    /// Its first address on the wire.
    pub address: u16,
    /// What its bits mean.
    pub kind: Kind,
    /// The name of the point that holds its power of ten.
    pub exponent: Option<String>,
    /// Whether it is such a power of ten itself.
    pub is_exponent: bool,
    /// The bits by which the device says that it has no value.
    pub invalid: Option<u64>,
}

/// A text that the device states about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    /// The name of the standard: `Mn` (manufacturer), `Md` (model), `SN` (serial number), …
    pub name: String,
    /// What it states.
    pub text: String,
}

/// What one model of a device brings.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelPoints<'a> {
    /// The model.
    pub model: &'a Model,
    /// Its definition.
    pub definition: &'static Definition,
    /// The points that the device has.
    pub points: Vec<Point>,
    /// The points of the definition that the device says it has not: their value was the
    /// standard's mark for that, or 0 for a counter or a text; and powers of ten that scale none of the others.
    pub absent: Vec<Point>,
    /// What its texts say now, to be read by people.
    pub stated: Vec<Stated>,
    /// Registers behind those of the definition, which only the vendor knows.
    pub unknown_registers: u16,
}

impl Discovery {
    /// The points of every known model. Names are unique: a second model with the same prefix is
    /// numbered (`meter_W`, `meter2_W`).
    pub fn points<'a>(&'a self) -> Vec<ModelPoints<'a>> {
        let mut seen: HashMap<&str, u32> = HashMap::new();
        let of_model = |model: &'a Model| {
            let definition = model.definition?;
            let times = seen.entry(definition.prefix).or_default();
            *times += 1;
            let prefix = match *times {
                1 => definition.prefix.to_owned(),
                times => format!("{}{times}", definition.prefix),
            };
            Some(points(model, definition, &prefix))
        };
        self.models.iter().filter_map(of_model).collect()
    }
}

/// A field with its place behind the header.
struct Placed {
    name: String,
    field: Field,
    at: u16,
}

fn points<'a>(model: &'a Model, definition: &'static Definition, prefix: &str) -> ModelPoints<'a> {
    let (fields, end) = place(definition, model.length);
    let mut found = ModelPoints {
        model,
        definition,
        points: Vec::new(),
        absent: Vec::new(),
        stated: Vec::new(),
        unknown_registers: model.length.saturating_sub(end),
    };
    for placed in fields {
        let at = usize::from(placed.at);
        let words = at..at + usize::from(placed.field.kind.registers());
        // What could not be read may be there all the same.
        let words = model.words.get(words);
        if matches!(placed.field.kind, FieldKind::Text(_)) {
            let text = words.map(text).unwrap_or_default();
            if !text.is_empty() {
                let name = placed.name.clone();
                found.stated.push(Stated { name, text });
            }
        }
        if let Some(point) = point(model, prefix, &placed) {
            let is_absent = words.is_some_and(|words| is_absent(placed.field.kind, words));
            if is_absent {
                found.absent.push(point);
            } else {
                found.points.push(point);
            }
        }
    }
    settle_exponents(&mut found);
    found
}

/// The fields of a model of `length` registers, and how many of them they take.
fn place(definition: &'static Definition, length: u16) -> (Vec<Placed>, u16) {
    let registers = |fields: &[Field]| fields.iter().map(|f| f.kind.registers()).sum::<u16>();
    let left = length.saturating_sub(registers(&definition.fields));
    let once = definition.fields.iter();
    let once = once.map(|field| (field.name.to_owned(), field));
    let rounds = definition.repeated.iter().flat_map(|(name, fields)| {
        let rounds = left.checked_div(registers(fields)).unwrap_or(0);
        let named = move |n, field: &'static Field| format!("{name}{n}_{}", field.name);
        (1..=rounds).flat_map(move |n| fields.iter().map(move |field| (named(n, field), field)))
    });
    let mut placed = Vec::new();
    let mut end = 0_u16;
    for (name, field) in once.chain(rounds) {
        let behind = end.saturating_add(field.kind.registers());
        if behind > length {
            break;
        }
        placed.push(Placed {
            name,
            field: *field,
            at: end,
        });
        end = behind;
    }
    (placed, end)
}

fn point(model: &Model, prefix: &str, placed: &Placed) -> Option<Point> {
    let (kind, invalid) = meaning(placed.field.kind)?;
    let address = u32::from(model.address) + 2 + u32::from(placed.at);
    Some(Point {
        name: format!("{prefix}_{}", placed.name),
        unit: placed.field.unit,
        address: u16::try_from(address).ok()?,
        kind,
        exponent: placed.field.exponent.map(|name| format!("{prefix}_{name}")),
        is_exponent: placed.field.kind == FieldKind::Exponent,
        invalid,
    })
}

/// The kind of a field, and the bits that stand for "not implemented" (4.4); `None` for what means
/// nothing.
fn meaning(kind: FieldKind) -> Option<(Kind, Option<u64>)> {
    Some(match kind {
        FieldKind::Uint16 | FieldKind::Enum16 | FieldKind::Bitfield16 => (Kind::U16, Some(0xffff)),
        FieldKind::Count => (Kind::U16, Some(0xffff)),
        FieldKind::Int16 | FieldKind::Exponent => (Kind::I16, Some(0x8000)),
        FieldKind::Uint32 | FieldKind::Bitfield32 => (Kind::U32, Some(0xffff_ffff)),
        FieldKind::Int32 => (Kind::I32, Some(0x8000_0000)),
        FieldKind::Uint64 => (Kind::U64, Some(u64::MAX)),
        FieldKind::Float32 => (Kind::F32, None),
        // A counter at 0 may have been reset: once it is read, 0 is a value.
        FieldKind::Acc32 => (Kind::U32, None),
        FieldKind::Acc64 => (Kind::U64, None),
        // A text that is not implemented is all zeros.
        FieldKind::Text(registers) => (Kind::Text(registers), None),
        FieldKind::Pad(_) => return None,
    })
}

fn is_absent(kind: FieldKind, words: &[u16]) -> bool {
    if matches!(
        kind,
        FieldKind::Acc32 | FieldKind::Acc64 | FieldKind::Text(_)
    ) {
        return words.iter().all(|word| *word == 0);
    }
    let Some((number, invalid)) = meaning(kind) else {
        return false;
    };
    let bits = words
        .iter()
        .fold(0, |bits, word| bits << 16 | u64::from(*word));
    let is_nan = number
        .number(words, Order::ABCD)
        .is_some_and(|(value, _)| value.is_nan());
    invalid == Some(bits) || is_nan
}

/// A point whose exponent the device has not is not scaled, and an exponent that scales nothing
/// is left out.
fn settle_exponents(found: &mut ModelPoints<'_>) {
    let names: Vec<String> = found
        .points
        .iter()
        .map(|point| point.name.clone())
        .collect();
    for point in &mut found.points {
        point.exponent = point.exponent.take().filter(|name| names.contains(name));
    }
    let used: Vec<String> = found
        .points
        .iter()
        .filter_map(|p| p.exponent.clone())
        .collect();
    let (kept, idle) = std::mem::take(&mut found.points)
        .into_iter()
        .partition(|point: &Point| !point.is_exponent || used.contains(&point.name));
    found.points = kept;
    found.absent.extend::<Vec<Point>>(idle);
}

/// Printable ASCII up to the first zero.
fn text(words: &[u16]) -> String {
    let bytes = words.iter().flat_map(|word| word.to_be_bytes());
    let letters = bytes.take_while(|byte| *byte != 0).map(char::from);
    let text: String = letters
        .filter(|c| c.is_ascii() && !c.is_control())
        .collect();
    text.trim().to_owned()
}
