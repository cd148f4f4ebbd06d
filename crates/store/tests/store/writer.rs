//! The writer against stores that fail and journals that are not what they should be.

use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use gridos_journal::{Chunk, Journal, LayoutBook, Options, Position, StreamId};
use gridos_store::{
    AlarmRow, AlarmsQuery, HistoryQuery, Loss, ReadingRow, SqliteStore, Store, StoreError, Stored,
};
use tempfile::TempDir;

use crate::support::engine::Engine;
use crate::support::fixture::Fixture;

fn sqlite(dir: &TempDir) -> Arc<SqliteStore> {
    Arc::new(SqliteStore::new(&dir.path().join("gridos.db")))
}

/// What a user counts in the database: rows, rows of different times, lost readings.
fn counts(dir: &TempDir) -> (u32, u32, u32) {
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
    fixture.sweep(&pair, gridos_model::Timestamp::EPOCH, &[1.5, 2.5]);
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

/// A store whose calls fail at random: before anything was done, or after.
struct Flaky {
    inner: Arc<SqliteStore>,
    random: AtomicU64,
}

impl Flaky {
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
    ) -> Result<(), StoreError> {
        self.fails(0)?;
        self.inner.write(stream, chunk, book).await?;
        self.fails(1)
    }

    async fn skip(&self, stream: StreamId, loss: &Loss) -> Result<(), StoreError> {
        self.fails(0)?;
        self.inner.skip(stream, loss).await?;
        self.fails(1)
    }

    async fn history(&self, _: &HistoryQuery) -> Result<Vec<ReadingRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn latest(&self, _: &[String]) -> Result<Vec<ReadingRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn alarms(&self, _: &AlarmsQuery) -> Result<Vec<AlarmRow>, StoreError> {
        Ok(Vec::new())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_lose_and_double_nothing() {
    for seed in 1..6 {
        let dir = TempDir::new().unwrap();
        let mut fixture = Fixture::new();
        let flaky = Flaky {
            inner: sqlite(&dir),
            random: AtomicU64::new(seed),
        };
        let mut engine = Engine::start(&mut fixture, Arc::new(flaky));
        let mut end = fixture.sync();
        for _ in 0..20 {
            end = engine.work(&mut fixture, 100);
        }
        engine.stored(end).await;
        let ledger = engine.telemetry.ledger.snapshot();
        assert!(ledger.is_balanced(), "{ledger:?}");
        assert_eq!((ledger.stored, ledger.in_journal), (4_000, 0));
        assert!(engine.telemetry.store.errors.get() > 0);
        engine.stop().await;
        assert_eq!(counts(&dir), (2_000, 2_000, 0));
    }
}

/// The journal's segments, oldest first.
fn segments(dir: &Path) -> Vec<std::path::PathBuf> {
    let paths = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut segments: Vec<_> = paths
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "journal")
        })
        .collect();
    segments.sort();
    segments
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_damaged_is_recorded_and_the_rest_is_stored() {
    let dir = TempDir::new().unwrap();
    let mut fixture = Fixture::new();
    let pair = fixture.pair();
    let mut middle = Position::START;
    for n in 0..1_000_i64 {
        let time = gridos_model::Timestamp::from_millis(n);
        let end = fixture.sweep(&pair, time, &[1.5, 2.5]);
        middle = if n == 500 { end } else { middle };
    }
    fixture.sync();
    let file = std::fs::File::options()
        .write(true)
        .open(&segments(fixture.dir())[0])
        .unwrap();
    file.write_all_at(&[0xff; 8], middle.get()).unwrap();
    let mut engine = Engine::start(&mut fixture, sqlite(&dir));
    let end = engine.work(&mut fixture, 10);
    engine.stored(end).await;
    let ledger = engine.telemetry.ledger.snapshot();
    assert!(ledger.is_balanced() && ledger.in_journal == 0, "{ledger:?}");
    engine.stop().await;
    let (sweeps, times, lost) = counts(&dir);
    assert_eq!(sweeps, times);
    assert_eq!(sweeps * 2 + lost, 2_020);
    assert!((2..=4).contains(&lost), "{lost}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_trimmed_away_is_recorded_and_the_rest_is_stored() {
    let dir = TempDir::new().unwrap();
    let options = Options {
        segment_bytes: 8 << 10,
        ..Options::default()
    };
    let mut fixture = Fixture::with_options(options);
    let pair = fixture.pair();
    for n in 0..1_000_i64 {
        let time = gridos_model::Timestamp::from_millis(n);
        fixture.sweep(&pair, time, &[1.5, 2.5]);
        fixture.sync();
    }
    assert!(segments(fixture.dir()).len() > 4);
    let cut = Position::new(fixture.sync().position.get() / 2);
    assert!(Journal::trim(fixture.dir(), cut).unwrap() > 1);
    let mut engine = Engine::start(&mut fixture, sqlite(&dir));
    let end = engine.work(&mut fixture, 10);
    engine.stored(end).await;
    let ledger = engine.telemetry.ledger.snapshot();
    assert!(ledger.is_balanced() && ledger.in_journal == 0, "{ledger:?}");
    engine.stop().await;
    let (sweeps, times, lost) = counts(&dir);
    assert_eq!(sweeps, times);
    assert_eq!(sweeps * 2 + lost, 2_020);
    assert!(lost > 500, "{lost}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_ahead_of_the_journal_is_left_alone() {
    let dir = TempDir::new().unwrap();
    let mut fixture = Fixture::new();
    let early = fixture.sync();
    let mut engine = Engine::start(&mut fixture, sqlite(&dir));
    let end = engine.work(&mut fixture, 10);
    engine.stored(end).await;
    engine.stop().await;
    // The journal's folder comes back from a backup of before, and goes on.
    let segment = &segments(fixture.dir())[0];
    let mut restored = Fixture::restored(segment, early);
    let engine = Engine::start(&mut restored, sqlite(&dir));
    engine.work(&mut restored, 100);
    engine.failed(2).await;
    let stored = engine.telemetry.store.commits.get();
    assert_eq!((stored, engine.telemetry.store.connected.get()), (0, 0));
    assert!(!engine.stop().await.is_drained());
    assert_eq!(counts(&dir), (10, 10, 0));
}
