//! The field is read-only: no source of this crate can make a device change.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};

/// Words of the Modbus library that stand for anything but reading.
const FORBIDDEN: [&str; 7] = [
    "Writer",
    "WriteSingle",
    "WriteMultiple",
    "MaskWrite",
    "ReadWriteMultiple",
    "Custom(",
    "Request::Report",
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                sources(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[test]
fn no_source_names_a_write() {
    let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(sources.len() > 5);
    for path in sources {
        let text = fs::read_to_string(&path).unwrap();
        for word in FORBIDDEN {
            assert!(!text.contains(word), "{} names {word}", path.display());
        }
    }
}

/// The lines of a source before its tests.
fn shipped(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .take_while(|line| line.trim() != "#[cfg(test)]")
}

/// The library sends the requests to devices, and knows reading only; what is sent beside it is
/// the answer to somebody who asked, which cannot be made without the question.
#[test]
fn only_answers_are_sent_byte_by_byte() {
    let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let texts = sources.iter().map(|path| fs::read_to_string(path).unwrap());
    let sent: Vec<String> = texts
        .flat_map(|text| shipped(&text).map(str::to_owned).collect::<Vec<_>>())
        .filter(|line| {
            [".write(", ".write_all", ".write_buf", ".try_write"]
                .iter()
                .any(|sends| line.contains(sends))
        })
        .collect();
    assert!(
        matches!(&*sent, [line] if line.contains("write_all(reply.as_bytes())")),
        "{sent:?}"
    );
}
