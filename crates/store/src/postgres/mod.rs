//! PostgreSQL: COPY in binary straight from the journal's columns, history by plain SQL.

mod abreast;
mod alarms;
mod audit;
mod commit;
mod config;
mod connect;
mod connection;
mod copy;
mod fault;
mod fence;
mod history;
mod introduce;
mod lane;
mod migrate;
mod minutes;
mod position;
mod readers;
mod readings;
mod roles;
mod rows;
mod scan;
mod standing;
mod survey;
mod time;
mod tls;
mod upkeep;
mod url;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{self, Arc, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use gridos_journal::{Chunk, LayoutBook, StreamId, Tail};
use gridos_model::Timestamp;
use tokio::sync::Mutex;

use abreast::Positions;
pub use config::{PostgresConfig, PostgresServer};
use connect::connect;
use connection::Purpose;
use lane::{Borrowed, Lane};
use readers::{Reader, Readers};
pub use roles::Access;
pub use survey::Survey;
pub use tls::{PostgresTls, PostgresTlsError, ReadFile, TlsIdentity, TlsRoots};
use upkeep::Caretaker;
pub use url::{PostgresOptionError, PostgresUrlError};

use crate::blocking::blocking;
use crate::fence::Fences;
use crate::share::Share;
use crate::{
    AlarmEventRow, AlarmEventsQuery, AlarmRow, AlarmsQuery, AuditQuery, AuditRow, Column, GapRow,
    GapsQuery, HistoryQuery, Instant, InstantQuery, LetterRow, LettersQuery, Loss, Maintain,
    PointRow, PointsQuery, ReadingRow, ReadingsPage, ReadingsQuery, SchemaState, StandingRow,
    Store, StoreError, Stored, TextRow, TrendQuery, Upkeep, Upkept,
};

/// The longest step of upkeep: a partition that takes over rows which had none.
const UPKEEP_TIMEOUT: Duration = Duration::from_secs(600);

/// The most connections that write a stream.
const CONNECTIONS_MAX: usize = 8;

/// A PostgreSQL database, 13 or later, as the store.
///
/// Nothing is connected before it is needed, and after any error the connection is made anew. The
/// writer has one connection, or as many as it was told to; questions about the past have some of their own, so that a long one holds
/// up neither a write nor another question; upkeep has one more.
#[derive(Debug)]
pub struct PostgresStore {
    config: PostgresConfig,
    /// Which of the servers took writes last: it is asked first.
    primary: AtomicUsize,
    /// The writer's; a stream of an earlier life may need more than this one was told to have.
    lanes: [Lane; CONNECTIONS_MAX],
    /// Of the stream written last, while that is sure.
    positions: sync::Mutex<Option<Positions>>,
    readers: Arc<Readers>,
    caretaker: Mutex<Caretaker>,
}

impl PostgresStore {
    /// The database that `config` names; whether it is there shows at the first call.
    pub fn new(config: PostgresConfig) -> Self {
        Self {
            config,
            primary: AtomicUsize::new(0),
            lanes: Default::default(),
            positions: sync::Mutex::default(),
            readers: Readers::new(),
            caretaker: Mutex::default(),
        }
    }

    /// Gives a role that is there what `access` needs, and takes nothing from it. Only the owner of
    /// the schema can.
    ///
    /// # Errors
    /// If there is no such role, or this one may not give what it asks for.
    pub async fn grant(&self, role: &str, access: Access) -> Result<(), StoreError> {
        let mut writer = self.writer().await?;
        let answer = roles::grant(&mut writer.connection, role, access).await;
        writer.keep(answer)
    }

    /// Sets how partitions are made and how long readings are kept, as the owner of the schema;
    /// returns what hinders it, in words.
    ///
    /// # Errors
    /// If the database is away or has no schema yet.
    pub async fn set_rule(&self, wanted: &Upkeep) -> Result<Option<String>, StoreError> {
        let mut writer = self.writer().await?;
        let answer = upkeep::rule(&mut writer.connection, wanted).await;
        writer.keep(answer)
    }

    /// What the server is, and what this role may do of what the engine must.
    ///
    /// # Errors
    /// If the database is away, or lets nobody in.
    pub async fn survey(&self) -> Result<Survey, StoreError> {
        let mut writer = self.writer().await?;
        let answer = survey::survey(&mut writer.connection).await;
        writer.keep(answer)
    }

    /// The writer's connection, or the first of them.
    async fn writer(&self) -> Result<Borrowed<'_>, StoreError> {
        self.borrow(&self.lanes[0]).await
    }

    /// The connection of a lane, made if there is none.
    async fn borrow<'a>(&self, lane: &'a Lane) -> Result<Borrowed<'a>, StoreError> {
        let mut place = lane.connection.lock().await;
        let connection = match place.take().filter(|connection| !connection.is_closed()) {
            Some(connection) => connection,
            None => {
                let last = self.primary.load(Ordering::Relaxed);
                let (connection, nth) = connect(&self.config, Purpose::Write, last).await?;
                self.primary.store(nth, Ordering::Relaxed);
                connection
            }
        };
        Ok(Borrowed { place, connection })
    }

    fn positions(&self) -> sync::MutexGuard<'_, Option<Positions>> {
        self.positions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// What fences apply to what is in `chunk`.
    async fn fences(&self, chunk: &Chunk) -> Result<Arc<Fences>, StoreError> {
        if !chunk.has_epochs() {
            return Ok(Arc::default());
        }
        let mut writer = self.writer().await?;
        let refreshed = fence::refresh(&mut writer.connection).await;
        let fences = Arc::clone(&writer.connection.fences);
        writer.keep(refreshed)?;
        Ok(fences)
    }

    /// The same place, with time for work on whole tables.
    fn upkeep_config(&self) -> PostgresConfig {
        PostgresConfig {
            write_timeout: UPKEEP_TIMEOUT,
            ..self.config.clone()
        }
    }

    /// A connection for one question.
    async fn reader(&self) -> Result<Reader, StoreError> {
        self.readers.take(&self.config).await
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
        let stored = self.ask_positions(stream).await?;
        Ok(stored.with_minutes(self.config.minutes))
    }

    async fn write(
        &self,
        stream: StreamId,
        chunk: &Chunk,
        book: &LayoutBook,
    ) -> Result<Stored, StoreError> {
        if let Some(positions) = self.abreast(stream).await? {
            return self.write_abreast(positions, chunk, book).await;
        }
        let mut writer = self.writer().await?;
        let open = &self.lanes[0].open;
        let mut roll_up = open.take(self.config.minutes, stream, chunk.from());
        let (connection, share) = (&mut writer.connection, Share::whole(chunk));
        let answer = commit::chunk(connection, stream, chunk, book, roll_up.as_mut(), &share).await;
        writer
            .keep(open.keep(answer, roll_up))
            .map(|stand| stand.stored)
    }

    async fn condemn(
        &self,
        stream: StreamId,
        chunk: &Chunk,
        book: &LayoutBook,
        reason: &str,
    ) -> Result<Stored, StoreError> {
        let what = (chunk, book);
        if let Some(positions) = self.abreast(stream).await? {
            return self.condemn_abreast(positions, what, reason).await;
        }
        let mut writer = self.writer().await?;
        let open = &self.lanes[0].open;
        let mut roll_up = open.take(self.config.minutes, stream, chunk.from());
        let (connection, share) = (&mut writer.connection, Share::whole(chunk));
        let kept = roll_up.as_mut();
        let answer = commit::condemned(connection, stream, what, reason, kept, &share).await;
        let answer = answer.map_err(StoreError::of_no_record);
        writer
            .keep(open.keep(answer, roll_up))
            .map(|stand| stand.stored)
    }

    async fn recall(
        &self,
        stream: StreamId,
        stored: Stored,
        chunk: &Chunk,
        book: &LayoutBook,
    ) -> Result<(), StoreError> {
        let fences = self.fences(chunk).await?;
        if self.recall_abreast(stream, (chunk, book), &fences)? {
            return Ok(());
        }
        let stored = stored.with_minutes(self.config.minutes);
        let (open, share) = (&self.lanes[0].open, Share::whole(chunk));
        blocking(|| open.recall(stream, stored, (chunk, book), &fences, &share))
    }

    async fn turn(&self, stream: StreamId, at: Tail) -> Result<Stored, StoreError> {
        if let Some(positions) = self.abreast(stream).await? {
            return self.turn_abreast(positions, at).await;
        }
        let open = &self.lanes[0].open;
        let Some(mut roll_up) = open.take(self.config.minutes, stream, at) else {
            return self.position(stream).await;
        };
        let mut writer = self.writer().await?;
        let (connection, share) = (&mut writer.connection, Share::at(at, at));
        let answer = commit::turn(connection, stream, &mut roll_up, &share).await;
        let kept = writer.keep(open.keep(answer, Some(roll_up)));
        kept.map(|stand| stand.stored)
    }

    async fn skip(&self, stream: StreamId, loss: &Loss) -> Result<Stored, StoreError> {
        if let Some(positions) = self.abreast(stream).await? {
            return self.skip_abreast(positions, loss).await;
        }
        let mut writer = self.writer().await?;
        let open = &self.lanes[0].open;
        let mut roll_up = open.take(self.config.minutes, stream, loss.from);
        let connection = &mut writer.connection;
        let answer = commit::loss(connection, stream, loss, roll_up.as_mut()).await;
        writer
            .keep(open.keep(answer, roll_up))
            .map(|stand| stand.stored)
    }

    async fn readings(&self, query: &ReadingsQuery) -> Result<ReadingsPage, StoreError> {
        let reader = self.reader().await?;
        reader
            .ask(query, |connection, query| {
                Box::pin(readings::page(connection, query))
            })
            .await
    }

    async fn trend(&self, query: &TrendQuery) -> Result<Vec<Vec<Column>>, StoreError> {
        let reader = self.reader().await?;
        reader
            .ask(query, |connection, query| {
                Box::pin(readings::trend(connection, query))
            })
            .await
    }

    async fn instant(&self, query: &InstantQuery) -> Result<Instant, StoreError> {
        let reader = self.reader().await?;
        reader
            .ask(query, |connection, query| {
                Box::pin(readings::instant(connection, query))
            })
            .await
    }

    async fn gaps(&self, query: &GapsQuery) -> Result<Vec<GapRow>, StoreError> {
        let reader = self.reader().await?;
        reader
            .ask(query, |connection, query| {
                Box::pin(history::gaps(connection, query))
            })
            .await
    }

    async fn points(&self, query: &PointsQuery) -> Result<Vec<PointRow>, StoreError> {
        let reader = self.reader().await?;
        reader
            .ask(query, |connection, query| {
                Box::pin(history::points(connection, query))
            })
            .await
    }

    async fn texts(&self, query: &HistoryQuery) -> Result<Vec<TextRow>, StoreError> {
        let reader = self.reader().await?;
        reader
            .ask(query, |connection, query| {
                Box::pin(history::texts(connection, query))
            })
            .await
    }

    async fn latest(&self, points: &[String]) -> Result<Vec<ReadingRow>, StoreError> {
        let reader = self.reader().await?;
        reader
            .ask(points, |connection, points| {
                Box::pin(history::latest(connection, points))
            })
            .await
    }

    async fn alarm_events(
        &self,
        query: &AlarmEventsQuery,
    ) -> Result<Vec<AlarmEventRow>, StoreError> {
        let reader = self.reader().await?;
        reader
            .ask(query, |connection, query| {
                Box::pin(alarms::events(connection, query))
            })
            .await
    }

    async fn deeds(&self, query: &AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
        let reader = self.reader().await?;
        reader
            .ask(query, |connection, query| {
                Box::pin(audit::deeds(connection, query))
            })
            .await
    }

    async fn alarms_standing(&self, at: Timestamp) -> Result<Vec<StandingRow>, StoreError> {
        let reader = self.reader().await?;
        reader
            .ask(&at, |connection, at| {
                Box::pin(standing::standing(connection, *at))
            })
            .await
    }

    async fn alarms(&self, query: &AlarmsQuery) -> Result<Vec<AlarmRow>, StoreError> {
        let reader = self.reader().await?;
        reader
            .ask(query, |connection, query| {
                Box::pin(history::alarms(connection, query))
            })
            .await
    }

    async fn letters(&self, query: &LettersQuery) -> Result<Vec<LetterRow>, StoreError> {
        let reader = self.reader().await?;
        reader
            .ask(query, |connection, query| {
                Box::pin(history::letters(connection, query))
            })
            .await
    }
}

#[async_trait]
impl Maintain for PostgresStore {
    async fn schema(&self) -> Result<SchemaState, StoreError> {
        let mut writer = self.writer().await?;
        let answer = migrate::schema(&mut writer.connection).await;
        writer.keep(answer)
    }

    async fn upkeep(&self, wanted: &Upkeep, done: &mut Upkept) -> Result<(), StoreError> {
        let mut caretaker = self.caretaker.lock().await;
        let connection = caretaker.connection.take().filter(|c| !c.is_closed());
        let mut connection = match connection {
            Some(connection) => connection,
            None => {
                let last = self.primary.load(Ordering::Relaxed);
                connect(&self.upkeep_config(), Purpose::Write, last)
                    .await?
                    .0
            }
        };
        caretaker.tend(&mut connection, wanted, done).await?;
        caretaker.connection = Some(connection);
        Ok(())
    }
}
