//! The writer and journals that are not what they should be.

use std::sync::Arc;

use gridos_journal::{Holding, Journal, Options, Position};
use gridos_model::Timestamp;
use gridos_telemetry::{LedgerSnapshot, Loss};
use rusqlite::Connection;
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
    assert_eq!(ledger.lost_for(Loss::Damaged), 2);
    engine.stop().await;
    assert_eq!(counts(&dir), (1_009, 1_009, 2));
    // The time around the lost sweep, each received a millisecond after its own time.
    let expected = Missing {
        device: None,
        from: "1970-01-01 00:00:00.501000".to_owned(),
        until: "1970-01-01 00:00:00.503000".to_owned(),
        reason: "journal_damaged".to_owned(),
    };
    assert_eq!(missing(&dir), [expected]);
    let octets = quarantined_octets(&dir);
    assert_eq!(octets.len(), 1);
    assert!(octets[0].unwrap() > 48, "the damaged frame is kept");
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
    assert_eq!(ledger.lost_for(Loss::Trimmed), ledger.lost);
    assert_eq!(u64::from(sweeps) * 2, ledger.stored);
    assert_eq!(quarantined_octets(&dir), [None]);
}

/// The database was away, the disk was full, and the oldest was given up for the newest.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_up_is_a_loss_with_a_gap_and_its_reason() {
    let dir = TempDir::new().unwrap();
    let options = Options {
        segment_bytes: 8 << 10,
        ..Options::default()
    };
    let mut fixture = Fixture::with_options(options);
    let mut engine = Engine::start(&mut fixture, sqlite(&dir));
    let stored = engine.work(&mut fixture, 10);
    engine.stored(stored).await;
    let mut end = stored;
    for _ in 0..100 {
        end = engine.journal(&mut fixture, 10);
    }
    let holding = Holding {
        dir: fixture.dir().to_owned(),
        stored: Some(stored),
    };
    let sacrifice = holding.give_up(40 << 10).unwrap();
    assert!(sacrifice.segments > 2 && sacrifice.readings > 100);
    engine.announce(end);
    engine.stored(end).await;
    let ledger = settled(&engine);
    assert_eq!(ledger.lost_for(Loss::GivenUp), sacrifice.readings);
    assert_eq!(ledger.lost, sacrifice.readings);
    assert_eq!(ledger.stored + ledger.lost, 2_020);
    engine.stop().await;
    let told = missing(&dir);
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0].device, &*told[0].reason), (&None, "journal_full"));
    assert!(told[0].from < told[0].until, "{told:?}");
    let connection = Connection::open(dir.path().join("gridos.db")).unwrap();
    let reason = "select reason, readings from quarantine";
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let (reason, readings): (String, i64) = connection.query_row(reason, [], row).unwrap();
    assert!(reason.starts_with("the disk was full"), "{reason}");
    assert_eq!(readings.cast_unsigned(), sacrifice.readings);
}

/// A row of the view `device_gap`.
#[derive(Debug, PartialEq, Eq)]
struct Missing {
    device: Option<String>,
    from: String,
    until: String,
    reason: String,
}

fn missing(dir: &TempDir) -> Vec<Missing> {
    let connection = Connection::open(dir.path().join("gridos.db")).unwrap();
    let mut ask = connection.prepare("select * from device_gap").unwrap();
    let rows = ask.query_map([], |row| {
        Ok(Missing {
            device: row.get(0)?,
            from: row.get(1)?,
            until: row.get(2)?,
            reason: row.get(3)?,
        })
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// How many octets each row of the table `quarantine` has.
fn quarantined_octets(dir: &TempDir) -> Vec<Option<i64>> {
    let connection = Connection::open(dir.path().join("gridos.db")).unwrap();
    let sql = "select length(frame) from quarantine";
    let mut ask = connection.prepare(sql).unwrap();
    let rows = ask.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
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
