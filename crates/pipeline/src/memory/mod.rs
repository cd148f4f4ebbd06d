//! What is remembered of alarms between the lives of an engine: a snapshot, and the journal behind
//! it.

mod cadence;
mod file;
mod keeper;
mod mark;
mod recall;
mod rows;

use gridos_alarm::Memory;
use gridos_journal::{StreamId, Tail};

pub use cadence::Cadence;
pub use file::SnapshotError;
pub use keeper::{AlarmKeeper, Recalled};
pub use mark::AlarmMark;
pub use recall::{Source, recall};

/// What was known of alarms at a place of the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// What was known.
    pub memory: Memory,
    /// The stream of the place.
    pub stream: StreamId,
    /// The place in it.
    pub tail: Tail,
}
