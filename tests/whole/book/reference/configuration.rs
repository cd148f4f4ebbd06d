//! `docs/reference/configuration.md`: every key, with its type and range, default and meaning. Keys
//! and meanings are those of `examples/reference.toml`, which a test of the configuration holds
//! against the keys that are read; types and ranges are what the reader says.

use std::fmt::Write;
use std::fs;

use gridos::config::every_key;

use super::example::{Entry, Example, Head};
use super::probe::Probe;
use super::{cell, compare};
use crate::book::root;

const HEAD: &str = "\
# Configuration

One TOML file. [`examples/reference.toml`](../../examples/reference.toml) is a whole one with every
key; this page has the same keys with the types and ranges that the engine checks.
`gridos check FILE` tells every fault of a file at once, each with its line, and what would run.

- Durations have a unit: `us`, `ms`, `s`, `min`, `h`, `d`. Sizes too: `B`, `KiB`, `MiB`, `GiB`, `TiB`.
- Names are letters, digits, `_` and `-`, up to 64; those of devices may have dots inside.
- Paths are relative to the file, but for `data_dir`, which is relative to where the engine is started.
- Sections of single values can be overridden by variables, with two underscores between section and
  key: `GRIDOS__HTTP__LISTEN=127.0.0.1:9000`.
";

#[test]
fn the_page_of_the_configuration_is_what_is_read() {
    let reference = fs::read_to_string(root().join("examples/reference.toml")).unwrap();
    let (example, probe) = (Example::read(&reference), Probe::new(&reference));
    let mut page = HEAD.to_owned();
    for head in &example.heads {
        let entries = example.entries.iter();
        let own: Vec<&Entry> = entries
            .filter(|entry| entry.section == head.section && entry.occurrence == head.occurrence)
            .filter(|entry| head.occurrence == 0 || entry.meaning.is_some())
            .collect();
        if !own.is_empty() {
            section(head, &own, &example, &probe, &mut page);
        }
    }
    compare("configuration.md", &page);
}

fn section(head: &Head, own: &[&Entry], example: &Example, probe: &Probe<'_>, page: &mut String) {
    let brackets = if head.is_list {
        ("[[", "]]")
    } else {
        ("[", "]")
    };
    let title = format!("{}{}{}", brackets.0, head.section, brackets.1);
    let more = if head.occurrence == 0 { "" } else { ", more" };
    writeln!(page, "\n## `{title}`{more}\n").unwrap();
    if let Some(meaning) = &head.meaning {
        writeln!(page, "{}\n", meaning).unwrap();
    }
    writeln!(
        page,
        "| Key | Type | Default | Meaning |\n|---|---|---|---|"
    )
    .unwrap();
    let is_scalar = every_key()
        .iter()
        .take_while(|(name, _)| *name != "profile")
        .any(|(name, _)| *name == head.section);
    for entry in own {
        let kind = match probe.kind(entry) {
            // Beside others that stand there it is refused as a whole.
            kind if kind.is_empty() => shape(&entry.value).to_owned(),
            kind => cell(&kind),
        };
        let default = match (is_scalar && entry.is_set, probe.is_needed(entry)) {
            (true, _) => format!("`{}`", entry.value),
            (false, true) => "needed".to_owned(),
            (false, false) => said(entry),
        };
        let meaning = cell(&meaning(entry, example));
        writeln!(
            page,
            "| `{}` | {kind} | {} | {meaning} |",
            entry.key,
            cell(&default)
        )
        .unwrap();
    }
}

/// The type of a value as it is written.
fn shape(value: &str) -> &'static str {
    match value.chars().next() {
        Some('"') => "text",
        Some('[') => "list",
        Some('{') => "table",
        Some('t' | 'f') => "true or false",
        _ => "number",
    }
}

/// What is said of a key, or where it is said.
fn meaning(entry: &Entry, example: &Example) -> String {
    if let Some(meaning) = &entry.meaning {
        let options = entry.options.iter().map(|option| format!("<br>{option}"));
        return meaning.clone() + &options.collect::<String>();
    }
    let known = |other: &&Entry| {
        other.key == entry.key && other.meaning.is_some() && other.section != entry.section
    };
    // Words that mean something else in each section.
    let is_own = matches!(entry.key.as_str(), "name" | "kind" | "from");
    // What a profile says of asking is what [modbus] says of it.
    let of_modbus = || {
        example
            .entries
            .iter()
            .find(|other| known(other) && other.section == "modbus")
    };
    let first = || example.entries.iter().find(known);
    match of_modbus().or_else(first).filter(|_| !is_own) {
        Some(other) => format!("As in `[{}]`.", other.section),
        None if entry.is_first => String::new(),
        None => "With the key before.".to_owned(),
    }
}

/// The default that its meaning tells: `default 5s`, or the value before `(default)`.
fn said(entry: &Entry) -> String {
    let meaning = entry.meaning.as_deref().unwrap_or_default();
    if let Some((before, _)) = meaning.split_once(" (default)") {
        let value = before.rsplit([' ', ',']).next().unwrap_or_default();
        return format!("`{value}`");
    }
    let places = [
        "; default ",
        ", default ",
        " (default ",
        "Default: ",
        "Default ",
    ];
    let mut rest = places
        .iter()
        .filter_map(|place| Some(meaning.split_once(place)?.1));
    let Some(rest) = rest.next() else {
        return String::new();
    };
    let end = rest.char_indices().find(|(at, c)| {
        let is_end = matches!(c, ';' | ',' | ')' | ':' | '.');
        let next = rest[at + c.len_utf8()..].chars().next();
        is_end && next.is_none_or(|next| !next.is_ascii_digit())
    });
    rest[..end.map_or(rest.len(), |(at, _)| at)]
        .trim()
        .to_owned()
}
