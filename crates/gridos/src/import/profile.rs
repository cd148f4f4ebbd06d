//! The profile as TOML, each point on a line of its own.

use std::fmt::Write as _;

use gridos_modbus::{Kind, Order, RegisterPoint, Table};

use super::row::{Entry, Rows, text_order};
use super::{Imported, Options};

/// Comments are cut here: they are for reading.
const COMMENT_CHARS_MAX: usize = 120;

/// The profile of `rows`.
pub(super) fn write(options: &Options, rows: Rows<'_>, notes: Vec<String>) -> Imported {
    let points = rows
        .entries
        .iter()
        .filter(|entry| matches!(entry, Entry::Point(_)))
        .count();
    let mut lines = vec![format!(
        "# Imported from a list of registers: {points} points, {} rows left out.",
        rows.skipped.len()
    )];
    lines.push(
        "# Compare scales, types and byte orders with the device before you rely on them."
            .to_owned(),
    );
    lines.extend(notes.iter().map(|note| format!("# - {}", one_line(note))));
    lines.push("[[profile]]".to_owned());
    lines.push(format!("name = {}", quoted(&options.profile)));
    lines.push("protocol = \"modbus\"".to_owned());
    if options.order != Order::ABCD {
        lines.push(format!("order = \"{}\"", options.order));
    }
    lines.push("point = [".to_owned());
    for entry in &rows.entries {
        lines.push(match entry {
            Entry::Title(title) => format!("    # --- {}", one_line(title)),
            Entry::Point(imported) => {
                let point = point(&imported.point, options.order);
                match imported.comment.as_str() {
                    "" => format!("    {point},"),
                    comment => format!("    {point}, # {}", one_line(comment)),
                }
            }
        });
    }
    lines.push("]".to_owned());
    if !rows.skipped.is_empty() {
        lines.push("# Left out:".to_owned());
    }
    let skipped = rows.skipped.iter();
    lines.extend(skipped.map(|row| format!("#   line {}: {}", row.line, one_line(&row.why))));
    Imported {
        toml: lines.join("\n") + "\n",
        points,
        skipped: rows.skipped,
        notes,
    }
}

/// One point as an inline table, without what is the default.
fn point(point: &RegisterPoint, order: Order) -> String {
    let table = match point.table {
        Table::Coil => "coil",
        Table::DiscreteInput => "discrete",
        Table::HoldingRegister => "holding",
        Table::InputRegister => "input",
    };
    let mut text = format!(
        "{{ name = {}, {table} = {}",
        quoted(&point.name),
        point.address
    );
    // Writing to a string cannot fail.
    if !matches!(point.kind, Kind::Bool | Kind::U16) {
        let _ = write!(text, ", type = \"{}\"", point.kind);
    }
    let default = if let Kind::Text(registers) = point.kind {
        let _ = write!(text, ", registers = {registers}");
        text_order(order)
    } else {
        order
    };
    if point.order != default && !point.table.is_bits() {
        let _ = write!(text, ", order = \"{}\"", point.order);
    }
    if point.scale != 1.0 {
        let _ = write!(text, ", scale = {:?}", point.scale);
    }
    if point.offset != 0.0 {
        let _ = write!(text, ", offset = {:?}", point.offset);
    }
    if !point.unit.is_empty() {
        let _ = write!(text, ", unit = {}", quoted(&point.unit));
    }
    text.push_str(" }");
    text
}

/// A text as TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            // Writing to a string cannot fail.
            _ if letter.is_control() => drop(write!(quoted, "\\u{:04x}", u32::from(letter))),
            _ => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// A comment must not reach into the next line, nor hold what TOML allows in no comment.
fn one_line(text: &str) -> String {
    let plain = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter });
    plain
        .take(COMMENT_CHARS_MAX)
        .collect::<String>()
        .trim()
        .to_owned()
}
