//! The writer against stores that fail and journals that are not what they should be.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use gridos_journal::{Chunk, LayoutBook, StreamId, Tail};
use gridos_model::{Quality, Timestamp};
use gridos_store::{
    AlarmEventRow, AlarmEventsQuery, AlarmRow, AlarmsQuery, AuditQuery, AuditRow, Column, GapRow,
    GapsQuery, HistoryQuery, Instant, InstantQuery, LetterRow, LettersQuery, Loss, PointRow,
    PointsQuery, ReadingRow, ReadingsPage, ReadingsQuery, SqliteStore, StandingRow, Store,
    StoreError, Stored, TextRow, TrendQuery,
};
use tempfile::TempDir;
use tokio::sync::{Notify, Semaphore};

use crate::support::engine::Engine;
use crate::support::fixture::{Fixture, at, foreign};

pub(crate) fn sqlite(dir: &TempDir) -> Arc<SqliteStore> {
    Arc::new(SqliteStore::new(&dir.path().join("gridos.db")))
}

/// What a user counts in the database: rows, rows of different times, lost readings.
pub(crate) fn counts(dir: &TempDir) -> (u32, u32, u32) {
    let connection = rusqlite::Connection::open(dir.path().join("gridos.db")).unwrap();
    let sql = "select count(*), count(distinct ts), \
               (select coalesce(sum(readings), 0) from quarantine) from sweep";
    let three = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    connection.query_row(sql, [], three).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_carries_over_follows_and_drains() {
    let dir = TempDir::new().unwrap();
    let mut fixture = Fixture::new();
    let pair = fixture.pair();
    fixture.sweep(&pair, Timestamp::EPOCH, &[1.5, 2.5]);
    let mut engine = Engine::start(&mut fixture, sqlite(&dir));
    let end = engine.work(&mut fixture, 100);
    engine.stored(end).await;
    let telemetry = Arc::clone(&engine.telemetry);
    assert_eq!(telemetry.ledger.carried_over.get(), 2);
    assert_eq!(telemetry.store.connected.get(), 1);
    assert_eq!(telemetry.store.position.get(), end.position.get());
    let end = engine.work(&mut fixture, 1_000);
    let summary = engine.stop().await;
    assert!(summary.is_drained());
    assert_eq!(summary.stored, end);
    let ledger = telemetry.ledger.snapshot();
    assert!(ledger.is_balanced(), "{ledger:?}");
    assert_eq!((ledger.stored, ledger.in_journal), (2_202, 0));
    assert_eq!(telemetry.stages.stored.buckets().count(), 1_101);
    assert_eq!(telemetry.store.backlog_bytes.get(), 0);
    assert!(telemetry.store.commits.get() >= 10);
    assert_eq!(counts(&dir), (1_101, 1_101, 0));
}

/// What an earlier life left is written in many turns, and then nothing more is waited for.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_has_ended_is_drained_to_its_end() {
    let dir = TempDir::new().unwrap();
    let mut fixture = Fixture::new();
    let pair = fixture.pair();
    for n in 0..1_000 {
        fixture.sweep(&pair, at(n * 1_000), &[1.5, 2.5]);
    }
    let engine = Engine::draining(&mut fixture, sqlite(&dir));
    let telemetry = Arc::clone(&engine.telemetry);
    let summary = engine.ended().await;
    assert!(summary.is_drained());
    assert!(telemetry.store.commits.get() > 1);
    assert_eq!(telemetry.store.backlog_bytes.get(), 0);
    assert_eq!(counts(&dir), (1_000, 1_000, 0));
}

/// A store whose calls fail at random: before anything was done, or after.
pub(crate) struct Flaky {
    inner: Arc<SqliteStore>,
    random: AtomicU64,
}

impl Flaky {
    pub(crate) fn new(inner: Arc<SqliteStore>, seed: u64) -> Self {
        Self {
            inner,
            random: AtomicU64::new(seed),
        }
    }

    /// Of eight calls one fails before it and one after.
    fn fails(&self, when: u64) -> Result<(), StoreError> {
        let next = |n: u64| Some(n.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1));
        let drawn = self
            .random
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next)
            .unwrap();
        if (drawn >> 33) % 8 == when {
            let reason = "the network is down".to_owned();
            return Err(StoreError::Away { reason });
        }
        Ok(())
    }
}

#[async_trait]
impl Store for Flaky {
    async fn migrate(&self) -> Result<(), StoreError> {
        self.fails(0)?;
        self.inner.migrate().await
    }

    async fn position(&self, stream: StreamId) -> Result<Stored, StoreError> {
        self.fails(0)?;
        self.inner.position(stream).await
    }

    async fn write(
        &self,
        stream: StreamId,
        chunk: &Chunk,
        book: &LayoutBook,
    ) -> Result<Stored, StoreError> {
        self.fails(0)?;
        let stored = self.inner.write(stream, chunk, book).await?;
        self.fails(1)?;
        Ok(stored)
    }

    async fn recall(
        &self,
        stream: StreamId,
        stored: Stored,
        chunk: &Chunk,
        book: &LayoutBook,
    ) -> Result<(), StoreError> {
        self.fails(0)?;
        self.inner.recall(stream, stored, chunk, book).await
    }

    async fn turn(&self, stream: StreamId, at: Tail) -> Result<Stored, StoreError> {
        self.fails(0)?;
        let stored = self.inner.turn(stream, at).await?;
        self.fails(1)?;
        Ok(stored)
    }

    async fn condemn(
        &self,
        stream: StreamId,
        chunk: &Chunk,
        book: &LayoutBook,
        reason: &str,
    ) -> Result<Stored, StoreError> {
        self.inner.condemn(stream, chunk, book, reason).await
    }

    async fn skip(&self, stream: StreamId, loss: &Loss) -> Result<Stored, StoreError> {
        self.fails(0)?;
        let stored = self.inner.skip(stream, loss).await?;
        self.fails(1)?;
        Ok(stored)
    }

    async fn readings(&self, _: &ReadingsQuery) -> Result<ReadingsPage, StoreError> {
        Ok(ReadingsPage::default())
    }

    async fn trend(&self, _: &TrendQuery) -> Result<Vec<Vec<Column>>, StoreError> {
        Ok(Vec::new())
    }

    async fn instant(&self, _: &InstantQuery) -> Result<Instant, StoreError> {
        Ok(Instant::default())
    }

    async fn gaps(&self, _: &GapsQuery) -> Result<Vec<GapRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn points(&self, _: &PointsQuery) -> Result<Vec<PointRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn texts(&self, _: &HistoryQuery) -> Result<Vec<TextRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn latest(&self, _: &[String]) -> Result<Vec<ReadingRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn alarm_events(&self, _: &AlarmEventsQuery) -> Result<Vec<AlarmEventRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn deeds(&self, _: &AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn alarms_standing(&self, _: Timestamp) -> Result<Vec<StandingRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn alarms(&self, _: &AlarmsQuery) -> Result<Vec<AlarmRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn letters(&self, _: &LettersQuery) -> Result<Vec<LetterRow>, StoreError> {
        Ok(Vec::new())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_lose_and_double_nothing() {
    for seed in 1..6 {
        let dir = TempDir::new().unwrap();
        let mut fixture = Fixture::new();
        let flaky = Flaky::new(sqlite(&dir), seed);
        let mut engine = Engine::start(&mut fixture, Arc::new(flaky));
        let mut end = fixture.sync();
        for round in 0..20 {
            foreign(&mut fixture);
            fixture.texts(&[(2, at(round), b"v1", Quality::GOOD)]);
            engine.count(3);
            end = engine.work(&mut fixture, 100);
        }
        engine.stored(end).await;
        let ledger = engine.telemetry.ledger.snapshot();
        assert!(ledger.is_balanced(), "{ledger:?}");
        assert_eq!((ledger.stored, ledger.in_journal), (4_020, 0));
        assert_eq!((ledger.quarantined, ledger.lost), (40, 0));
        let store = &engine.telemetry.store;
        assert!(store.errors.get() > 0);
        assert_eq!((store.connected.get(), store.trouble.get()), (1, None));
        engine.stop().await;
        assert_eq!(counts(&dir), (2_000, 2_000, 40));
        let connection = rusqlite::Connection::open(dir.path().join("gridos.db")).unwrap();
        let sql = "select count(*), count(distinct ts) from text_event";
        let texts = connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)));
        assert_eq!(texts, Ok((20, 20)));
    }
}

/// A store whose writes wait until they are let through, and the first of which fail.
struct Gate {
    inner: Arc<SqliteStore>,
    entered: Notify,
    through: Semaphore,
    failures: AtomicU64,
}

impl Gate {
    fn new(dir: &TempDir, failures: u64) -> Arc<Self> {
        Arc::new(Self {
            inner: sqlite(dir),
            entered: Notify::new(),
            through: Semaphore::new(0),
            failures: AtomicU64::new(failures),
        })
    }
}

#[async_trait]
impl Store for Gate {
    async fn migrate(&self) -> Result<(), StoreError> {
        self.inner.migrate().await
    }

    async fn position(&self, stream: StreamId) -> Result<Stored, StoreError> {
        self.inner.position(stream).await
    }

    async fn write(
        &self,
        stream: StreamId,
        chunk: &Chunk,
        book: &LayoutBook,
    ) -> Result<Stored, StoreError> {
        self.entered.notify_one();
        self.through.acquire().await.unwrap().forget();
        let one_less = |failures: u64| failures.checked_sub(1);
        let failures = &self.failures;
        let fails = failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        if fails.is_ok() {
            let reason = "the disk is full".to_owned();
            return Err(StoreError::Refused { reason });
        }
        self.inner.write(stream, chunk, book).await
    }

    async fn recall(
        &self,
        stream: StreamId,
        stored: Stored,
        chunk: &Chunk,
        book: &LayoutBook,
    ) -> Result<(), StoreError> {
        self.inner.recall(stream, stored, chunk, book).await
    }

    async fn turn(&self, stream: StreamId, at: Tail) -> Result<Stored, StoreError> {
        self.inner.turn(stream, at).await
    }

    async fn condemn(
        &self,
        stream: StreamId,
        chunk: &Chunk,
        book: &LayoutBook,
        reason: &str,
    ) -> Result<Stored, StoreError> {
        self.inner.condemn(stream, chunk, book, reason).await
    }

    async fn skip(&self, stream: StreamId, loss: &Loss) -> Result<Stored, StoreError> {
        self.inner.skip(stream, loss).await
    }

    async fn readings(&self, _: &ReadingsQuery) -> Result<ReadingsPage, StoreError> {
        Ok(ReadingsPage::default())
    }

    async fn trend(&self, _: &TrendQuery) -> Result<Vec<Vec<Column>>, StoreError> {
        Ok(Vec::new())
    }

    async fn instant(&self, _: &InstantQuery) -> Result<Instant, StoreError> {
        Ok(Instant::default())
    }

    async fn gaps(&self, _: &GapsQuery) -> Result<Vec<GapRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn points(&self, _: &PointsQuery) -> Result<Vec<PointRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn texts(&self, _: &HistoryQuery) -> Result<Vec<TextRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn latest(&self, _: &[String]) -> Result<Vec<ReadingRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn alarm_events(&self, _: &AlarmEventsQuery) -> Result<Vec<AlarmEventRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn deeds(&self, _: &AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn alarms_standing(&self, _: Timestamp) -> Result<Vec<StandingRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn alarms(&self, _: &AlarmsQuery) -> Result<Vec<AlarmRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn letters(&self, _: &LettersQuery) -> Result<Vec<LetterRow>, StoreError> {
        Ok(Vec::new())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_backlog_is_what_became_durable_meanwhile() {
    let dir = TempDir::new().unwrap();
    let mut fixture = Fixture::new();
    let pair = fixture.pair();
    fixture.sweep(&pair, at(0), &[1.5, 2.5]);
    let first = fixture.sync();
    let gate = Gate::new(&dir, 0);
    let store: Arc<dyn Store> = Arc::clone(&gate) as _;
    let mut engine = Engine::lingering(&mut fixture, store, Duration::from_secs(3_600));
    gate.entered.notified().await;
    let end = engine.work(&mut fixture, 1);
    gate.through.add_permits(2);
    engine.stored(first).await;
    let expected = end.position.bytes_since(first.position);
    engine
        .seen(|telemetry| telemetry.store.backlog_bytes.get() == expected)
        .await;
    assert!(engine.stop().await.is_drained());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_answers_but_commits_nothing_does_not_work() {
    let dir = TempDir::new().unwrap();
    let mut fixture = Fixture::new();
    let pair = fixture.pair();
    fixture.sweep(&pair, at(0), &[1.5, 2.5]);
    let end = fixture.sync();
    let gate = Gate::new(&dir, 4);
    let mut engine = Engine::start(&mut fixture, Arc::clone(&gate) as _);
    let store = &Arc::clone(&engine.telemetry).store;
    for failures in 0..5 {
        // Asked where it stands, the database has answered.
        gate.entered.notified().await;
        assert_eq!(store.errors.get(), failures);
        assert_eq!(store.trouble.get().is_some(), failures > 0);
        assert_eq!(store.connected.get(), 0);
        gate.through.add_permits(1);
    }
    engine.stored(end).await;
    assert_eq!((store.connected.get(), store.trouble.get()), (1, None));
    assert!(engine.stop().await.is_drained());
}
