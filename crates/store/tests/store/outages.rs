//! A PostgreSQL server that goes away in the middle of things, and comes back.

use std::sync::Arc;

use gridos_store::{PostgresConfig, PostgresStore};

use super::postgres::rows;
use crate::support::engine::Engine;
use crate::support::fixture::Fixture;
use crate::support::minutes::{MINUTES, READINGS, check};
use crate::support::postgres::{Cluster, Shutdown};

const COUNTS: &str = "select count(*), count(distinct ts) from sweep";

/// Over TCP, as from another machine.
fn config(cluster: &Cluster, database: &str) -> PostgresConfig {
    let mut config = super::postgres::config(cluster, database);
    config.host = "127.0.0.1".to_owned();
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled_whatever_the_server_does() {
    let Some(mut cluster) = Cluster::start().await else {
        return;
    };
    the_server_stops_and_starts(&mut cluster, "outage", Shutdown::Immediate).await;
    the_server_stops_and_starts(&mut cluster, "upgrade", Shutdown::Fast).await;
    backends_are_terminated_in_mid_copy(&cluster).await;
    the_right_to_insert_is_taken_and_given(&cluster).await;
}

async fn the_server_stops_and_starts(cluster: &mut Cluster, database: &str, how: Shutdown) {
    cluster.create_database(database).await;
    let store = Arc::new(PostgresStore::new(config(cluster, database)));
    let mut fixture = Fixture::new();
    let mut engine = Engine::start(&mut fixture, store);
    let end = engine.work(&mut fixture, 1_000);
    engine.stored(end).await;
    engine.work(&mut fixture, 1_000);
    cluster.stop(how);
    engine.work(&mut fixture, 1_000);
    engine.failed(3).await;
    assert_eq!(engine.telemetry.store.connected.get(), 0);
    assert!(engine.telemetry.store.backlog_bytes.get() > 0);
    cluster.resume().await;
    let end = engine.work(&mut fixture, 1_000);
    engine.stored(end).await;
    assert_eq!(engine.telemetry.store.connected.get(), 1);
    let ledger = engine.telemetry.ledger.snapshot();
    assert!(ledger.is_balanced() && ledger.in_journal == 0, "{ledger:?}");
    assert_eq!(ledger.stored, 8_000);
    assert!(engine.stop().await.is_drained());
    assert_eq!(rows(cluster, database, COUNTS).await, ["4000|4000"]);
    minutes_are_right(cluster, database, 4_000).await;
}

/// The minutes of sweeps of two points, one a second, are those of the readings.
async fn minutes_are_right(cluster: &Cluster, database: &str, sweeps: u64) {
    let minutes = rows(cluster, database, MINUTES).await;
    let found = check(&minutes, &rows(cluster, database, READINGS).await);
    assert_eq!(found as u64, 2 * sweeps.div_ceil(60));
}

async fn backends_are_terminated_in_mid_copy(cluster: &Cluster) {
    cluster.create_database("terminated").await;
    let store = Arc::new(PostgresStore::new(config(cluster, "terminated")));
    let mut fixture = Fixture::new();
    let mut engine = Engine::start(&mut fixture, store);
    let client = cluster.connect("terminated").await;
    let kill = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
                where application_name = 'gridos' and query like 'copy%'";
    let mut killed = 0_i64;
    let mut end = engine.work(&mut fixture, 100);
    while killed < 5 {
        end = engine.work(&mut fixture, 100);
        killed += client.query_one(kill, &[]).await.unwrap().get::<_, i64>(0);
    }
    engine.stored(end).await;
    assert!(engine.telemetry.store.errors.get() > 0);
    let ledger = engine.telemetry.ledger.snapshot();
    assert!(ledger.is_balanced() && ledger.in_journal == 0, "{ledger:?}");
    assert!(engine.stop().await.is_drained());
    let sweeps = end.readings / 2;
    let expected = format!("{sweeps}|{sweeps}");
    assert_eq!(rows(cluster, "terminated", COUNTS).await, [expected]);
    minutes_are_right(cluster, "terminated", sweeps).await;
}

async fn the_right_to_insert_is_taken_and_given(cluster: &Cluster) {
    cluster.create_database("rights").await;
    let prepare = "create role engine login; grant all on schema public to engine";
    rows(cluster, "rights", prepare).await;
    let mut config = config(cluster, "rights");
    config.user = "engine".to_owned();
    let mut fixture = Fixture::new();
    let mut engine = Engine::start(&mut fixture, Arc::new(PostgresStore::new(config)));
    let end = engine.work(&mut fixture, 10);
    engine.stored(end).await;
    rows(cluster, "rights", "revoke insert on sweep from engine").await;
    let end = engine.work(&mut fixture, 10);
    engine.failed(2).await;
    assert_eq!(rows(cluster, "rights", COUNTS).await, ["10|10"]);
    rows(cluster, "rights", "grant insert on sweep to engine").await;
    engine.stored(end).await;
    assert!(engine.stop().await.is_drained());
    assert_eq!(rows(cluster, "rights", COUNTS).await, ["20|20"]);
    minutes_are_right(cluster, "rights", 20).await;
}
