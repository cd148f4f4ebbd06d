//! The field is read-only: no source of this crate can make a device change.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};

/// Words that stand for anything but reading: as libraries of Modbus call it, and of DNP3, where only
/// the master machine makes requests, of a type that has none that orders.
const FORBIDDEN: [&str; 10] = [
    "Writer",
    "WriteSingle",
    "WriteMultiple",
    "MaskWrite",
    "ReadWriteMultiple",
    "Custom(",
    "Request::Report",
    "MasterRequest",
    "ConfirmedUserData",
    "app::Function",
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

/// What is sent is a question of Modbus, whose function is the one that reads its table; the answer to
/// somebody who asked, which cannot be made without the question; what the DNP3 master says, which
/// knows reading only; and the question for the status of a link, which carries no fragment.
#[test]
fn only_answers_are_sent_byte_by_byte() {
    let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let texts = sources.iter().map(|path| fs::read_to_string(path).unwrap());
    let mut sent: Vec<String> = texts
        .flat_map(|text| {
            let lines = shipped(&text).map(|line| line.trim().to_owned());
            lines.collect::<Vec<_>>()
        })
        .filter(|line| {
            [".write(", ".write_all", ".write_buf", ".try_write"]
                .iter()
                .any(|sends| line.contains(sends))
        })
        .collect();
    sent.sort();
    assert!(
        matches!(&*sent, [question, answer, status]
            if question.contains("stream.write_all(&question.to_bytes())")
                && answer.contains("self.stream.write_all(reply.as_bytes())")
                && status.contains("stream.write_all(&question)")),
        "{sent:?}"
    );
}
