//! The pipeline: one thread that takes batches from the ring, judges, journals and publishes them.
//!
//! ```text
//! ring → alarm → journal → live view       (this thread; annunciation never waits for the disk)
//!                   └ sync thread: one fdatasync for many → receipts   (they always do)
//! ```
//! This crate must not know sockets, SQL and HTTP.

mod alarms;
mod audit;
mod chain;
mod clock;
mod growing;
mod judging;
mod live;
mod memory;
mod order;
mod pipeline;
mod pulse;
mod sync;
mod turn;
mod views;

pub use alarms::{
    AlarmBoard, AlarmBook, AlarmCommands, AlarmCounts, AlarmLoad, AlarmTable, Answer, BookEntry,
    Cases, CommandQueue, Following, Given, NotDone, alarm_commands,
};
pub use audit::{AuditLog, AuditQueue, audit_log};
pub use live::{LiveReading, LiveText, LiveView};
pub use memory::{
    AlarmKeeper, AlarmMark, Cadence, Recalled, Snapshot, SnapshotError, Source, recall,
};
pub use order::Order;
pub use pipeline::{Pipeline, PipelineError};
pub use pulse::PulseWatch;
pub use sync::{Awaiting, Promised, SyncOptions, Written};
pub use turn::Turn;
pub use views::Views;
