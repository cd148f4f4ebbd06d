//! SQLite: the store of an engine that has no database server, in one file.
//!
//! `sqlite3 gridos.db "select * from reading where point = '…' order by ts desc limit 5"` works
//! while the engine runs, with SQLite 3.38 or later.

mod alarms;
mod audit;
mod commit;
mod connection;
mod fault;
mod history;
mod introduce;
mod latest;
mod migrate;
mod minutes;
mod readers;
mod readings;
mod rows;
mod scan;
mod standing;
mod time;
mod upkeep;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use commit::Commit;
use connection::{open_reader, open_writer};
use gridos_journal::{Chunk, LayoutBook, StreamId, Tail};
use gridos_model::{AlarmRecord, LayoutId, Timestamp};
use migrate::MigrateError;
use readers::Readers;
use rusqlite::Connection;
use upkeep::Progress;

use crate::alarm_name::{self, KnownAlarms};
use crate::blocking::blocking;
use crate::contents::{Contents, KnownLayouts};
use crate::fence::Fences;
use crate::introduction::{Portions, unseen};
use crate::minutes::roll_up::OpenMinutes;
use crate::share::Share;
use crate::step::{Step, Turning};
use crate::{
    AlarmEventRow, AlarmEventsQuery, AlarmRow, AlarmsQuery, AuditQuery, AuditRow, Column, GapRow,
    GapsQuery, HistoryQuery, Instant, InstantQuery, LetterRow, LettersQuery, Loss, Maintain,
    PointRow, PointsQuery, ReadingRow, ReadingsPage, ReadingsQuery, SchemaState, StandingRow,
    Store, StoreError, Stored, TextRow, TrendQuery, Upkeep, Upkept,
};

/// One file as the store.
///
/// Nothing is opened before it is needed. One connection writes, and blocks the thread it is on, which
/// tokio replaces meanwhile; each question about the past has a connection and a thread of its own, and
/// ends when nobody waits for it.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    writer: Mutex<Option<Writer>>,
    readers: Arc<Readers>,
    minutes: bool,
    open: OpenMinutes,
}

#[derive(Debug)]
struct Writer {
    connection: Connection,
    known: KnownLayouts,
    alarms: KnownAlarms,
    /// Whether the book's layouts are all in the database.
    is_introduced: bool,
}

impl SqliteStore {
    /// The database in the file at `path`; it is made at the first call if it is not there.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            writer: Mutex::default(),
            readers: Arc::new(Readers::new(path)),
            minutes: true,
            open: OpenMinutes::default(),
        }
    }

    /// The same without rolling minutes up: the view `reading_1m` gets no more of them.
    #[must_use]
    pub fn without_minutes(self) -> Self {
        Self {
            minutes: false,
            ..self
        }
    }

    /// Lets `work` write. After an error the connection is made anew, because what it knew may
    /// have been rolled back.
    fn write_with<T>(
        &self,
        work: impl FnOnce(&mut Writer) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        blocking(|| {
            let mut place = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
            let mut writer = match place.take() {
                Some(writer) => writer,
                None => Writer {
                    connection: open_writer(&self.path).map_err(|error| self.fault(&error))?,
                    known: KnownLayouts::new(),
                    alarms: KnownAlarms::new(),
                    is_introduced: false,
                },
            };
            let done = work(&mut writer)?;
            *place = Some(writer);
            Ok(done)
        })
    }

    fn fault(&self, error: &rusqlite::Error) -> StoreError {
        fault::describe(&self.path, error)
    }

    fn unmigrated(&self, error: MigrateError) -> StoreError {
        match error {
            MigrateError::Sqlite(error) => self.fault(&error),
            MigrateError::Schema(error) => error,
        }
    }

    /// Makes the layouts of the book known that the database has never seen.
    fn introduce(&self, writer: &mut Writer, book: &LayoutBook) -> Result<(), StoreError> {
        let connection = &mut writer.connection;
        let stored = introduce::stored(connection).map_err(|error| self.fault(&error))?;
        self.make_known(connection, book, unseen(book.ids(), &stored))?;
        writer.is_introduced = true;
        Ok(())
    }

    /// Commits layouts of the book, each portion on its own.
    fn make_known(
        &self,
        connection: &mut Connection,
        book: &LayoutBook,
        ids: Vec<LayoutId>,
    ) -> Result<(), StoreError> {
        let mut portions = Portions::of(book, ids);
        while let Some(portion) = portions.take()? {
            introduce::layouts(connection, &portion).map_err(|error| self.fault(&error))?;
        }
        Ok(())
    }

    /// Makes the names of alarms known that the database has never seen.
    fn introduce_alarms(
        &self,
        writer: &mut Writer,
        records: &[AlarmRecord],
        book: &LayoutBook,
    ) -> Result<(), StoreError> {
        let mut wanted = alarm_name::unknown(records, &writer.alarms);
        if wanted.is_empty() {
            return Ok(());
        }
        let connection = &mut writer.connection;
        let stored = alarms::stored(connection, &wanted).map_err(|error| self.fault(&error))?;
        wanted.retain(|alarm| !stored.contains_key(alarm));
        let found = alarm_name::search(book, wanted.clone())?;
        alarms::introduce(connection, &found).map_err(|error| self.fault(&error))?;
        writer.alarms.extend(wanted.iter().map(|alarm| {
            let owner = found.get(alarm).map(|found| found.owner);
            (*alarm, owner)
        }));
        writer.alarms.extend(stored);
        Ok(())
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn migrate(&self) -> Result<(), StoreError> {
        self.write_with(|writer| {
            migrate::migrate(&mut writer.connection).map_err(|error| self.unmigrated(error))
        })
    }

    async fn position(&self, stream: StreamId) -> Result<Stored, StoreError> {
        self.write_with(|writer| {
            let stored = commit::position(&writer.connection, stream);
            let stored = stored.map_err(|error| self.fault(&error))?;
            Ok(stored.with_minutes(self.minutes))
        })
    }

    async fn write(
        &self,
        stream: StreamId,
        chunk: &Chunk,
        book: &LayoutBook,
    ) -> Result<Stored, StoreError> {
        let mut roll_up = self.open.take(self.minutes, stream, chunk.from());
        let commit = self.write_with(|writer| {
            if !writer.is_introduced {
                self.introduce(writer, book)?;
            }
            let share = Share::whole(chunk);
            let contents = Contents::sort(chunk, book, &writer.known, &Fences::default(), &share)?;
            self.introduce_alarms(writer, &contents.alarms, book)?;
            self.make_known(&mut writer.connection, book, contents.fresh())?;
            let turns = roll_up.as_ref().map(|roll_up| roll_up.turns(&contents));
            let step = Step::over(chunk, &contents, Turning::of(turns.as_deref()), &share);
            let minutes = roll_up.as_mut().zip(turns.as_ref());
            let minutes = minutes.map(|(open, turns)| open.advance(&contents, turns, step.until));
            let (connection, minutes) = (&mut writer.connection, minutes.into_iter().flatten());
            let contents_of = (&contents, &writer.alarms);
            let commit = commit::contents(connection, stream, &step, contents_of, minutes)
                .map_err(|fault| fault.describe(&self.path))?;
            if let Commit::Done(_) = commit {
                contents.report_quarantined(stream);
                writer.known.extend(contents.met());
            }
            Ok(commit)
        });
        self.open.keep(commit.and_then(done), roll_up)
    }

    async fn condemn(
        &self,
        stream: StreamId,
        chunk: &Chunk,
        book: &LayoutBook,
        reason: &str,
    ) -> Result<Stored, StoreError> {
        let mut roll_up = self.open.take(self.minutes, stream, chunk.from());
        let share = Share::whole(chunk);
        let contents = Contents::condemn(chunk, reason, book, &share)?;
        let turning = Turning::behind(roll_up.is_some().then_some(chunk.until()));
        let step = Step::over(chunk, &contents, turning, &share);
        let commit = self.write_with(|writer| {
            let minutes = roll_up.as_mut().map(|open| open.turn_over(step.until));
            let (connection, minutes) = (&mut writer.connection, minutes.into_iter().flatten());
            let contents_of = (&contents, &writer.alarms);
            commit::contents(connection, stream, &step, contents_of, minutes)
                .map_err(|fault| fault.describe(&self.path).of_no_record())
        });
        if let Ok(Commit::Done(_)) = commit {
            contents.report_quarantined(stream);
        }
        self.open.keep(commit.and_then(done), roll_up)
    }

    async fn recall(
        &self,
        stream: StreamId,
        stored: Stored,
        chunk: &Chunk,
        book: &LayoutBook,
    ) -> Result<(), StoreError> {
        let stored = stored.with_minutes(self.minutes);
        // Nobody else writes to a file of this process: there is nobody to fence.
        let (fences, share) = (Fences::default(), Share::whole(chunk));
        let what = (chunk, book);
        blocking(|| self.open.recall(stream, stored, what, &fences, &share))
    }

    async fn turn(&self, stream: StreamId, at: Tail) -> Result<Stored, StoreError> {
        let Some(mut roll_up) = self.open.take(self.minutes, stream, at) else {
            return self.position(stream).await;
        };
        let commit = self.write_with(|writer| {
            commit::turn(&mut writer.connection, stream, at, roll_up.turn())
                .map_err(|fault| fault.describe(&self.path))
        });
        self.open.keep(commit.and_then(done), Some(roll_up))
    }

    async fn skip(&self, stream: StreamId, loss: &Loss) -> Result<Stored, StoreError> {
        let mut roll_up = self.open.take(self.minutes, stream, loss.from);
        let turning = Turning::of(roll_up.is_some().then_some(&[]));
        let commit = self.write_with(|writer| {
            commit::loss(&mut writer.connection, stream, loss, turning)
                .map_err(|fault| fault.describe(&self.path))
        });
        if let Some(roll_up) = &mut roll_up {
            roll_up.pass(loss.until);
        }
        self.open.keep(commit.and_then(done), roll_up)
    }

    async fn readings(&self, query: &ReadingsQuery) -> Result<ReadingsPage, StoreError> {
        let query = query.clone();
        self.readers
            .ask(move |connection| readings::page(connection, &query))
            .await
    }

    async fn trend(&self, query: &TrendQuery) -> Result<Vec<Vec<Column>>, StoreError> {
        let query = query.clone();
        self.readers
            .ask(move |connection| readings::trend(connection, &query))
            .await
    }

    async fn instant(&self, query: &InstantQuery) -> Result<Instant, StoreError> {
        let query = query.clone();
        self.readers
            .ask(move |connection| readings::instant(connection, &query))
            .await
    }

    async fn gaps(&self, query: &GapsQuery) -> Result<Vec<GapRow>, StoreError> {
        let query = query.clone();
        self.readers
            .ask(move |connection| history::gaps(connection, &query))
            .await
    }

    async fn points(&self, query: &PointsQuery) -> Result<Vec<PointRow>, StoreError> {
        let query = query.clone();
        self.readers
            .ask(move |connection| history::points(connection, &query))
            .await
    }

    async fn texts(&self, query: &HistoryQuery) -> Result<Vec<TextRow>, StoreError> {
        let query = query.clone();
        self.readers
            .ask(move |connection| history::texts(connection, &query))
            .await
    }

    async fn latest(&self, points: &[String]) -> Result<Vec<ReadingRow>, StoreError> {
        let points = points.to_vec();
        self.readers
            .ask(move |connection| latest::latest(connection, &points))
            .await
    }

    async fn alarm_events(
        &self,
        query: &AlarmEventsQuery,
    ) -> Result<Vec<AlarmEventRow>, StoreError> {
        let query = query.clone();
        self.readers
            .ask(move |connection| alarms::events(connection, &query))
            .await
    }

    async fn deeds(&self, query: &AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
        let query = query.clone();
        self.readers
            .ask(move |connection| audit::deeds(connection, &query))
            .await
    }

    async fn alarms_standing(&self, at: Timestamp) -> Result<Vec<StandingRow>, StoreError> {
        self.readers
            .ask(move |connection| standing::standing(connection, at))
            .await
    }

    async fn alarms(&self, query: &AlarmsQuery) -> Result<Vec<AlarmRow>, StoreError> {
        let query = query.clone();
        self.readers
            .ask(move |connection| history::alarms(connection, &query))
            .await
    }

    async fn letters(&self, query: &LettersQuery) -> Result<Vec<LetterRow>, StoreError> {
        let query = query.clone();
        self.readers
            .ask(move |connection| history::letters(connection, &query))
            .await
    }
}

fn done(commit: Commit) -> Result<Stored, StoreError> {
    match commit {
        Commit::Done(stored) => Ok(stored),
        Commit::Moved(stored) => Err(StoreError::Moved { stored }),
    }
}

#[async_trait]
impl Maintain for SqliteStore {
    async fn schema(&self) -> Result<SchemaState, StoreError> {
        if !self.path.exists() {
            return Ok(migrate::no_schema());
        }
        blocking(|| {
            let connection = open_reader(&self.path).map_err(|error| self.fault(&error))?;
            migrate::schema(&connection).map_err(|error| self.unmigrated(error))
        })
    }

    async fn upkeep(&self, wanted: &Upkeep, done: &mut Upkept) -> Result<(), StoreError> {
        let mut is_over = false;
        for _ in 0..upkeep::PORTIONS_MAX {
            // The writer has its turn between two of these.
            let progress = self.write_with(|writer| {
                upkeep::step(&mut writer.connection, wanted, &mut is_over, done)
                    .map_err(|error| self.fault(&error))
            })?;
            if progress == Progress::Done {
                break;
            }
            tokio::task::yield_now().await;
        }
        Ok(())
    }
}
