//! `[engine]`: the process as a whole.

use std::path::PathBuf;

use super::fault::Place;
use super::name::Name;
use super::section::Section;

pub(super) const KEYS: &[&str] = &["name", "data_dir", "memory_limit", "ring_batches"];

/// The process as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    /// The engine's name in metrics and on its pages; default `gridos`.
    pub name: Name,
    /// Where the journal and the SQLite database are; default `gridos-data`, relative to the
    /// working directory.
    pub data_dir: PathBuf,
    /// Refuse to start if the bounds of all queues add up to more, in bytes; 64 MiB to 1 TiB,
    /// default 1 GiB. It reserves nothing.
    pub memory_limit: u64,
    /// Batches the ring holds, 512 to 4,194,304; by default derived from the fleet.
    pub ring_batches: Option<u32>,
    pub(super) memory_limit_place: Place,
}

impl Engine {
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let name = section.word("name", Name::plain).map(|found| found.value);
        let data_dir = section.text("data_dir").map_or("gridos-data", |found| {
            if found.value.is_empty() {
                section.fault("data_dir", "is empty; write a folder");
            }
            found.value
        });
        let memory_limit = section.size("memory_limit", &((64 << 20)..=(1 << 40)));
        let ring_batches = section.whole("ring_batches", 512..=1 << 22);
        Some(Self {
            name: name.or_else(|| Name::plain("gridos").ok())?,
            data_dir: data_dir.into(),
            memory_limit: memory_limit.map_or(1 << 30, |found| found.value),
            ring_batches: ring_batches.map(|found| found.value),
            memory_limit_place: section.place_of("memory_limit"),
        })
    }

    /// The folder of the journal.
    pub fn journal_dir(&self) -> PathBuf {
        self.data_dir.join("journal")
    }
}
