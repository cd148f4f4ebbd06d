//! What happened to an alarm: a change of its condition, or somebody's command.

use std::fmt;

use crate::{AlarmFacts, AlarmId, Level, Quality, Timestamp};

/// What happened. The numbers are frozen: they are written to disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum AlarmAction {
    /// The condition became true: an occurrence begins.
    Raised = 1,
    /// The condition became worse.
    Escalated = 2,
    /// The condition became less bad, and is still there.
    Eased = 3,
    /// The condition returned to normal.
    Returned = 4,
    /// It is annunciated again: it came back from being hidden, or nobody did anything about it.
    ReAnnunciated = 5,
    /// Somebody has seen it.
    Acknowledged = 6,
    /// The latch was released.
    Reset = 7,
    /// The horn was silenced.
    Silenced = 8,
    /// Put on the shelf, or its time there was changed.
    Shelved = 9,
    /// Taken from the shelf: by a command, or because its time was over or its one shot done.
    Unshelved = 10,
    /// A reason to suppress it came.
    Suppressed = 11,
    /// A reason to suppress it went.
    Unsuppressed = 12,
    /// Taken out of service.
    OutOfService = 13,
    /// Put into service again.
    InService = 14,
    /// Its definition was changed; the note has the new one.
    Redefined = 15,
    /// Its definition is gone, or says that it is switched off: the occurrence ended for that reason.
    Retired = 16,
    /// Its device went to another engine of the fleet, which goes on with it.
    HandedOver = 17,
    /// Its device came from another engine of the fleet; the note has what was known of it.
    TakenOver = 18,
}

impl AlarmAction {
    /// All actions, in the order of their numbers.
    pub const ALL: [Self; 18] = [
        Self::Raised,
        Self::Escalated,
        Self::Eased,
        Self::Returned,
        Self::ReAnnunciated,
        Self::Acknowledged,
        Self::Reset,
        Self::Silenced,
        Self::Shelved,
        Self::Unshelved,
        Self::Suppressed,
        Self::Unsuppressed,
        Self::OutOfService,
        Self::InService,
        Self::Redefined,
        Self::Retired,
        Self::HandedOver,
        Self::TakenOver,
    ];

    /// The action of that number.
    pub fn from_raw(raw: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|action| *action as u8 == raw)
    }

    /// The action in words, as stored in databases and shown by the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Escalated => "escalated",
            Self::Eased => "eased",
            Self::Returned => "returned",
            Self::ReAnnunciated => "re_annunciated",
            Self::Acknowledged => "acknowledged",
            Self::Reset => "reset",
            Self::Silenced => "silenced",
            Self::Shelved => "shelved",
            Self::Unshelved => "unshelved",
            Self::Suppressed => "suppressed",
            Self::Unsuppressed => "unsuppressed",
            Self::OutOfService => "out_of_service",
            Self::InService => "in_service",
            Self::Redefined => "redefined",
            Self::Retired => "retired",
            Self::HandedOver => "handed_over",
            Self::TakenOver => "taken_over",
        }
    }

    /// The action called `name`.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }
}

impl fmt::Display for AlarmAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Who commanded it, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// Who; empty if the engine did it by itself.
    pub by: Box<str>,
    /// Why, in their words.
    pub comment: Box<str>,
    /// The key by which the same command is known when it comes again; empty if there is none.
    pub key: Box<str>,
    /// The new definition as JSON, when it was changed; what was known of an alarm that was taken over, as JSON;
    /// else empty.
    pub definition: Box<str>,
}

/// One thing that happened to one alarm.
///
/// The facts after it are all there, so the last record of an alarm tells its state, and a table
/// can be made of records in any number.
#[derive(Clone, Debug, PartialEq)]
pub struct AlarmRecord {
    /// Counts all records of the engine, over restarts, without gaps.
    pub sequence: u64,
    /// The alarm.
    pub alarm: AlarmId,
    /// The occurrence: the sequence of the record that raised it; 0 if none ever did.
    pub occurrence: u64,
    /// What happened.
    pub action: AlarmAction,
    /// Whether an operator is told: a new flash, and the horn.
    pub is_annunciated: bool,
    /// The level before.
    pub from: Level,
    /// When it happened: at the source if a reading did it, else on the engine's clock.
    pub time: Timestamp,
    /// When the engine learned of it.
    pub received: Timestamp,
    /// The value that did it; NaN if none did.
    pub value: f64,
    /// Its quality.
    pub quality: Quality,
    /// The state after it.
    pub after: AlarmFacts,
    /// Who did it, if anybody.
    pub note: Option<Box<Note>>,
}
