//! SQLite: the store of an engine that has no database server, in one file.
//!
//! `sqlite3 gridos.db "select * from reading where point = '…' order by ts desc limit 5"` works
//! while the engine runs, with SQLite 3.38 or later.

mod commit;
mod connection;
mod fault;
mod history;
mod introduce;
mod migrate;
mod rows;
mod time;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use commit::Commit;
use connection::{open_reader, open_writer};
use gridos_journal::{Chunk, LayoutBook, StreamId};
use migrate::MigrateError;
use rusqlite::Connection;

use crate::blocking::blocking;
use crate::contents::{Contents, KnownLayouts};
use crate::introduction::{definitions, portions};
use crate::step::Step;
use crate::{
    AlarmRow, AlarmsQuery, HistoryQuery, LetterRow, LettersQuery, Loss, ReadingRow, Store,
    StoreError, Stored, TextRow,
};

/// Connections for questions that are kept open.
const READERS_KEPT_MAX: usize = 4;

/// One file as the store.
///
/// Nothing is opened before it is needed. One connection writes; each question about the past has
/// a connection of its own, and neither waits for the other. Calls block the thread they are on,
/// which tokio replaces meanwhile.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    writer: Mutex<Option<Writer>>,
    readers: Mutex<Vec<Connection>>,
}

#[derive(Debug)]
struct Writer {
    connection: Connection,
    known: KnownLayouts,
    /// Whether the book's layouts are all in the database.
    is_introduced: bool,
}

impl SqliteStore {
    /// The database in the file at `path`; it is made at the first call if it is not there.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            writer: Mutex::default(),
            readers: Mutex::default(),
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
                    is_introduced: false,
                },
            };
            let done = work(&mut writer)?;
            *place = Some(writer);
            Ok(done)
        })
    }

    fn read_with<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        blocking(|| {
            let idle = self.readers().pop();
            let connection = match idle {
                Some(connection) => connection,
                None => open_reader(&self.path).map_err(|error| self.fault(&error))?,
            };
            let answer = work(&connection).map_err(|error| self.fault(&error))?;
            let mut readers = self.readers();
            if readers.len() < READERS_KEPT_MAX {
                readers.push(connection);
            }
            Ok(answer)
        })
    }

    fn readers(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fault(&self, error: &rusqlite::Error) -> StoreError {
        fault::describe(&self.path, error)
    }

    /// Makes the layouts of the book known that the database has never seen.
    fn introduce(&self, writer: &mut Writer, book: &LayoutBook) -> Result<(), StoreError> {
        let connection = &mut writer.connection;
        let stored = introduce::stored(connection).map_err(|error| self.fault(&error))?;
        for portion in portions(&book.ids(), &stored) {
            introduce::layouts(connection, &definitions(book, &portion)?)
                .map_err(|error| self.fault(&error))?;
        }
        writer.is_introduced = true;
        Ok(())
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn migrate(&self) -> Result<(), StoreError> {
        self.write_with(|writer| {
            migrate::migrate(&mut writer.connection).map_err(|error| match error {
                MigrateError::Sqlite(error) => self.fault(&error),
                MigrateError::Schema(error) => error,
            })
        })
    }

    async fn position(&self, stream: StreamId) -> Result<Stored, StoreError> {
        self.write_with(|writer| {
            commit::position(&writer.connection, stream).map_err(|error| self.fault(&error))
        })
    }

    async fn write(
        &self,
        stream: StreamId,
        chunk: &Chunk,
        book: &LayoutBook,
    ) -> Result<Stored, StoreError> {
        let commit = self.write_with(|writer| {
            if !writer.is_introduced {
                self.introduce(writer, book)?;
            }
            let contents = Contents::sort(chunk, book, &writer.known)?;
            let step = Step::over(chunk, &contents);
            let commit = commit::contents(&mut writer.connection, stream, &step, &contents)
                .map_err(|error| self.fault(&error))?;
            if let Commit::Done(_) = commit {
                contents.report_quarantined(stream);
                let fresh = contents.fresh.iter();
                let sizes = fresh.map(|(id, layout)| (*id, layout.points.len()));
                writer.known.extend(sizes);
            }
            Ok(commit)
        })?;
        done(commit)
    }

    async fn skip(&self, stream: StreamId, loss: &Loss) -> Result<Stored, StoreError> {
        let commit = self.write_with(|writer| {
            commit::loss(&mut writer.connection, stream, loss).map_err(|error| self.fault(&error))
        })?;
        done(commit)
    }

    async fn history(&self, query: &HistoryQuery) -> Result<Vec<ReadingRow>, StoreError> {
        self.read_with(|connection| history::readings(connection, query))
    }

    async fn texts(&self, query: &HistoryQuery) -> Result<Vec<TextRow>, StoreError> {
        self.read_with(|connection| history::texts(connection, query))
    }

    async fn latest(&self, points: &[String]) -> Result<Vec<ReadingRow>, StoreError> {
        self.read_with(|connection| history::latest(connection, points))
    }

    async fn alarms(&self, query: &AlarmsQuery) -> Result<Vec<AlarmRow>, StoreError> {
        self.read_with(|connection| history::alarms(connection, query))
    }

    async fn letters(&self, query: &LettersQuery) -> Result<Vec<LetterRow>, StoreError> {
        self.read_with(|connection| history::letters(connection, query))
    }
}

fn done(commit: Commit) -> Result<Stored, StoreError> {
    match commit {
        Commit::Done(stored) => Ok(stored),
        Commit::Moved(stored) => Err(StoreError::Moved { stored }),
    }
}
