//! The writer and journals that are not what they should be.

use std::sync::Arc;

use gridos_journal::{Journal, Options, Position};
use gridos_model::Timestamp;
use gridos_telemetry::LedgerSnapshot;
use tempfile::TempDir;

use super::writer::{counts, sqlite};
use crate::support::engine::Engine;
use crate::support::fixture::{Fixture, at, foreign};

/// The ledger of an engine that has stored everything that there is.
fn settled(engine: &Engine) -> LedgerSnapshot {
    let ledger = engine.telemetry.ledger.snapshot();
    assert!(ledger.is_balanced() && ledger.in_journal == 0, "{ledger:?}");
    ledger
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_damaged_is_recorded_and_the_rest_is_stored() {
    let dir = TempDir::new().unwrap();
    let mut fixture = Fixture::new();
    let pair = fixture.pair();
    let mut middle = Position::START;
    for n in 0..1_000_i64 {
        let end = fixture.sweep(&pair, Timestamp::from_millis(n), &[1.5, 2.5]);
        middle = if n == 500 { end } else { middle };
    }
    fixture.sync();
    fixture.damage(middle);
    let mut engine = Engine::start(&mut fixture, sqlite(&dir));
    let end = engine.work(&mut fixture, 10);
    engine.stored(end).await;
    let ledger = settled(&engine);
    assert_eq!((ledger.carried_over, ledger.lost), (2_000, 2));
    assert_eq!(ledger.stored, 2_018);
    engine.stop().await;
    assert_eq!(counts(&dir), (1_009, 1_009, 2));
}

/// Nothing good is behind the damage yet: only the durable end tells what it held.
#[tokio::test(flavor = "multi_thread")]
async fn damage_at_the_end_of_a_live_journal_is_a_loss() {
    let dir = TempDir::new().unwrap();
    let mut fixture = Fixture::new();
    let mut engine = Engine::start(&mut fixture, sqlite(&dir));
    let good = engine.work(&mut fixture, 10);
    engine.stored(good).await;
    let bad = engine.journal(&mut fixture, 1);
    fixture.damage(good.position);
    engine.announce(bad);
    engine.stored(bad).await;
    let ledger = settled(&engine);
    assert_eq!((ledger.stored, ledger.lost), (20, 2));
    let end = engine.work(&mut fixture, 10);
    engine.stored(end).await;
    let ledger = settled(&engine);
    assert_eq!((ledger.stored, ledger.lost), (40, 2));
    assert_eq!((ledger.carried_over, ledger.journalled), (0, 42));
    engine.stop().await;
    assert_eq!(counts(&dir), (20, 20, 2));
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
        fixture.sweep(&pair, Timestamp::from_millis(n), &[1.5, 2.5]);
        fixture.sync();
    }
    let cut = Position::new(fixture.sync().position.get() / 2);
    assert!(Journal::trim(fixture.dir(), cut).unwrap() > 1);
    let mut engine = Engine::start(&mut fixture, sqlite(&dir));
    let end = engine.work(&mut fixture, 10);
    engine.stored(end).await;
    let ledger = settled(&engine);
    assert_eq!(ledger.carried_over, 2_000);
    assert!(ledger.lost > 500, "{ledger:?}");
    assert_eq!(ledger.stored + ledger.lost, 2_020);
    engine.stop().await;
    let (sweeps, times, lost) = counts(&dir);
    assert_eq!(sweeps, times);
    assert_eq!(u64::from(lost), ledger.lost);
    assert_eq!(u64::from(sweeps) * 2, ledger.stored);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_went_to_quarantine_is_not_counted_as_stored() {
    let dir = TempDir::new().unwrap();
    let mut fixture = Fixture::new();
    foreign(&mut fixture);
    let mut engine = Engine::start(&mut fixture, sqlite(&dir));
    let end = engine.work(&mut fixture, 10);
    engine.stored(end).await;
    let ledger = settled(&engine);
    assert_eq!((ledger.stored, ledger.quarantined), (20, 2));
    assert_eq!((ledger.lost, ledger.carried_over), (0, 2));
    engine.stop().await;
    // The next process begins anew with what it counts.
    let engine = Engine::start(&mut fixture, sqlite(&dir));
    engine.seen(|t| t.store.connected.get() == 1).await;
    assert_eq!(settled(&engine).quarantined, 0);
    engine.stop().await;
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
    let mut restored = Fixture::restored(&fixture.segment(), early);
    assert_left_alone(&dir, &mut restored, "goes only to").await;
    // Now it has passed the place where the database stands, and begins there with a whole record.
    assert!(restored.sync().position > end.position);
    assert_left_alone(&dir, &mut restored, "another history").await;
}

/// Runs an engine that must store nothing and say why.
async fn assert_left_alone(dir: &TempDir, fixture: &mut Fixture, why: &str) {
    let before = counts(dir);
    let engine = Engine::start(fixture, sqlite(dir));
    let pair = fixture.pair();
    for n in 0..100_i64 {
        fixture.sweep(&pair, at(n * 1_000 + 7), &[8.5, 9.5]);
    }
    engine.announce(fixture.sync());
    engine.failed(2).await;
    let telemetry = Arc::clone(&engine.telemetry);
    let trouble = telemetry.store.trouble.get().unwrap();
    assert!(trouble.contains(why), "{trouble}");
    assert!(trouble.contains("folder is moved away"), "{trouble}");
    assert_eq!(
        (
            telemetry.store.commits.get(),
            telemetry.store.connected.get()
        ),
        (0, 0)
    );
    assert!(!engine.stop().await.is_drained());
    assert_eq!(counts(dir), before);
}
