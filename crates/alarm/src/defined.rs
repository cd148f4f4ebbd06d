//! Alarms as they are configured, and the instant at which something is done.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use gridos_model::{AlarmId, DeviceIndex, Directory, PointIndex, Timestamp};

use crate::{Case, Definition};

/// The present instant, on both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The engine's time of day.
    pub wall: Timestamp,
    /// Since the engine's start, by a clock that never jumps.
    pub mono: Duration,
}

/// One alarm as it is configured.
#[derive(Clone, Debug)]
pub struct Defined {
    /// The alarm.
    pub id: AlarmId,
    /// The device it belongs to.
    pub device: DeviceIndex,
    /// The point it belongs to; none if it is of the device itself.
    pub point: Option<PointIndex>,
    /// The point that a deviation is measured from.
    pub reference: Option<PointIndex>,
    /// What it watches for, and how it behaves.
    pub definition: Arc<Definition>,
}

/// All alarms and devices of another configuration, while the engine goes on.
#[derive(Clone, Debug)]
pub struct Generation {
    /// The devices and points: the generation after that of before.
    pub directory: Arc<Directory>,
    /// The places in the columns that are nobody's any more; see [`Directory::left_since`].
    pub left: Vec<Range<usize>>,
    /// All alarms, as a start would have them.
    pub defined: Vec<Defined>,
    /// The devices that stay and whose state of the link is told by somebody else from now on.
    pub begin_anew: Vec<DeviceIndex>,
    /// The alarms that are not among those because another engine goes on with them.
    pub handed_over: HashSet<AlarmId>,
    /// What another engine knew of alarms that are new here.
    pub taken_over: Vec<Case>,
    /// What was known of alarms here when another engine went on with them, and is over by now.
    pub forgotten: Vec<Case>,
}

/// An alarm's place in the list of those that are defined, dense from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AlarmIndex(u32);

impl AlarmIndex {
    /// The `index`-th alarm.
    pub const fn new(index: u32) -> Self {
        Self(index)
    }

    /// The index as a position in a list.
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}
