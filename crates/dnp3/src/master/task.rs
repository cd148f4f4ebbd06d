//! What a master asks of an outstation, and what comes first.

use std::fmt;

/// Something a master asks of an outstation. The order is that of priority: what puts the
/// outstation in order comes before what only fetches values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Task {
    /// Clears [`crate::app::Iin::DEVICE_RESTART`].
    ClearRestart,
    /// Keeps events from coming unasked, until the master knows where it stands.
    DisableUnsolicited,
    /// Puts points into classes.
    AssignClass,
    /// Reads all events, then all static values of class 0.
    Integrity,
    /// Sets the clock.
    TimeSync,
    /// Lets events come unasked.
    EnableUnsolicited,
    /// Reads the events that wait.
    EventScan,
    /// The poll of this number in [`super::Config::polls`].
    Poll(u16),
}

impl Task {
    /// All but the configured polls.
    pub(super) const FIXED: [Self; 7] = [
        Self::ClearRestart,
        Self::DisableUnsolicited,
        Self::AssignClass,
        Self::Integrity,
        Self::TimeSync,
        Self::EnableUnsolicited,
        Self::EventScan,
    ];

    /// Its place in the order of priority.
    pub(super) fn place(self) -> usize {
        match self {
            Self::ClearRestart => 0,
            Self::DisableUnsolicited => 1,
            Self::AssignClass => 2,
            Self::Integrity => 3,
            Self::TimeSync => 4,
            Self::EnableUnsolicited => 5,
            Self::EventScan => 6,
            Self::Poll(number) => Self::FIXED.len() + usize::from(number),
        }
    }

    /// Whether it reads values: it has no business while they cannot be kept.
    pub const fn is_read(self) -> bool {
        matches!(self, Self::Integrity | Self::EventScan | Self::Poll(_))
    }

    /// Whether it goes before every other, however long those have been due.
    pub(super) const fn is_urgent(self) -> bool {
        !matches!(self, Self::EventScan | Self::Poll(_))
    }
}

impl fmt::Display for Task {
    /// As people say it, in lower case.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClearRestart => "clear the restart indication",
            Self::DisableUnsolicited => "disable unsolicited responses",
            Self::AssignClass => "assign classes",
            Self::Integrity => "integrity poll",
            Self::TimeSync => "time synchronisation",
            Self::EnableUnsolicited => "enable unsolicited responses",
            Self::EventScan => "event scan",
            Self::Poll(number) => return write!(f, "poll {number}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_follow_the_order() {
        for (place, task) in Task::FIXED.into_iter().enumerate() {
            assert_eq!(task.place(), place);
        }
        assert!(Task::FIXED.is_sorted());
        assert!(Task::EventScan < Task::Poll(0));
        assert_eq!(Task::Poll(2).place(), 9);
    }
}
