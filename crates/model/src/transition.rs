//! An alarm's change of level: the fact that the evaluator finds and the journal keeps.

use std::fmt;

use crate::{PointId, Quality, Timestamp};

/// Where a value stands among its limits. The numbers are frozen: they are written to disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Level {
    /// Between the limits.
    #[default]
    Normal = 0,
    /// At or above the high limit.
    High = 1,
    /// At or above the high-high limit.
    HighHigh = 2,
    /// At or below the low limit.
    Low = 3,
    /// At or below the low-low limit.
    LowLow = 4,
    /// Not as it should be, where there are no limits: a state, a quality, a silence.
    Abnormal = 5,
}

impl Level {
    /// All levels, in the order of their numbers.
    pub const ALL: [Self; 6] = [
        Self::Normal,
        Self::High,
        Self::HighHigh,
        Self::Low,
        Self::LowLow,
        Self::Abnormal,
    ];

    /// The level of that number.
    pub const fn from_raw(raw: u8) -> Option<Self> {
        Some(match raw {
            0 => Self::Normal,
            1 => Self::High,
            2 => Self::HighHigh,
            3 => Self::Low,
            4 => Self::LowLow,
            5 => Self::Abnormal,
            _ => return None,
        })
    }

    /// How bad it is: 0 for normal, 2 for high-high and low-low, else 1.
    pub const fn rank(self) -> u8 {
        match self {
            Self::Normal => 0,
            Self::High | Self::Low | Self::Abnormal => 1,
            Self::HighHigh | Self::LowLow => 2,
        }
    }

    /// The level in words, as stored in databases and shown by the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::High => "high",
            Self::HighHigh => "high_high",
            Self::Low => "low",
            Self::LowLow => "low_low",
            Self::Abnormal => "abnormal",
        }
    }

    /// The level called `name`.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A point went from one level to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transition {
    /// The point.
    pub point: PointId,
    /// The level before.
    pub from: Level,
    /// The level after.
    pub to: Level,
    /// The source time of the reading that did it.
    pub time: Timestamp,
    /// When that reading was received.
    pub received: Timestamp,
    /// The reading's value.
    pub value: f64,
    /// The reading's quality.
    pub quality: Quality,
    /// Counts the point's alarms: one more each time it leaves normal.
    pub occurrence: u64,
}
