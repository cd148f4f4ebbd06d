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
