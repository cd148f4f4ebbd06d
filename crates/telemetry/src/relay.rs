//! What shipping the journal to writers on other machines counts in.

use crate::{Counter, Gauge};

/// What shipping the journal counts in; all is 0 where the engine writes by itself.
#[derive(Debug, Default)]
pub struct RelayCells {
    /// 1 while the stream can be used, else 0.
    pub reachable: Gauge,
    /// Journal sent to the stream, in bytes; what is sent again counts again.
    pub sent_bytes: Counter,
    /// Pieces sent.
    pub pieces: Counter,
    /// Journal in the stream that the database needs still, in bytes, as far as this process sent it.
    pub pending_bytes: Gauge,
    /// Times that the stream had lost what was needed, so that it was sent again.
    pub resent: Counter,
    /// Times that the stream was full.
    pub full: Counter,
    /// Of a writer: journals that it writes.
    pub journals: Gauge,
    /// Of a writer: writers that are there, itself included.
    pub writers: Gauge,
    /// Of a writer: pieces that could not be read, or were of no use.
    pub refused: Counter,
}
