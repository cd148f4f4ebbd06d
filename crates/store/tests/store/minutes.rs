//! Minutes, whatever happens to the writer, its journal and its database.

use std::sync::Arc;

use gridos_journal::{Journal, Options, Position};
use gridos_store::{SqliteStore, Store};
use tempfile::TempDir;

use super::writer::{Flaky, sqlite};
use crate::support::engine::Engine;
use crate::support::fixture::{Fixture, at};
use crate::support::minutes::{Field, MINUTES, READINGS, check};
use crate::support::sql::rows;

/// Checks every minute against the readings; returns how many there are.
fn right(dir: &TempDir) -> usize {
    let path = dir.path().join("gridos.db");
    check(&rows(&path, MINUTES), &rows(&path, READINGS))
}

/// What the database counts of the readings and of the minutes.
fn totals(dir: &TempDir) -> (String, String) {
    let path = dir.path().join("gridos.db");
    let readings = rows(&path, "select count(*) from reading").remove(0);
    let minutes = rows(&path, "select sum(count) from reading_1m").remove(0);
    (readings, minutes)
}

/// Half a minute of sweeps, some seconds apart.
fn half_a_minute(fixture: &mut Fixture, from: i64) {
    let pair = fixture.pair();
    for second in (0..30).step_by(3) {
        fixture.sweep(&pair, at(from + second * 1_000), &[1.5, second as f64]);
    }
}

/// Nothing comes any more: the clock closes what the stream would not.
#[tokio::test(start_paused = true)]
async fn a_quiet_engine_closes_its_minutes() {
    let dir = TempDir::new().unwrap();
    let mut fixture = Fixture::new();
    let mut engine = Engine::start(&mut fixture, sqlite(&dir));
    half_a_minute(&mut fixture, 0);
    let end = fixture.sync();
    engine.announce(end);
    engine.stored(end).await;
    assert_eq!(engine.needed(), gridos_journal::Tail::default());
    assert_eq!(totals(&dir).1, "");
    let before = tokio::time::Instant::now();
    engine.closed(end).await;
    assert!(before.elapsed().as_secs() <= 66, "{:?}", before.elapsed());
    assert_eq!(right(&dir), 2);
    // What comes for the same minute is another part of it.
    half_a_minute(&mut fixture, 30_000);
    let end = fixture.sync();
    engine.announce(end);
    engine.stored(end).await;
    engine.closed(end).await;
    assert_eq!(right(&dir), 2);
    let table = rows(&dir.path().join("gridos.db"), "select count(*) from minute");
    assert_eq!(table, ["2"]);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_and_a_drain_close_the_last_minute() {
    let dir = TempDir::new().unwrap();
    let mut fixture = Fixture::new();
    half_a_minute(&mut fixture, 0);
    let engine = Engine::start(&mut fixture, sqlite(&dir));
    assert!(engine.stop().await.is_drained());
    assert_eq!(right(&dir), 2);
    // A life that was killed left more, which the next one drains.
    half_a_minute(&mut fixture, 30_000);
    let mut engine = Engine::start(&mut fixture, sqlite(&dir));
    let end = fixture.sync();
    engine.stored(end).await;
    engine.kill().await;
    let (readings, minutes) = totals(&dir);
    assert_eq!((readings.as_str(), minutes.as_str()), ("40", "20"));
    let engine = Engine::draining(&mut fixture, sqlite(&dir));
    assert!(engine.ended().await.is_drained());
    assert_eq!(right(&dir), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_missing_or_doubled_whatever_is_killed() {
    for seed in 0..6 {
        let dir = TempDir::new().unwrap();
        let mut fixture = Fixture::new();
        let mut field = Field::new(seed);
        let mut readings = 0;
        for life in 0..6 {
            readings += field.happen(&mut fixture, 30);
            let store = Flaky::new(sqlite(&dir), seed * 100 + life);
            let mut engine = Engine::start(&mut fixture, Arc::new(store));
            for _ in 0..4 {
                readings += field.happen(&mut fixture, 20);
                let end = fixture.sync();
                engine.announce(end);
                if life % 2 == 0 {
                    engine.stored(end).await;
                }
            }
            engine.kill().await;
        }
        let engine = Engine::draining(&mut fixture, sqlite(&dir));
        let telemetry = Arc::clone(&engine.telemetry);
        assert!(engine.ended().await.is_drained());
        assert!(right(&dir) > 50);
        let readings = readings.to_string();
        assert_eq!(totals(&dir), (readings.clone(), readings));
        assert_eq!(telemetry.store.minutes_partial.get(), 0);
    }
}

/// Two engines believe that they write the stream: each finds the database elsewhere, again and
/// again.
#[tokio::test(flavor = "multi_thread")]
async fn writers_that_move_each_other_add_up_the_same_minutes() {
    let dir = TempDir::new().unwrap();
    let mut fixture = Fixture::new();
    let mut field = Field::new(11);
    field.happen(&mut fixture, 10);
    let mut engines = [
        Engine::start(&mut fixture, sqlite(&dir)),
        Engine::start(&mut fixture, sqlite(&dir)),
    ];
    let mut end = fixture.sync();
    for _ in 0..40 {
        for engine in &mut engines {
            engine.stored(end).await;
        }
        field.happen(&mut fixture, 10);
        end = fixture.sync();
        for engine in &mut engines {
            engine.announce(end);
        }
    }
    let [a, b] = engines;
    a.kill().await;
    assert!(b.stop().await.is_drained());
    assert!(right(&dir) > 50);
}

/// The database comes back from a backup: readings and minutes go back together.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_set_back_gets_the_same_minutes_again() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("gridos.db");
    let mut fixture = Fixture::new();
    let mut field = Field::new(12);
    field.happen(&mut fixture, 100);
    let mut engine = Engine::start(&mut fixture, sqlite(&dir));
    engine.stored(fixture.sync()).await;
    engine.kill().await;
    let backup = dir.path().join("backup.db");
    rows(&path, &format!("vacuum into '{}'", backup.display()));
    field.happen(&mut fixture, 100);
    let engine = Engine::start(&mut fixture, sqlite(&dir));
    assert!(engine.stop().await.is_drained());
    right(&dir);
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(dir.path().join(format!("gridos.db{suffix}")));
    }
    std::fs::rename(backup, &path).unwrap();
    let engine = Engine::start(&mut fixture, sqlite(&dir));
    assert!(engine.stop().await.is_drained());
    assert!(right(&dir) > 50);
}

/// What was lost when it was to be stored is in no minute, before a crash and behind.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_is_in_no_minute() {
    let dir = TempDir::new().unwrap();
    let mut fixture = Fixture::new();
    half_a_minute(&mut fixture, 0);
    let pair = fixture.pair();
    let bad = fixture.sweep(&pair, at(29_500), &[7.5, 7.5]);
    half_a_minute(&mut fixture, 30_000);
    fixture.sync();
    fixture.damage(bad);
    for _ in 0..2 {
        let mut engine = Engine::start(&mut fixture, sqlite(&dir));
        engine.stored(fixture.sync()).await;
        engine.kill().await;
    }
    half_a_minute(&mut fixture, 60_000);
    let engine = Engine::start(&mut fixture, sqlite(&dir));
    assert!(engine.stop().await.is_drained());
    assert_eq!(right(&dir), 4);
    assert_eq!(totals(&dir).0, "60");
}

/// The journal no longer has what the open minute was made of: that is said, and stops nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_was_trimmed_too_early_makes_a_part_of_a_minute() {
    let dir = TempDir::new().unwrap();
    let options = Options {
        segment_bytes: 4 << 10,
        ..Options::default()
    };
    let mut fixture = Fixture::with_options(options);
    let pair = fixture.pair();
    for n in 0..200 {
        fixture.sweep(&pair, at(n * 100), &[1.5, 2.5]);
        fixture.sync();
    }
    let mut engine = Engine::start(&mut fixture, sqlite(&dir));
    let end = fixture.sync();
    engine.stored(end).await;
    engine.kill().await;
    let half = Position::new(end.position.get() / 2);
    assert!(Journal::trim(fixture.dir(), half).unwrap() > 0);
    let mut engine = Engine::start(&mut fixture, sqlite(&dir));
    let end = engine.work(&mut fixture, 1);
    engine.stored(end).await;
    assert_eq!(engine.telemetry.store.minutes_partial.get(), 1);
    assert!(engine.stop().await.is_drained());
    let (readings, minutes) = totals(&dir);
    assert_eq!(readings, "402");
    let minutes: u32 = minutes.parse().unwrap();
    assert!((2..402).contains(&minutes), "{minutes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn minutes_can_be_left_out() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("gridos.db");
    let without = || Arc::new(SqliteStore::new(&path).without_minutes());
    let mut fixture = Fixture::new();
    Field::new(13).happen(&mut fixture, 100);
    let mut engine = Engine::start(&mut fixture, without());
    let end = fixture.sync();
    engine.stored(end).await;
    assert_eq!(engine.needed(), end);
    assert!(engine.stop().await.is_drained());
    assert_eq!(rows(&path, MINUTES), [""; 0]);
    // From where they are wanted on, there are minutes; until they are not any more.
    let pair = fixture.pair();
    fixture.sweep(&pair, at(0), &[1.5, 2.5]);
    let mut engine = Engine::start(&mut fixture, sqlite(&dir));
    engine.stored(fixture.sync()).await;
    engine.kill().await;
    let stored = sqlite(&dir).position(fixture.stream()).await.unwrap();
    assert_eq!(stored.turned, Some(end));
    let engine = Engine::start(&mut fixture, without());
    assert!(engine.stop().await.is_drained());
    fixture.sweep(&pair, at(1), &[1.5, 2.5]);
    let engine = Engine::start(&mut fixture, without());
    assert!(engine.stop().await.is_drained());
    let stored = sqlite(&dir).position(fixture.stream()).await.unwrap();
    assert_eq!(stored.turned, None);
}
