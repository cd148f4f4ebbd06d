//! SQLite gives up what is too old, or too much.

use std::time::{Duration, SystemTime};

use gridos_journal::Tail;
use gridos_model::{AlarmKind, Quality, Timestamp};
use gridos_store::{Maintain, SqliteStore, Store, Upkeep, Upkept};
use tempfile::TempDir;

use crate::support::fixture::{Fixture, raised};

const DAY: Duration = Duration::from_secs(86_400);
const MINUTE: Duration = Duration::from_secs(60);

fn count(dir: &TempDir, sql: &str) -> i64 {
    let connection = rusqlite::Connection::open(dir.path().join("gridos.db")).unwrap();
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn open(dir: &TempDir) -> SqliteStore {
    SqliteStore::new(&dir.path().join("gridos.db"))
}

async fn upkeep(store: &SqliteStore, wanted: &Upkeep) -> Upkept {
    let mut done = Upkept::default();
    store.upkeep(wanted, &mut done).await.unwrap();
    done
}

/// A sweep and an event each minute since `ago`, up to a minute ago.
fn minutes(fixture: &mut Fixture, ago: u32, until: u32) {
    let now = Timestamp::from(SystemTime::now());
    let pair = fixture.pair();
    for n in (until..ago).rev() {
        let time = now.saturating_sub(n * MINUTE);
        fixture.sweep(&pair, time, &[f64::from(n), 0.25]);
        fixture.events(&[(2, time, f64::from(n), Quality::GOOD)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_old_goes() {
    let dir = TempDir::new().unwrap();
    let store = open(&dir);
    store.migrate().await.unwrap();
    let mut fixture = Fixture::new();
    let now = Timestamp::from(SystemTime::now());
    let old = now.saturating_sub(9 * DAY);
    // Told when they changed: the younger one stays, however old it is.
    fixture.texts_received(old, &[(0, old, b"v1", Quality::GOOD)]);
    let later = old.saturating_add(MINUTE);
    fixture.texts_received(later, &[(0, later, b"v2", Quality::GOOD)]);
    let alarm = |sequence, received| raised(sequence, "sub1.feeder-01", AlarmKind::Link, received);
    let alarms = [alarm(1, old), alarm(2, now)];
    fixture.journal().append_alarms(&alarms);
    minutes(&mut fixture, 4_320, 1);
    // Late by years, but received now.
    fixture.sweep_received(now, Timestamp::EPOCH, [7.0, 0.0]);
    let chunk = fixture.all();
    store
        .write(fixture.stream(), &chunk, fixture.book())
        .await
        .unwrap();
    assert_eq!(upkeep(&store, &Upkeep::default()).await, Upkept::default());
    let wanted = Upkeep {
        keep: Some(DAY),
        ..Upkeep::default()
    };
    let done = upkeep(&store, &wanted).await;
    let gone = 4_319 - 1_439;
    // A sweep, an event, and their rows of the minute; and an alarm.
    assert!(
        (4 * gone - 2..=4 * (gone + 2) + 2).contains(&done.deleted),
        "{done:?} {gone}"
    );
    assert_eq!(count(&dir, "select count(*) from text_event"), 1);
    assert_eq!(count(&dir, "select text = 'v2' from latest_text"), 1);
    assert_eq!(count(&dir, "select sum(sequence) from alarm_event"), 2);
    assert_eq!(
        count(&dir, "select count(*) from sweep where ts < '1971'"),
        1
    );
    for table in ["sweep", "event", "minute"] {
        let sql = format!(
            "select count(*) from {table} where received < datetime('now', '-1 day', '-1 minute')"
        );
        assert_eq!(count(&dir, &sql), 0, "{table}");
    }
    // The position is where it was, and the writer goes on from there.
    assert_eq!(
        store.position(fixture.stream()).await.unwrap().tail,
        chunk.until()
    );
    minutes(&mut fixture, 1, 0);
    let next = fixture.chunk(chunk.until());
    store
        .write(fixture.stream(), &next, fixture.book())
        .await
        .unwrap();
    assert_eq!(upkeep(&store, &wanted).await.deleted, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_stays_below_its_limit() {
    let dir = TempDir::new().unwrap();
    let store = open(&dir).without_minutes();
    store.migrate().await.unwrap();
    let limit = 4 << 20;
    let wanted = Upkeep {
        size_limit: Some(limit),
        ..Upkeep::default()
    };
    let mut fixture = Fixture::new();
    let (mut from, mut deleted) = (Tail::default(), 0);
    let size = || {
        std::fs::metadata(dir.path().join("gridos.db"))
            .unwrap()
            .len()
    };
    // Five times what there is room for, in portions far below it.
    let total = 100_000;
    for portion in 0..25 {
        let ago = total - portion * total / 25;
        minutes(&mut fixture, ago, ago - total / 25);
        let chunk = fixture.chunk(from);
        store
            .write(fixture.stream(), &chunk, fixture.book())
            .await
            .unwrap();
        from = chunk.until();
        deleted += upkeep(&store, &wanted).await.deleted;
        count(&dir, "pragma wal_checkpoint(truncate)");
        assert!(size() <= limit + limit / 4, "{portion}: {}", size());
    }
    assert!(size() <= limit, "{}", size());
    let left = count(
        &dir,
        "select (select count(*) from sweep) + (select count(*) from event)",
    );
    assert_eq!(u64::try_from(left).unwrap() + deleted, 2 * u64::from(total));
    // The oldest went, of both kinds alike, and the youngest are all there.
    let span = |table: &str| {
        let sql = format!(
            "select strftime('%s', max(received)) / 60 - strftime('%s', min(received)) / 60 from {table}"
        );
        count(&dir, &sql)
    };
    let (sweeps, events) = (span("sweep"), span("event"));
    assert!(
        sweeps.abs_diff(events) <= 2_000 && sweeps > 8_000,
        "{sweeps} {events}"
    );
    // Half a minute off, so that it does not matter in which second this asks; time goes on while
    // it runs.
    let sql = "select count(*) from sweep where received >= datetime('now', '-299970 seconds')";
    let youngest = count(&dir, sql);
    assert!((4_980..=5_000).contains(&youngest), "{youngest}");
    // A limit that is lowered later is kept as well.
    let wanted = Upkeep {
        size_limit: Some(limit / 2),
        ..Upkeep::default()
    };
    upkeep(&store, &wanted).await;
    count(&dir, "pragma wal_checkpoint(truncate)");
    assert!(size() <= limit / 2, "{}", size());
    assert_eq!(store.position(fixture.stream()).await.unwrap().tail, from);
}

/// Who writes gets its turn while much is deleted.
#[tokio::test(flavor = "multi_thread")]
async fn the_writer_has_its_turn_meanwhile() {
    let dir = TempDir::new().unwrap();
    let store = std::sync::Arc::new(open(&dir).without_minutes());
    store.migrate().await.unwrap();
    let mut fixture = Fixture::new();
    minutes(&mut fixture, 60_000, 20_000);
    let chunk = fixture.all();
    store
        .write(fixture.stream(), &chunk, fixture.book())
        .await
        .unwrap();
    let mut from = chunk.until();
    let deleting = {
        let store = std::sync::Arc::clone(&store);
        let wanted = Upkeep {
            keep: Some(DAY),
            ..Upkeep::default()
        };
        tokio::spawn(async move { upkeep(&store, &wanted).await })
    };
    let mut turns = 0;
    while !deleting.is_finished() {
        minutes(&mut fixture, 1, 0);
        let next = fixture.chunk(from);
        store
            .write(fixture.stream(), &next, fixture.book())
            .await
            .unwrap();
        from = next.until();
        turns += 1;
    }
    let done = deleting.await.unwrap();
    assert_eq!(done.deleted, 2 * 40_000);
    assert!(turns > 3, "{turns}");
}
