//! PostgreSQL: COPY in binary straight from the journal's columns, history by plain SQL.

mod commit;
mod config;
mod connection;
mod copy;
pub mod encode;
mod fault;
mod history;
mod introduce;
mod migrate;
mod rows;
mod time;
mod url;

use std::sync::Arc;

use async_trait::async_trait;
use gridos_journal::{Chunk, LayoutBook, StreamId};
use tokio::sync::{Mutex, MutexGuard};

pub use config::PostgresConfig;
use connection::{Connection, Purpose};
pub use url::{PostgresOptionError, PostgresUrlError};

use crate::{
    AlarmRow, AlarmsQuery, HistoryQuery, LetterRow, LettersQuery, Loss, ReadingRow, Store,
    StoreError, Stored, TextRow,
};

/// A PostgreSQL database, 13 or later, as the store.
///
/// Nothing is connected before it is needed, and after any error the connection is made anew. The
/// writer has one connection; questions about the past share another, so that a long one holds
/// up no write.
#[derive(Debug)]
pub struct PostgresStore {
    config: PostgresConfig,
    writer: Mutex<Option<Connection>>,
    reader: Mutex<Option<Arc<Connection>>>,
}

impl PostgresStore {
    /// The database that `config` names; whether it is there shows at the first call.
    pub fn new(config: PostgresConfig) -> Self {
        Self {
            config,
            writer: Mutex::default(),
            reader: Mutex::default(),
        }
    }

    /// The writer's connection, taken out of its place: it goes back only by [`keep`], so whatever
    /// ends early, this future included, ends the connection.
    async fn writer(&self) -> Result<Borrowed<'_>, StoreError> {
        let mut place = self.writer.lock().await;
        let connection = match place.take().filter(|connection| !connection.is_closed()) {
            Some(connection) => connection,
            None => Connection::open(&self.config, Purpose::Write).await?,
        };
        Ok(Borrowed { place, connection })
    }

    async fn reader(&self) -> Result<Arc<Connection>, StoreError> {
        let mut place = self.reader.lock().await;
        if let Some(connection) = place.as_ref().filter(|connection| !connection.is_closed()) {
            return Ok(Arc::clone(connection));
        }
        let connection = Arc::new(Connection::open(&self.config, Purpose::Read).await?);
        *place = Some(Arc::clone(&connection));
        Ok(connection)
    }

    /// Forgets the reader's connection after an error, unless somebody has replaced it.
    async fn judge<T>(
        &self,
        connection: &Arc<Connection>,
        answer: Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if answer.is_err() {
            let mut place = self.reader.lock().await;
            place.take_if(|kept| Arc::ptr_eq(kept, connection));
        }
        answer
    }
}

struct Borrowed<'a> {
    place: MutexGuard<'a, Option<Connection>>,
    connection: Connection,
}

impl Borrowed<'_> {
    /// Puts the connection back if it is surely in step with the server.
    fn keep<T>(mut self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        if matches!(answer, Ok(_) | Err(StoreError::Moved { .. })) {
            *self.place = Some(self.connection);
        }
        answer
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn migrate(&self) -> Result<(), StoreError> {
        let mut writer = self.writer().await?;
        let answer = migrate::migrate(&mut writer.connection).await;
        writer.keep(answer)
    }

    async fn position(&self, stream: StreamId) -> Result<Stored, StoreError> {
        let mut writer = self.writer().await?;
        let answer = commit::position(&mut writer.connection, stream).await;
        writer.keep(answer)
    }

    async fn write(
        &self,
        stream: StreamId,
        chunk: &Chunk,
        book: &LayoutBook,
    ) -> Result<Stored, StoreError> {
        let mut writer = self.writer().await?;
        let answer = commit::chunk(&mut writer.connection, stream, chunk, book).await;
        writer.keep(answer)
    }

    async fn skip(&self, stream: StreamId, loss: &Loss) -> Result<Stored, StoreError> {
        let mut writer = self.writer().await?;
        let answer = commit::loss(&mut writer.connection, stream, loss).await;
        writer.keep(answer)
    }

    async fn history(&self, query: &HistoryQuery) -> Result<Vec<ReadingRow>, StoreError> {
        let reader = self.reader().await?;
        let answer = history::readings(&reader, query).await;
        self.judge(&reader, answer).await
    }

    async fn texts(&self, query: &HistoryQuery) -> Result<Vec<TextRow>, StoreError> {
        let reader = self.reader().await?;
        let answer = history::texts(&reader, query).await;
        self.judge(&reader, answer).await
    }

    async fn latest(&self, points: &[String]) -> Result<Vec<ReadingRow>, StoreError> {
        let reader = self.reader().await?;
        let answer = history::latest(&reader, points).await;
        self.judge(&reader, answer).await
    }

    async fn alarms(&self, query: &AlarmsQuery) -> Result<Vec<AlarmRow>, StoreError> {
        let reader = self.reader().await?;
        let answer = history::alarms(&reader, query).await;
        self.judge(&reader, answer).await
    }

    async fn letters(&self, query: &LettersQuery) -> Result<Vec<LetterRow>, StoreError> {
        let reader = self.reader().await?;
        let answer = history::letters(&reader, query).await;
        self.judge(&reader, answer).await
    }
}
