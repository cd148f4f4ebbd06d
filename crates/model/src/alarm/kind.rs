//! What an alarm watches for.

use std::fmt;

/// What an alarm watches for; a point or device has one alarm of each kind at most. The numbers are
/// frozen: they are written to disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum AlarmKind {
    /// The value is at or beyond a limit.
    Limit = 0,
    /// The value is too far from a setpoint or from another point's value.
    Deviation = 1,
    /// The value changes too fast.
    Rate = 2,
    /// A discrete or double-bit state is abnormal.
    State = 3,
    /// The value changes too often.
    Chatter = 4,
    /// The quality is bad.
    Quality = 5,
    /// No reading came for too long.
    Stale = 6,
    /// The value has not changed for too long.
    Frozen = 7,
    /// The communication with the device is lost.
    Link = 8,
}

impl AlarmKind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::Limit,
        Self::Deviation,
        Self::Rate,
        Self::State,
        Self::Chatter,
        Self::Quality,
        Self::Stale,
        Self::Frozen,
        Self::Link,
    ];

    /// The kind of that number.
    pub fn from_raw(raw: u8) -> Option<Self> {
        Self::ALL.get(usize::from(raw)).copied()
    }

    /// The kind in a word, as it ends an alarm's name and stands in databases.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::Deviation => "deviation",
            Self::Rate => "rate",
            Self::State => "state",
            Self::Chatter => "chatter",
            Self::Quality => "quality",
            Self::Stale => "stale",
            Self::Frozen => "frozen",
            Self::Link => "link",
        }
    }

    /// The kind called `name`.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether a lost link explains it, so that the device's one alarm stands for it.
    pub const fn is_child_of_link(self) -> bool {
        matches!(self, Self::Quality | Self::Stale | Self::Frozen)
    }
}

impl fmt::Display for AlarmKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_number_and_its_name() {
        for (raw, kind) in (0..).zip(AlarmKind::ALL) {
            assert_eq!(kind as u8, raw);
            assert_eq!(AlarmKind::from_raw(raw), Some(kind));
            assert_eq!(AlarmKind::of_name(kind.name()), Some(kind));
        }
        assert_eq!(AlarmKind::from_raw(9), None);
        assert_eq!(AlarmKind::of_name("Limit"), None);
    }
}
