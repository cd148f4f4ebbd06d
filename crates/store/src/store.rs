//! What every store can do.

use async_trait::async_trait;
use gridos_journal::{Chunk, LayoutBook, StreamId, Tail};
use gridos_model::{Gap, Timestamp};

use crate::{
    AlarmEventRow, AlarmEventsQuery, AlarmRow, AlarmsQuery, AuditQuery, AuditRow, Column, GapRow,
    GapsQuery, HistoryQuery, Instant, InstantQuery, LetterRow, LettersQuery, PointRow, PointsQuery,
    ReadingRow, ReadingsPage, ReadingsQuery, StandingRow, StoreError, TextRow, TrendQuery,
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
    /// Where the stream turned last: all minutes of what is before have their rows, and what is
    /// from here to `tail` is in the minutes that are open. `None` if minutes are not rolled up.
    pub turned: Option<Tail>,
    /// Where the furthest of several connections is; `None` if none is beyond `tail`.
    pub ahead: Option<Ahead>,
}

/// How far the connection has come that is ahead of the others: what it writes is stored up to there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ahead {
    /// Where it stands.
    pub tail: Tail,
    /// The checksum of the last record before that, as in [`Stored::last`].
    pub last: Option<u32>,
    /// The readings that all connections together have stored, quarantined or found lost.
    pub counted: u64,
}

impl Stored {
    /// The readings that are stored, quarantined or lost, some of them behind [`Self::tail`].
    pub fn counted(&self) -> u64 {
        self.ahead.map_or(self.tail.readings, |ahead| ahead.counted)
    }

    /// From here on nothing is stored by anybody.
    pub fn furthest(&self) -> Tail {
        self.ahead.map_or(self.tail, |ahead| ahead.tail)
    }

    /// The same as a store tells it that rolls `minutes` up or does not.
    pub(crate) fn with_minutes(self, minutes: bool) -> Self {
        Self {
            turned: self.turned.filter(|_| minutes),
            ..self
        }
    }
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
    /// The time from the last good record before it to the first one behind.
    pub gap: Gap,
    /// What stands there instead of records, or its beginning; empty if nothing does.
    pub octets: Vec<u8>,
}

impl Loss {
    /// The readings in the span.
    pub fn readings(&self) -> u64 {
        self.until.readings.saturating_sub(self.from.readings)
    }
}

/// Batches in, history out.
///
/// Questions about the past hold no more in memory than their answer, whatever the range, and end
/// when their future is dropped, in the database too.
#[async_trait]
pub trait Store: Send + Sync {
    /// Brings the schema to this version, once, whoever else tries at the same moment. A later
    /// schema that lets this version run is left as it is.
    async fn migrate(&self) -> Result<(), StoreError>;

    /// How far `stream` is stored; the start for a stream the database has never seen.
    async fn position(&self, stream: StreamId) -> Result<Stored, StoreError>;

    /// Commits the chunk and the position behind it in one transaction (or in one for each of
    /// several connections: what one has already is not written again), provided that the
    /// database still stands at the chunk's beginning; else [`StoreError::Moved`] and nothing is
    /// written. `book` tells what the chunk's layouts are; all that it has are made known, so
    /// that every device has its name; they stay, whatever becomes of the chunk.
    ///
    /// A record that is malformed, or whose layout the book does not have, goes to the table
    /// `quarantine` and stops nothing. If the database refuses a record for its content,
    /// [`StoreError::Content`], write smaller chunks, until it stands alone. After any error the
    /// outcome is unknown: ask [`Store::position`] before going on.
    async fn write(
        &self,
        stream: StreamId,
        chunk: &Chunk,
        book: &LayoutBook,
    ) -> Result<Stored, StoreError>;

    /// Commits a chunk of one record, which the database refuses for `reason`, to the table
    /// `quarantine`, under the same condition as [`Store::write`].
    async fn condemn(
        &self,
        stream: StreamId,
        chunk: &Chunk,
        book: &LayoutBook,
        reason: &str,
    ) -> Result<Stored, StoreError>;

    /// Adds up again the minutes that are open: `chunk` is a part of what is between
    /// [`Stored::turned`] and [`Stored::furthest`] of `stored`, where the database stands. All parts are
    /// told in order before [`Store::write`] goes on with what somebody else wrote, or an earlier
    /// life of the engine; parts that cannot be read are left out, and are missing in the rows then.
    async fn recall(
        &self,
        stream: StreamId,
        stored: Stored,
        chunk: &Chunk,
        book: &LayoutBook,
    ) -> Result<(), StoreError> {
        // A store without rows of minutes has nothing to add up.
        let _ = (stream, stored, chunk, book);
        Ok(())
    }

    /// Closes the minutes that are open, provided that the database stands at `at`: for a stream in
    /// which nothing comes that would.
    async fn turn(&self, stream: StreamId, at: Tail) -> Result<Stored, StoreError> {
        let _ = at;
        self.position(stream).await
    }

    /// Moves the position over a span that cannot be read any more and records the loss in the
    /// tables `quarantine` and `gap`, in one transaction and under the same condition as [`Store::write`].
    /// The span must end behind whatever any connection has stored ([`Stored::furthest`]): only then
    /// what is lost can be told from what is not.
    async fn skip(&self, stream: StreamId, loss: &Loss) -> Result<Stored, StoreError>;

    /// The readings of points over a time range, page by page, in time order.
    async fn readings(&self, query: &ReadingsQuery) -> Result<ReadingsPage, StoreError>;

    /// The readings of points over a time range, reduced to columns: for each point, in the order
    /// asked, the columns that have readings.
    async fn trend(&self, query: &TrendQuery) -> Result<Vec<Vec<Column>>, StoreError>;

    /// All points of a device at an instant.
    async fn instant(&self, query: &InstantQuery) -> Result<Instant, StoreError>;

    /// Spans in which readings are known to be missing, the earliest first.
    async fn gaps(&self, query: &GapsQuery) -> Result<Vec<GapRow>, StoreError>;

    /// Points that the store knows, by device and name.
    async fn points(&self, query: &PointsQuery) -> Result<Vec<PointRow>, StoreError>;

    /// The readings of one point over a time range, in time order.
    async fn history(&self, query: &HistoryQuery) -> Result<Vec<ReadingRow>, StoreError> {
        let page = self.readings(&ReadingsQuery::of(query)).await?;
        Ok(page.rows(&query.point))
    }

    /// The texts of one point over a time range, in time order; [`Store::history`] has its numbers.
    async fn texts(&self, query: &HistoryQuery) -> Result<Vec<TextRow>, StoreError>;

    /// The youngest reading of each of the points named, in the order asked; points without any
    /// are left out.
    async fn latest(&self, points: &[String]) -> Result<Vec<ReadingRow>, StoreError>;

    /// What happened to alarms over a time range, page by page; a page that is not full is the last.
    async fn alarm_events(
        &self,
        query: &AlarmEventsQuery,
    ) -> Result<Vec<AlarmEventRow>, StoreError>;

    /// Deeds over a time range, page by page; a page that is not full is the last.
    async fn deeds(&self, query: &AuditQuery) -> Result<Vec<AuditRow>, StoreError>;

    /// The alarms that were active, or waited for their acknowledgement, by all that engines had
    /// learned before `at`; in no order. Alarms whose names nobody knows are left out.
    async fn alarms_standing(&self, at: Timestamp) -> Result<Vec<StandingRow>, StoreError>;

    /// Changes of the levels of points' alarms over a time range, youngest first.
    async fn alarms(&self, query: &AlarmsQuery) -> Result<Vec<AlarmRow>, StoreError>;

    /// Dead letters over a time range, youngest first.
    async fn letters(&self, query: &LettersQuery) -> Result<Vec<LetterRow>, StoreError>;
}
