//! What the measures need to know of a record.

use gridos_model::{AlarmAction, AlarmFlags, AlarmId, AlarmRecord, Priority, Timestamp};

/// One record, and the area of its alarm; stored records are given in the same shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurred {
    /// Its place among all records.
    pub sequence: u64,
    /// The alarm.
    pub alarm: AlarmId,
    /// The place of its operator area among those that are measured.
    pub area: usize,
    /// What happened.
    pub action: AlarmAction,
    /// Whether an operator was told.
    pub is_annunciated: bool,
    /// Whether the condition is there after it.
    pub is_active: bool,
    /// Whether it waits for an acknowledgement after it.
    pub is_unacknowledged: bool,
    /// Whether operators are not shown it after it.
    pub is_hidden: bool,
    /// The priority after it.
    pub priority: Priority,
    /// When it happened, at the source if a reading did it.
    pub time: Timestamp,
    /// When the engine learned of it.
    pub received: Timestamp,
}

impl Occurred {
    /// What `record` tells of an alarm of that area.
    pub fn of(record: &AlarmRecord, area: usize) -> Self {
        Self {
            sequence: record.sequence,
            alarm: record.alarm,
            area,
            action: record.action,
            is_annunciated: record.is_annunciated,
            is_active: record.after.is_active(),
            is_unacknowledged: record.after.flags.contains(AlarmFlags::UNACKNOWLEDGED),
            is_hidden: record.after.is_hidden(),
            priority: record.after.priority,
            time: record.time,
            received: record.received,
        }
    }
}
