//! What every store can do.

use async_trait::async_trait;
use gridos_journal::{Chunk, LayoutBook, StreamId, Tail};

use crate::{
    AlarmRow, AlarmsQuery, HistoryQuery, LetterRow, LettersQuery, ReadingRow, StoreError, TextRow,
};

/// How far a stream is stored: what the database says, not what the engine believes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// Everything before this is committed, exactly once.
    pub tail: Tail,
    /// Of the readings before it, those in the table `quarantine`.
    pub quarantined: u64,
    /// Of the readings before it, those that could not be read any more.
    pub lost: u64,
    /// The checksum of the last record before it, by which the journal knows the place again;
    /// `None` if it could not be read.
    pub last: Option<u32>,
}

/// A span of the stream that cannot be read any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Where it begins: where the database stands.
    pub from: Tail,
    /// Where the stream goes on.
    pub until: Tail,
    /// Why, for people.
    pub reason: String,
}

impl Loss {
    /// The readings in the span.
    pub fn readings(&self) -> u64 {
        self.until.readings.saturating_sub(self.from.readings)
    }
}

/// Batches in, history out.
#[async_trait]
pub trait Store: Send + Sync {
    /// Brings the schema to this version, once, whoever else tries at the same moment.
    async fn migrate(&self) -> Result<(), StoreError>;

    /// How far `stream` is stored; the start for a stream the database has never seen.
    async fn position(&self, stream: StreamId) -> Result<Stored, StoreError>;

    /// Commits the chunk and the position behind it in one transaction, provided that the
    /// database still stands at the chunk's beginning; else [`StoreError::Moved`] and nothing is
    /// written. `book` tells what the chunk's layouts are; all that it has are made known, so
    /// that every device has its name.
    ///
    /// A record that is malformed, or whose layout the book does not have, goes to the table
    /// `quarantine` and stops nothing. After any error the outcome is unknown: ask
    /// [`Store::position`] before going on.
    async fn write(
        &self,
        stream: StreamId,
        chunk: &Chunk,
        book: &LayoutBook,
    ) -> Result<Stored, StoreError>;

    /// Moves the position over a span that cannot be read any more and records the loss in the
    /// table `quarantine`, in one transaction and under the same condition as [`Store::write`].
    async fn skip(&self, stream: StreamId, loss: &Loss) -> Result<Stored, StoreError>;

    /// The readings of one point over a time range, in time order.
    async fn history(&self, query: &HistoryQuery) -> Result<Vec<ReadingRow>, StoreError>;

    /// The texts of one point over a time range, in time order; [`Store::history`] has its numbers.
    async fn texts(&self, query: &HistoryQuery) -> Result<Vec<TextRow>, StoreError>;

    /// The youngest reading of each of the points named, in the order asked; points without any
    /// are left out.
    async fn latest(&self, points: &[String]) -> Result<Vec<ReadingRow>, StoreError>;

    /// Alarm transitions over a time range, youngest first.
    async fn alarms(&self, query: &AlarmsQuery) -> Result<Vec<AlarmRow>, StoreError>;

    /// Dead letters over a time range, youngest first.
    async fn letters(&self, query: &LettersQuery) -> Result<Vec<LetterRow>, StoreError>;
}
