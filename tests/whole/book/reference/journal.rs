//! `docs/reference/journal.md`: the layouts of bytes, as they are drawn where they are written.

use std::fmt::Write;
use std::fs;

use super::compare;
use crate::book::root;

const HEAD: &str = "\
# The journal on disk

In the folder `journal` of the engine's `data_dir`. `gridos journal info`, `verify` and `dump` read it, also
beside a running engine. What earlier versions of the engine wrote is read by later ones: a file of each format is
kept as a fixture of the tests.
";

const PARTS: [(&str, &str, &str); 3] = [
    (
        "Files",
        "lib.rs",
        "Each life of the engine writes a stream of its own. A position is the number of bytes before a frame \
         since its stream began; it names the segment files, and in the database it says what is stored.",
    ),
    (
        "A segment",
        "segment.rs",
        "A file is reserved with its whole size and written from its beginning on.",
    ),
    (
        "A frame",
        "frame.rs",
        "The checksum covers header and payload, and is checked before any length is believed. A bad span with good \
         frames behind it is damage: it is skipped, counted, told and left for inspection.",
    ),
];

/// The kinds of records, with what they are.
const RECORDS: [(&str, &str); 8] = [
    ("SWEEP", "a sweep: all points of a layout at one instant"),
    ("EVENTS", "events: changes with their own times"),
    (
        "TRANSITIONS",
        "changes of alarm levels, as earlier engines told them",
    ),
    ("GAP", "readings that are known to be missing"),
    ("TEXTS", "texts"),
    ("LETTER", "a dead letter: octets that could not be read"),
    (
        "ALARMS",
        "what happened to alarms, with all that is known of each after it",
    ),
    (
        "AUDIT",
        "who changed something from outside, or was refused",
    ),
];

#[test]
fn the_page_of_the_journal_is_what_is_written() {
    let source = root().join("crates/journal/src");
    let read = |file: &str| fs::read_to_string(source.join(file)).unwrap();
    let mut page = HEAD.to_owned();
    for (title, file, about) in PARTS {
        let drawing = drawing(&read(file));
        writeln!(page, "\n## {title}\n\n{about}\n\n```text\n{drawing}```").unwrap();
    }
    page += "\nAll numbers are little-endian.\n\n## Kinds of records\n\nPayloads are rkyv archives \
             (little-endian, 32-bit offsets, aligned).\n\n| Kind | What it holds |\n|---|---|\n";
    let records = read("record.rs");
    let kinds = kinds(&records);
    assert_eq!(kinds.len(), RECORDS.len(), "{kinds:?}");
    for (name, number) in kinds {
        let what = RECORDS.iter().find(|(known, _)| *known == name);
        let (_, what) = what.unwrap_or_else(|| panic!("say what a record {name} holds"));
        writeln!(page, "| {number} | {what} |").unwrap();
    }
    compare("journal.md", &page);
}

/// The first drawing in the module's comment.
fn drawing(source: &str) -> String {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    let lines = lines.map(|line| line.strip_prefix(' ').unwrap_or(line));
    let inside = lines.skip_while(|line| *line != "```text").skip(1);
    let inside = inside.take_while(|line| *line != "```");
    inside.fold(String::new(), |all, line| all + line + "\n")
}

fn kinds(source: &str) -> Vec<(&str, &str)> {
    let lines = source
        .lines()
        .filter_map(|line| line.split_once("const KIND_"));
    let mut kinds: Vec<_> = lines
        .filter_map(|(_, rest)| {
            let (name, value) = rest.split_once(": u16 = ")?;
            Some((name, value.trim_end_matches(';')))
        })
        .collect();
    kinds.sort_by_key(|(_, number)| number.parse::<u16>().unwrap_or_default());
    kinds
}
