//! A gap: a span of time in which readings are known to be missing.

use crate::{DeviceId, Timestamp};

/// A span of time in which a device's readings are known to be missing, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The device; [`DeviceId::WHOLE_ENGINE`] if it may be any of them.
    pub device: DeviceId,
    /// The last instant known to be covered.
    pub from: Timestamp,
    /// The first instant covered again.
    pub until: Timestamp,
    /// Why.
    pub reason: GapReason,
}

/// Why readings are missing. The numbers are frozen: they are written to disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum GapReason {
    /// The device did not answer.
    DeviceDown = 1,
    /// The engine was not running.
    EngineDown = 2,
    /// The device's own event buffer overflowed.
    EventBufferOverflow = 3,
    /// The engine's ring was full and a scan was skipped.
    BackPressure = 4,
    /// A part of the journal could not be read.
    JournalDamaged = 5,
    /// The device restarted: it may have lost events, and counters may begin anew.
    DeviceRestart = 6,
    /// The disk was full, and readings were given up for newer ones.
    JournalFull = 7,
}

impl GapReason {
    /// The reason of that number.
    pub const fn from_raw(raw: u8) -> Option<Self> {
        Some(match raw {
            1 => Self::DeviceDown,
            2 => Self::EngineDown,
            3 => Self::EventBufferOverflow,
            4 => Self::BackPressure,
            5 => Self::JournalDamaged,
            6 => Self::DeviceRestart,
            7 => Self::JournalFull,
            _ => return None,
        })
    }

    /// The reason in words, as stored in databases.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DeviceDown => "device_down",
            Self::EngineDown => "engine_down",
            Self::EventBufferOverflow => "event_buffer_overflow",
            Self::BackPressure => "back_pressure",
            Self::JournalDamaged => "journal_damaged",
            Self::DeviceRestart => "device_restart",
            Self::JournalFull => "journal_full",
        }
    }
}
