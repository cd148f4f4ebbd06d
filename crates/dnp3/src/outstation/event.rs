//! Events: changes of points that a master has not yet confirmed.

use super::held::Held;
use super::{PointId, PointKind};
use crate::app::{EventClasses, Flags, PointTime};

/// Who asked for what an outstation says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voice {
    /// The master.
    Solicited,
    /// Nobody.
    Unsolicited,
}

/// How far an event has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It waits for whoever comes first.
    Waiting,
    /// It is to be in the response under way, in that variation of its group; 0 leaves the choice
    /// to the point.
    Selected(u8),
    /// It is in a fragment whose confirm is awaited.
    Written(Voice),
}

/// What happened.
#[derive(Clone, Debug)]
pub(super) struct Occurrence {
    pub(super) point: PointId,
    pub(super) kind: PointKind,
    /// One class.
    pub(super) class: EventClasses,
    pub(super) held: Held,
    pub(super) flags: Flags,
    pub(super) time: PointTime,
}

/// An occurrence in the buffer.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) number: u64,
    pub(super) occurrence: Occurrence,
    pub(super) stage: Stage,
    /// Whether it was in a fragment at least once.
    pub(super) was_sent: bool,
}

impl Stage {
    /// How many places [`Stage::place`] tells apart.
    pub(super) const PLACES: usize = 4;

    /// Its place among counts by stage.
    pub(super) const fn place(self) -> usize {
        match self {
            Self::Waiting => 0,
            Self::Selected(_) => 1,
            Self::Written(Voice::Solicited) => 2,
            Self::Written(Voice::Unsolicited) => 3,
        }
    }
}
