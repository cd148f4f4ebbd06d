//! `[journal]`: what is kept on disk until it is stored.

use std::time::Duration;

use gridos_journal::room::{Thresholds, WhenFull};

use super::section::Section;

pub(super) const KEYS: &[&str] = &[
    "segment_size",
    "sync_interval",
    "sync_bytes",
    "keep",
    "disk_limit",
    "warn_autonomy",
    "critical_autonomy",
    "when_full",
];

const WHEN_FULL: [(&str, WhenFull); 2] = [
    ("hold", WhenFull::Hold),
    ("drop_oldest", WhenFull::DropOldest),
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
    /// 64 TiB, default 8 GiB.
    pub disk_limit: u64,
    /// Warn when the journal lasts no longer than `warn` at the present rate, and once more at
    /// `critical`; up to 365 days, default 4 h and 1 h (or `warn`, if that is less).
    pub thresholds: Thresholds,
    /// What is done when the limit or the disk is reached and nothing stored is left to delete.
    pub when_full: WhenFull,
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
        let when_full = section.choice("when_full", &WHEN_FULL);
        Self {
            thresholds: thresholds(section),
            when_full: when_full.map_or(WhenFull::Hold, |found| found.value),
            segment_size,
            sync_interval: sync_interval.map_or(Duration::from_millis(5), |found| found.value),
            sync_bytes: sync_bytes.map_or(1 << 20, |found| found.value),
            keep: keep.map_or(Duration::from_secs(3_600), |found| found.value),
            disk_limit,
        }
    }
}

fn thresholds(section: &Section<'_>) -> Thresholds {
    let range = Duration::ZERO..=Duration::from_secs(365 * DAY);
    let warn = section.duration("warn_autonomy", &range);
    let warn = warn.map_or(Duration::from_secs(4 * 3_600), |found| found.value);
    let critical = section.duration("critical_autonomy", &range);
    let critical = match critical {
        Some(found) if found.value > warn => {
            section.fault(
                "critical_autonomy",
                "is longer than warn_autonomy; make it shorter, or warn earlier",
            );
            warn
        }
        Some(found) => found.value,
        None => warn.min(Duration::from_secs(3_600)),
    };
    Thresholds { warn, critical }
}

const DAY: u64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::config::tests::{NO_VARIABLES, faults, no_files};

    fn journal(keys: &str) -> Journal {
        let text = format!("[journal]\n{keys}");
        let config = Config::parse(&text, "g.toml", NO_VARIABLES, &no_files);
        config.unwrap_or_else(|faults| panic!("{faults}")).journal
    }

    #[test]
    fn thresholds_have_defaults_that_fit_together() {
        let hours = |keys: &str| {
            let Thresholds { warn, critical } = journal(keys).thresholds;
            [warn, critical].map(|time| time.as_secs_f64() / 3_600.0)
        };
        assert_eq!(hours(""), [4.0, 1.0]);
        assert_eq!(hours("warn_autonomy = \"24h\""), [24.0, 1.0]);
        assert_eq!(hours("warn_autonomy = \"30min\""), [0.5, 0.5]);
        assert_eq!(hours("warn_autonomy = \"0s\""), [0.0, 0.0]);
        assert_eq!(hours("critical_autonomy = \"2h\""), [4.0, 2.0]);
    }

    #[test]
    fn the_policy_is_one_of_two_words() {
        assert_eq!(journal("").when_full, WhenFull::Hold);
        let drops = journal("when_full = \"drop_oldest\"");
        assert_eq!(drops.when_full, WhenFull::DropOldest);
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let text = "[journal]\nwarn_autonomy = \"1h\"\ncritical_autonomy = \"2h\"\n\
                    when_full = \"drop\"";
        assert_eq!(
            faults(text),
            "g.toml:3: [journal] critical_autonomy: is longer than warn_autonomy; make it shorter, \
             or warn earlier\n\
             g.toml:4: [journal] when_full: \"drop\" is unknown; allowed are hold, drop_oldest"
        );
    }
}
