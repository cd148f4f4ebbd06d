//! `[journal]`: what is kept on disk until it is stored.

use std::time::Duration;

use super::section::Section;

pub(super) const KEYS: &[&str] = &[
    "segment_size",
    "sync_interval",
    "sync_bytes",
    "keep",
    "disk_limit",
];

/// What is kept on disk until it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    /// Size of one file, in bytes; 1 MiB to 1 GiB, default 64 MiB. Space is freed file by file.
    pub segment_size: u64,
    /// The longest time from an append to its sync begins; 100 µs to 10 s, default 5 ms.
    pub sync_interval: Duration,
    /// Unsynced bytes after which a sync begins at once; 4 KiB to 256 MiB, default 1 MiB.
    pub sync_bytes: u64,
    /// How long segments stay after they are stored; up to 30 days, default 1 h.
    pub keep: Duration,
    /// The most the journal may take on disk, in bytes, at least four segments; 16 MiB to
    /// 64 TiB, default 8 GiB. When it is full, nothing more is taken from the field.
    pub disk_limit: u64,
}

impl Journal {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let segment_size = section
            .size("segment_size", &((1 << 20)..=(1 << 30)))
            .map_or(64 << 20, |found| found.value);
        let sync_interval = section.duration(
            "sync_interval",
            &(Duration::from_micros(100)..=Duration::from_secs(10)),
        );
        let sync_bytes = section.size("sync_bytes", &((4 << 10)..=(256 << 20)));
        let keep = section.duration("keep", &(Duration::ZERO..=Duration::from_secs(30 * DAY)));
        let disk_limit = section
            .size("disk_limit", &((16 << 20)..=(64 << 40)))
            .map_or(8 << 30, |found| found.value);
        if disk_limit < 4 * segment_size {
            section.fault(
                "disk_limit",
                "is less than four segments; raise it or lower segment_size",
            );
        }
        Self {
            segment_size,
            sync_interval: sync_interval.map_or(Duration::from_millis(5), |found| found.value),
            sync_bytes: sync_bytes.map_or(1 << 20, |found| found.value),
            keep: keep.map_or(Duration::from_secs(3_600), |found| found.value),
            disk_limit,
        }
    }
}

const DAY: u64 = 86_400;
