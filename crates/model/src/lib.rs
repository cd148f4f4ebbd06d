//! The shape a reading keeps from the wire to the disk: ids, time, quality, layouts and batches.
//!
//! This crate must not know any serialisation format, any runtime, and no clock: every time is an
//! argument. Its types are plain columns that other crates decode into, judge, journal and store.

mod alarm;
mod batch;
mod deed;
mod directory;
mod epoch;
mod finite;
mod gap;
mod id;
mod layout;
mod letter;
mod link;
mod point_list;
mod quality;
mod readings;
mod texts;
mod time;
mod transition;

pub use alarm::{
    AlarmAction, AlarmFacts, AlarmFlags, AlarmKind, AlarmRecord, AlarmState, Note, Priority, Shelf,
    Suppression,
};
pub use batch::{Batch, BatchError};
pub use deed::{AuditRecord, Deed, DeedOutcome};
pub use directory::{
    DeviceEntry, DeviceIndex, Directory, DirectoryBuilder, DirectoryError, PointRef,
};
pub use epoch::Epoch;
pub use finite::are_finite;
pub use gap::{Gap, GapReason};
pub use id::{AlarmId, DeviceId, LayoutId, PointId, PointIndex};
pub use layout::{Layout, POINTS_PER_LAYOUT_MAX, Point};
pub use letter::{DeadLetter, LETTER_OCTETS_MAX, LETTER_REASON_BYTES_MAX};
pub use link::{LinkChange, LinkState};
pub use quality::Quality;
pub use readings::{Events, Readings, Sweep};
pub use texts::{TEXT_BYTES_MAX, TEXTS_BYTES_MAX, TextColumn, Texts};
pub use time::{ParseTimestampError, TimeQuality, Timestamp};
pub use transition::{Level, Transition};
