//! `[log]`: what the engine says on its error output.

use super::section::Section;

pub(super) const KEYS: &[&str] = &["format", "level", "per_device_per_minute"];

const LEVELS: &[(&str, &str)] = &[
    ("error", "error"),
    ("warn", "warn"),
    ("info", "info"),
    ("debug", "debug"),
    ("trace", "trace"),
];

const FORMATS: &[(&str, LogFormat)] = &[("text", LogFormat::Text), ("json", LogFormat::Json)];

/// What the engine says on its error output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// How lines look; default text.
    pub format: LogFormat,
    /// `error`, `warn`, `info`, `debug` or `trace`; default `info`. The variable `RUST_LOG` is
    /// stronger.
    pub level: String,
    /// Lines about one device within a minute, 1 to 10,000; default 10. The first line of each kind is shown
    /// beyond it, and of what is left out the number.
    pub per_device_per_minute: u32,
}

/// How lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// An object a line, for machines.
    Json,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            level: "info".to_owned(),
            per_device_per_minute: 10,
        }
    }
}

impl Log {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let default = Self::default();
        let format = section.choice("format", FORMATS);
        let level = section.choice("level", LEVELS);
        let limit = section.whole("per_device_per_minute", 1..=10_000);
        Self {
            format: format.map_or(default.format, |found| found.value),
            level: level.map_or(default.level, |found| found.value.to_owned()),
            per_device_per_minute: limit.map_or(default.per_device_per_minute, |found| found.value),
        }
    }
}
