//! The facts of an alarm's state, and the state they are displayed as.

use std::fmt;

use bitflags::bitflags;

use crate::{Level, Priority, Timestamp};

bitflags! {
    /// Facts that are true or not. The bits are frozen: they are written to disk.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct AlarmFlags: u16 {
        /// An annunciation waits for its acknowledgement.
        const UNACKNOWLEDGED = 1 << 0;
        /// The alarm latches: it is held until it is reset, whatever its condition does.
        const LATCHED = 1 << 1;
        /// The horn was silenced since the last annunciation.
        const SILENCED = 1 << 2;
        /// Taken out of service for maintenance.
        const OUT_OF_SERVICE = 1 << 3;
        /// Restored from an earlier life, and no good reading has come since.
        const UNCONFIRMED = 1 << 4;
        /// Switched off by its definition.
        const DISABLED = 1 << 5;
    }
}

bitflags! {
    /// Why an alarm is suppressed by design. The bits are frozen: they are written to disk.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Suppression: u8 {
        /// The communication with its device is lost, and the device's alarm stands for it.
        const LINK = 1 << 0;
        /// Somebody, or logic outside, asked for it.
        const ASKED = 1 << 1;
    }
}

/// An alarm is put away by an operator, for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shelf {
    /// When it comes back by itself, on the engine's clock.
    pub until: Timestamp,
    /// Whether it comes back earlier, as soon as the condition returns to normal.
    pub is_one_shot: bool,
}

/// All that an alarm's state consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlarmFacts {
    /// Where the condition stands, after its delays.
    pub level: Level,
    /// The worst level since the occurrence began; normal when it is over.
    pub worst: Level,
    /// The priority of the worst level; of the last occurrence when it is over.
    pub priority: Priority,
    /// What is true of it.
    pub flags: AlarmFlags,
    /// Why it is suppressed by design, if it is.
    pub suppression: Suppression,
    /// The shelf it lies on, if it does.
    pub shelf: Option<Shelf>,
}

/// The state that is displayed. The numbers are frozen: they are written to disk.
///
/// Source: ISA-18.2-2016 / IEC 62682 §3 and its state diagram, as retold by OPC UA Part 9 annex B.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum AlarmState {
    /// Nothing is wrong, and nothing waits for anybody.
    Normal = 0,
    /// Active, and not acknowledged: horn and flash.
    Unacknowledged = 1,
    /// Active and acknowledged: steady and silent.
    Acknowledged = 2,
    /// Returned to normal, and nobody has seen it.
    ReturnedUnacknowledged = 3,
    /// Returned to normal, held by its latch, not acknowledged.
    LatchedUnacknowledged = 4,
    /// Returned to normal, held by its latch until it is reset.
    LatchedAcknowledged = 5,
    /// Put away by an operator for a time.
    Shelved = 6,
    /// Held back by logic.
    Suppressed = 7,
    /// Under maintenance.
    OutOfService = 8,
}

impl AlarmState {
    /// All states, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::Normal,
        Self::Unacknowledged,
        Self::Acknowledged,
        Self::ReturnedUnacknowledged,
        Self::LatchedUnacknowledged,
        Self::LatchedAcknowledged,
        Self::Shelved,
        Self::Suppressed,
        Self::OutOfService,
    ];

    /// The state in words, as stored in databases and shown by the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Unacknowledged => "unacknowledged",
            Self::Acknowledged => "acknowledged",
            Self::ReturnedUnacknowledged => "returned_unacknowledged",
            Self::LatchedUnacknowledged => "latched_unacknowledged",
            Self::LatchedAcknowledged => "latched_acknowledged",
            Self::Shelved => "shelved",
            Self::Suppressed => "suppressed",
            Self::OutOfService => "out_of_service",
        }
    }

    /// The state called `name`.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

impl fmt::Display for AlarmState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl AlarmFacts {
    /// An alarm that nothing ever happened to.
    pub const REST: Self = Self {
        level: Level::Normal,
        worst: Level::Normal,
        priority: Priority::Low,
        flags: AlarmFlags::empty(),
        suppression: Suppression::empty(),
        shelf: None,
    };

    /// Whether the condition is there.
    pub fn is_active(&self) -> bool {
        self.level != Level::Normal
    }

    /// Whether an operator is not shown it: shelved, suppressed, out of service or switched off.
    pub fn is_hidden(&self) -> bool {
        let off = AlarmFlags::OUT_OF_SERVICE.union(AlarmFlags::DISABLED);
        self.flags.intersects(off) || !self.suppression.is_empty() || self.shelf.is_some()
    }

    /// The state without regard to whether it is hidden.
    pub fn base_state(&self) -> AlarmState {
        let is_acknowledged = !self.flags.contains(AlarmFlags::UNACKNOWLEDGED);
        let is_latched = self.flags.contains(AlarmFlags::LATCHED);
        match (self.is_active(), is_acknowledged, is_latched) {
            (true, false, _) => AlarmState::Unacknowledged,
            (true, true, _) => AlarmState::Acknowledged,
            (false, false, true) => AlarmState::LatchedUnacknowledged,
            (false, true, true) => AlarmState::LatchedAcknowledged,
            (false, false, false) => AlarmState::ReturnedUnacknowledged,
            (false, true, false) => AlarmState::Normal,
        }
    }

    /// The state that is displayed: out of service before suppressed before shelved before the
    /// rest. An alarm that its definition switched off is displayed as out of service.
    pub fn state(&self) -> AlarmState {
        let off = AlarmFlags::OUT_OF_SERVICE.union(AlarmFlags::DISABLED);
        if self.flags.intersects(off) {
            AlarmState::OutOfService
        } else if !self.suppression.is_empty() {
            AlarmState::Suppressed
        } else if self.shelf.is_some() {
            AlarmState::Shelved
        } else {
            self.base_state()
        }
    }

    /// Whether the horn sounds for it.
    pub fn is_sounding(&self) -> bool {
        let is_waiting = self.flags.contains(AlarmFlags::UNACKNOWLEDGED);
        is_waiting && !self.flags.contains(AlarmFlags::SILENCED) && !self.is_hidden()
    }

    /// Whether nothing is left that anybody must remember.
    pub fn is_at_rest(&self) -> bool {
        self.base_state() == AlarmState::Normal && !self.is_hidden()
    }
}
