//! The journal: what the engine has received, on disk, in order, until it is stored.
//!
//! Records (batches, what happened to alarms, gaps, dead letters) are serialised with rkyv into checked [`frame`]s,
//! frames stand in segment files named by position, and a [`Position`] is the number of bytes
//! before a frame since the stream began. One [`Journal`] appends, one [`Syncer`] makes what was
//! written durable, and any number of [`Reader`]s follow behind. This crate must not know
//! protocols and databases.
//!
//! ```text
//! DIR/lock                                 held by the engine that appends
//! DIR/layouts                              every layout that a record refers to
//! DIR/alarms.snapshot                      what was known of alarms at a place of the journal
//! DIR/000007/                              the stream of the engine's seventh life
//! DIR/000007/00000000000000000000.journal  segment header (64 B) · frame · frame · …
//! DIR/000007/00000000000067108912.journal  the next: named by the position of its first frame
//! DIR/000007/00000000000067108912.given-up what is left of segments that were given up
//! DIR/000007/spare                         what is to be the next, prepared ahead
//! ```

mod appender;
mod book;
mod chunk;
mod error;
pub mod frame;
mod frames;
mod given_up;
mod holding;
pub mod inspect;
mod memory;
mod mirror;
mod piece;
mod position;
mod reader;
mod record;
mod recovery;
pub mod repair;
pub mod room;
mod scan;
mod segment;
mod snapshot;
pub mod storage;
mod streams;
mod syncer;
mod tip;
mod usage;

pub use appender::{Journal, Options};
pub use book::{LayoutBook, LayoutDefinition};
pub use chunk::Chunk;
pub use error::JournalError;
pub use frames::Frames;
pub use given_up::GivenUp;
pub use holding::{Holding, Sacrifice};
pub use mirror::{Added, Mirror};
pub use piece::{Piece, PieceError};
pub use position::{Position, StreamId, Tail};
pub use reader::{Read, Reader};
pub use record::{Record, RecordError};
pub use recovery::Recovery;
pub use snapshot::Snapshot;
pub use streams::{EarlierStream, Streams};
pub use syncer::Syncer;
