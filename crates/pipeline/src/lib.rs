//! The pipeline: one thread that takes batches from the ring, judges, journals and publishes them.
//!
//! ```text
//! ring → alarm → journal → live view       (this thread; annunciation never waits for the disk)
//!                   └ sync thread: one fdatasync for many → receipts   (they always do)
//! ```
//! This crate must not know sockets, SQL and HTTP.

mod alarms;
mod chain;
mod live;
mod order;
mod pipeline;
mod sync;
mod turn;

pub use alarms::{ActiveAlarm, AlarmBoard};
pub use live::{LiveReading, LiveText, LiveView};
pub use pipeline::{Pipeline, PipelineError};
pub use sync::{Awaiting, SyncOptions, Written};
pub use turn::{Turn, Views};
