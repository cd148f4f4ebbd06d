//! The lines of a record: what one version made of one piece of the input, exactly.
//!
//! A record is JSON, a line each: a head, the lines in the order of the input, and an end that counts
//! them. It holds nothing that depends on when or where it is made, so two versions that do the same
//! write the same octets behind the head.

use std::fmt;

use gridos_model::{AlarmRecord, DeadLetter, Gap, Quality, Timestamp};
use serde::{Deserialize, Serialize};

/// The version of the format.
pub(crate) const FORMAT: u32 = 1;

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    /// The version of the format.
    pub(crate) gridos_record: u32,
    /// The version of GridOS that made it.
    pub(crate) version: String,
    /// What was replayed.
    pub(crate) source: SourceKind,
}

/// What was replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SourceKind {
    /// Batches of a journal.
    Journal,
    /// Octets of captures.
    Capture,
}

/// The last line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct End {
    /// The lines between the head and this.
    pub(crate) end: Counts,
}

/// How many lines there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) readings: u64,
    pub(crate) texts: u64,
    pub(crate) alarms: u64,
    pub(crate) gaps: u64,
    pub(crate) letters: u64,
    pub(crate) faults: u64,
}

/// A place in the input. The first number is that of the journal's stream or of the capture's file,
/// the second one a position or the number of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct At(pub(crate) u64, pub(crate) u64);

/// One line between the head and the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) at: At,
    #[serde(flatten)]
    pub(crate) what: What,
}

/// What happened there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum What {
    /// A reading.
    Reading {
        point: String,
        time: String,
        received: String,
        value: Exact,
        quality: Vec<String>,
    },
    /// A text.
    Text {
        point: String,
        time: String,
        received: String,
        text: String,
        quality: Vec<String>,
    },
    /// What happened to an alarm.
    Alarm {
        alarm: String,
        action: String,
        from: String,
        to: String,
        state: String,
        priority: String,
        annunciated: bool,
        time: String,
        received: String,
        value: Exact,
        quality: Vec<String>,
    },
    /// Readings known to be missing.
    Gap {
        device: String,
        from: String,
        until: String,
        reason: String,
    },
    /// What could not be read of a fragment.
    Letter {
        device: String,
        received: String,
        reason: String,
        octets: String,
    },
    /// A piece of the input that could not be read at all.
    Fault { what: String },
}

/// A double: the shortest text that means it, and its 64 bits in hex.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Exact(String, String);

impl Exact {
    pub(crate) fn of(value: f64) -> Self {
        Self(value.to_string(), format!("{:016x}", value.to_bits()))
    }
}

impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0, self.1)
    }
}

impl What {
    pub(crate) fn reading(
        point: String,
        times: (Timestamp, Timestamp),
        value: f64,
        quality: Quality,
    ) -> Self {
        Self::Reading {
            point,
            time: times.0.to_string(),
            received: times.1.to_string(),
            value: Exact::of(value),
            quality: quality.names().collect(),
        }
    }

    pub(crate) fn text(
        point: String,
        times: (Timestamp, Timestamp),
        text: &str,
        quality: Quality,
    ) -> Self {
        Self::Text {
            point,
            time: times.0.to_string(),
            received: times.1.to_string(),
            text: text.to_owned(),
            quality: quality.names().collect(),
        }
    }

    /// Without the numbers of records and occurrences: these count what went before, so one alarm
    /// more would make all that follow differ.
    pub(crate) fn alarm(name: &str, record: &AlarmRecord) -> Self {
        Self::Alarm {
            alarm: name.to_owned(),
            action: record.action.name().to_owned(),
            from: record.from.name().to_owned(),
            to: record.after.level.name().to_owned(),
            state: record.after.state().name().to_owned(),
            priority: record.after.priority.name().to_owned(),
            annunciated: record.is_annunciated,
            time: record.time.to_string(),
            received: record.received.to_string(),
            value: Exact::of(record.value),
            quality: record.quality.names().collect(),
        }
    }

    pub(crate) fn gap(device: String, gap: &Gap) -> Self {
        Self::Gap {
            device,
            from: gap.from.to_string(),
            until: gap.until.to_string(),
            reason: gap.reason.name().to_owned(),
        }
    }

    pub(crate) fn letter(device: String, letter: &DeadLetter) -> Self {
        let octets = letter.octets().iter();
        Self::Letter {
            device,
            received: letter.received().to_string(),
            reason: letter.reason().to_owned(),
            octets: octets.map(|octet| format!("{octet:02x}")).collect(),
        }
    }

    /// What it is called, and whom it is of: two lines of one place that agree in this are versions
    /// of each other.
    pub(crate) fn subject(&self) -> (&'static str, &str) {
        match self {
            Self::Reading { point, .. } => ("reading", point),
            Self::Text { point, .. } => ("text", point),
            Self::Alarm { alarm, .. } => ("alarm", alarm),
            Self::Gap { device, .. } => ("gap", device),
            Self::Letter { device, .. } => ("letter", device),
            Self::Fault { .. } => ("fault", ""),
        }
    }

    /// When it was, if it says so.
    pub(crate) fn time(&self) -> Option<&str> {
        match self {
            Self::Reading { time, .. } | Self::Text { time, .. } | Self::Alarm { time, .. } => {
                Some(time)
            }
            Self::Gap { until, .. } => Some(until),
            Self::Letter { received, .. } => Some(received),
            Self::Fault { .. } => None,
        }
    }
}

impl Counts {
    pub(crate) fn note(&mut self, what: &What) {
        let count = match what {
            What::Reading { .. } => &mut self.readings,
            What::Text { .. } => &mut self.texts,
            What::Alarm { .. } => &mut self.alarms,
            What::Gap { .. } => &mut self.gaps,
            What::Letter { .. } => &mut self.letters,
            What::Fault { .. } => &mut self.faults,
        };
        *count += 1;
    }
}
