//! How urgent an alarm is.

use std::fmt;

/// How soon somebody must act. The numbers are frozen: they are written to disk.
///
/// EEMUA 191 suggests that of all annunciations about 80 % are low, 15 % medium and 5 % high.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Priority {
    /// Within the shift.
    #[default]
    Low = 1,
    /// Soon.
    Medium = 2,
    /// At once.
    High = 3,
    /// Before anything else: lives or plant are at risk.
    Urgent = 4,
}

impl Priority {
    /// All priorities, the lowest first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Urgent];

    /// The priority of that number.
    pub fn from_raw(raw: u8) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|priority| *priority as u8 == raw)
    }

    /// The priority in a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }

    /// The priority called `name`.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|priority| priority.name() == name)
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
