//! Records that the database refuses for what they hold, and errors that are of no record.

use std::sync::Arc;

use gridos_model::{AlarmKind, DeviceId, Gap, GapReason, Level, PointId, Quality, Transition};
use gridos_store::{PostgresStore, SqliteStore};
use gridos_telemetry::StoreFault;
use tempfile::TempDir;

use super::postgres::{config, rows};
use crate::support::engine::Engine;
use crate::support::fixture::{Fixture, at, raised};
use crate::support::postgres::Cluster;

const QUARANTINE: &str = "select readings, record::json->'values'->>0, reason, frame is not null \
                          from quarantine order by position";

#[tokio::test(flavor = "multi_thread")]
async fn one_record_goes_to_quarantine_and_the_rest_goes_in() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    a_check_refuses_some_sweeps(&cluster).await;
    a_trigger_refuses_an_event(&cluster).await;
    a_constraint_that_waits_for_the_commit_refuses_a_sweep(&cluster).await;
    a_text_that_the_encoding_has_not(&cluster).await;
    an_alarm_is_refused(&cluster).await;
    what_happened_to_an_alarm_is_refused(&cluster).await;
    a_row_without_a_partition_is_no_bad_record(&cluster).await;
    a_device_that_is_refused_costs_no_record(&cluster).await;
}

/// A migrated database with a writer.
async fn engine(cluster: &Cluster, name: &str, sql: &str) -> (Fixture, Engine) {
    let mut fixture = Fixture::new();
    let store = Arc::new(PostgresStore::new(config(cluster, name)));
    let mut engine = Engine::start(&mut fixture, store);
    let end = engine.work(&mut fixture, 1);
    engine.stored(end).await;
    rows(cluster, name, sql).await;
    (fixture, engine)
}

/// What the engine counts once everything is stored: stored, quarantined and how often the
/// database refused a record.
fn counts(engine: &Engine) -> (u64, u64, u64) {
    let ledger = engine.telemetry.ledger.snapshot();
    assert!(ledger.is_balanced() && ledger.in_journal == 0, "{ledger:?}");
    assert_eq!(ledger.lost, 0);
    let store = &engine.telemetry.store;
    assert_eq!(store.errors.get(), store.faults(StoreFault::Content));
    assert_eq!((store.connected.get(), store.trouble.get()), (1, None));
    let refused = store.faults(StoreFault::Content);
    (ledger.stored, ledger.quarantined, refused)
}

async fn a_check_refuses_some_sweeps(cluster: &Cluster) {
    cluster.create_database("checked").await;
    let check = "alter table sweep add constraint no_thirteen check (value[1] <> 13)";
    let (mut fixture, mut engine) = engine(cluster, "checked", check).await;
    let pair = fixture.pair();
    for n in 0..1_000_i64 {
        let value = if n == 500 || n == 501 || n == 900 {
            13.0
        } else {
            1.5
        };
        fixture.sweep(&pair, at(10_000 + n), &[value, 0.5]);
    }
    engine.count(2_000);
    let end = fixture.sync();
    engine.announce(end);
    engine.stored(end).await;
    let (stored, quarantined, refused) = counts(&engine);
    assert_eq!((stored, quarantined), (2_002 - 6, 6));
    // The line in the error's context leads to the record at once; then it is refused alone.
    assert!((4..=6).contains(&refused), "{refused}");
    let found = rows(cluster, "checked", QUARANTINE).await;
    let reason = "violates check constraint \"no_thirteen\" (SQLSTATE 23514); Failing row contains";
    assert_eq!(found.len(), 3, "{found:?}");
    for row in found {
        assert!(
            row.starts_with("2|13.0|new row for relation \"sweep"),
            "{row}"
        );
        assert!(row.contains(reason) && row.ends_with("|t"), "{row}");
    }
    let sweeps = "select count(*), count(distinct ts) from sweep where value[1] <> 13";
    assert_eq!(rows(cluster, "checked", sweeps).await, ["998|998"]);
    // Large transactions again.
    let (before, end) = (
        engine.telemetry.store.commits.get(),
        engine.work(&mut fixture, 1_000),
    );
    engine.stored(end).await;
    let commits = engine.telemetry.store.commits.get() - before;
    assert!(commits < 40, "{commits}");
    assert!(engine.stop().await.is_drained());
    // All minutes are closed at the end, and what was refused is in none.
    let minutes = "select sum(count) = (select count(*) from sweep), max(max) \
                   from reading_1m where point like '%.ib'";
    assert_eq!(rows(cluster, "checked", minutes).await, ["t|0.5"]);
    let minutes = "select count(*) from reading_1m where point like '%.ia' and last = 13";
    assert_eq!(rows(cluster, "checked", minutes).await, ["0"]);
}

async fn a_trigger_refuses_an_event(cluster: &Cluster) {
    cluster.create_database("triggered").await;
    let trigger = "create function refuse() returns trigger language plpgsql as $$ begin \
                   if new.value[1] = 13 then perform 'x'::int; end if; return new; end $$; \
                   create trigger refuse before insert on event \
                   for each row execute function refuse()";
    let (mut fixture, mut engine) = engine(cluster, "triggered", trigger).await;
    for n in 0..100_i32 {
        let value = if n == 61 { 13.0 } else { f64::from(n % 10) };
        // Two rows each, for they are far apart.
        let late = (1, at(3_600_000), 0.5, Quality::GOOD);
        fixture.events(&[(2, at(n.into()), value, Quality::GOOD), late]);
    }
    engine.count(200);
    let end = fixture.sync();
    engine.announce(end);
    engine.stored(end).await;
    let (stored, quarantined, refused) = counts(&engine);
    assert_eq!((stored, quarantined), (200, 2));
    assert_eq!(refused, 2);
    let found = rows(cluster, "triggered", QUARANTINE).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("2|13.0|invalid input syntax"),
        "{found:?}"
    );
    assert!(engine.stop().await.is_drained());
}

/// The server says so only at the end, and of no line.
async fn a_constraint_that_waits_for_the_commit_refuses_a_sweep(cluster: &Cluster) {
    cluster.create_database("deferred").await;
    let constraint = "create function refuse() returns trigger language plpgsql as $$ begin \
                      if new.value[1] = 13 then raise exception 'no' using errcode = '23000'; \
                      end if; return null; end $$; \
                      create constraint trigger refuse after insert on sweep \
                      deferrable initially deferred for each row execute function refuse()";
    let (mut fixture, mut engine) = engine(cluster, "deferred", constraint).await;
    let pair = fixture.pair();
    for n in 0..300_i64 {
        let value = if n == 77 { 13.0 } else { 1.5 };
        fixture.sweep(&pair, at(10_000 + n), &[value, 0.5]);
    }
    engine.count(600);
    let end = fixture.sync();
    engine.announce(end);
    engine.stored(end).await;
    let (stored, quarantined, refused) = counts(&engine);
    assert_eq!((stored, quarantined), (600, 2));
    assert!((2..=17).contains(&refused), "{refused}");
    let found = rows(cluster, "deferred", QUARANTINE).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("2|13.0|no (SQLSTATE 23000)"),
        "{found:?}"
    );
    assert!(engine.stop().await.is_drained());
}

async fn a_text_that_the_encoding_has_not(cluster: &Cluster) {
    cluster.create_database("latin").await;
    // As a database of another encoding would.
    let check = "alter table text_event add check (convert_to(text, 'LATIN1') is not null)";
    let (mut fixture, mut engine) = engine(cluster, "latin", check).await;
    for (n, text) in (0..).zip(["v1", "5 kΩ", "v2", "Größe"]) {
        fixture.texts(&[(2, at(n), text.as_bytes(), Quality::GOOD)]);
    }
    engine.count(4);
    let end = fixture.sync();
    engine.announce(end);
    engine.stored(end).await;
    let (stored, quarantined, _) = counts(&engine);
    assert_eq!((stored, quarantined), (5, 1));
    let texts = "select text from text_event order by ts";
    assert_eq!(rows(cluster, "latin", texts).await, ["v1", "v2", "Größe"]);
    let found = "select readings, record, reason from quarantine";
    let found = rows(cluster, "latin", found).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains(r#""texts":["5 k\u03a9"]"#), "{found:?}");
    assert!(found[0].contains("SQLSTATE 22P05"), "{found:?}");
    assert!(engine.stop().await.is_drained());
}

async fn an_alarm_is_refused(cluster: &Cluster) {
    cluster.create_database("alarms").await;
    let check = "alter table alarm_transition add constraint tame check (to_level <> 'high')";
    let (mut fixture, mut engine) = engine(cluster, "alarms", check).await;
    let point = PointId::of("sub1.feeder-01", "ia");
    let change = |nth, to| Transition {
        point,
        from: Level::Normal,
        to,
        time: at(nth),
        received: at(nth),
        value: 1.5,
        quality: Quality::GOOD,
        occurrence: 1,
    };
    fixture.transitions(&[change(1, Level::Low)]);
    fixture.transitions(&[change(2, Level::High)]);
    let end = engine.work(&mut fixture, 10);
    engine.stored(end).await;
    let (stored, quarantined, _) = counts(&engine);
    assert_eq!((stored, quarantined), (22, 0));
    let found = "select readings, record::json->0->>'to' from quarantine";
    assert_eq!(rows(cluster, "alarms", found).await, ["0|high"]);
    let kept = "select to_level from alarm_transition";
    assert_eq!(rows(cluster, "alarms", kept).await, ["low"]);
    assert!(engine.stop().await.is_drained());
}

async fn what_happened_to_an_alarm_is_refused(cluster: &Cluster) {
    cluster.create_database("events").await;
    let check = "alter table alarm_event add constraint tame check (occurrence <> 13)";
    let (mut fixture, mut engine) = engine(cluster, "events", check).await;
    for sequence in [12, 13, 14] {
        let owner = "sub1.feeder-01.ia";
        let millis = i64::try_from(sequence).unwrap();
        let record = raised(sequence, owner, AlarmKind::Limit, at(millis));
        fixture.journal().append_alarms(&[record]);
    }
    let end = engine.work(&mut fixture, 10);
    engine.stored(end).await;
    let (stored, quarantined, _) = counts(&engine);
    assert_eq!((stored, quarantined), (22, 0));
    let found = "select readings, record::json->0->>'action', record::json->0->>'sequence' \
                 from quarantine";
    assert_eq!(rows(cluster, "events", found).await, ["0|raised|13"]);
    let kept = "select sequence, alarm from alarm_history order by 1";
    let name = "sub1.feeder-01.ia:limit";
    let expected = [format!("12|{name}"), format!("14|{name}")];
    assert_eq!(rows(cluster, "events", kept).await, expected);
    assert!(engine.stop().await.is_drained());
}

async fn a_row_without_a_partition_is_no_bad_record(cluster: &Cluster) {
    cluster.create_database("parted").await;
    let part = "alter table gap rename to gap_before; \
                create table gap (like gap_before) partition by range (from_ts)";
    let (mut fixture, mut engine) = engine(cluster, "parted", part).await;
    let gap = Gap {
        device: DeviceId::of("sub1.feeder-01"),
        from: at(0),
        until: at(1),
        reason: GapReason::DeviceDown,
    };
    fixture.journal().append_gap(&gap);
    let end = engine.work(&mut fixture, 10);
    engine
        .seen(|telemetry| telemetry.store.faults(StoreFault::Schema) >= 3)
        .await;
    let trouble = engine.telemetry.store.trouble.get().unwrap();
    assert!(
        trouble.contains("no partition of relation \"gap\""),
        "{trouble}"
    );
    assert_eq!(engine.telemetry.store.faults(StoreFault::Content), 0);
    let make = "create table gap_default partition of gap default";
    rows(cluster, "parted", make).await;
    engine.stored(end).await;
    let quarantine = "select count(*), (select count(*) from gap) from quarantine";
    assert_eq!(rows(cluster, "parted", quarantine).await, ["0|1"]);
    assert!(engine.stop().await.is_drained());
}

/// Names and units are of no record: the readings wait until somebody has looked.
async fn a_device_that_is_refused_costs_no_record(cluster: &Cluster) {
    cluster.create_database("named").await;
    let store = Arc::new(PostgresStore::new(config(cluster, "named")));
    gridos_store::Store::migrate(&*store).await.unwrap();
    let check = "alter table device add constraint short check (length(name) < 3)";
    rows(cluster, "named", check).await;
    let mut fixture = Fixture::new();
    let mut engine = Engine::start(&mut fixture, store);
    let end = engine.work(&mut fixture, 10);
    engine.failed(3).await;
    let faults = |fault| engine.telemetry.store.faults(fault);
    assert!(faults(StoreFault::Refused) >= 3 && faults(StoreFault::Content) == 0);
    rows(cluster, "named", "alter table device drop constraint short").await;
    engine.stored(end).await;
    assert_eq!(
        rows(cluster, "named", "select count(*) from quarantine").await,
        ["0"]
    );
    assert!(engine.stop().await.is_drained());
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_quarantines_one_record_too() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("gridos.db");
    let mut fixture = Fixture::new();
    let mut engine = Engine::start(&mut fixture, Arc::new(SqliteStore::new(&path)));
    let end = engine.work(&mut fixture, 1);
    engine.stored(end).await;
    let connection = rusqlite::Connection::open(path).unwrap();
    let trigger = "create trigger refuse before insert on sweep when new.value like '[13.0,%' \
                   begin select raise(abort, 'thirteen'); end";
    connection.execute_batch(trigger).unwrap();
    let end = engine.work(&mut fixture, 300);
    engine.stored(end).await;
    let (stored, quarantined, refused) = counts(&engine);
    assert_eq!((stored, quarantined), (600, 2));
    assert!(refused > 0);
    let sql = "select record ->> '$.values[0]' || reason from quarantine";
    let found = connection.query_row(sql, [], |row| row.get::<_, String>(0));
    assert_eq!(found.unwrap(), "13.0thirteen");
    assert!(engine.stop().await.is_drained());
}
