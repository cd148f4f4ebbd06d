//! Several servers of one database, of which one takes writes.

use std::sync::Arc;
use std::time::Duration;

use gridos_store::postgres::PostgresServer;
use gridos_store::{HistoryQuery, PostgresConfig, PostgresStore, Store, StoreError};
use gridos_telemetry::StoreFault;
use tokio::net::TcpListener;

use super::postgres::{config, rows};
use crate::support::engine::Engine;
use crate::support::fixture::Fixture;
use crate::support::postgres::{Cluster, Shutdown};

const COUNTS: &str = "select count(*), count(distinct ts) from sweep";
const READ_ONLY: &str = "default_transaction_read_only";

fn server(cluster: &Cluster) -> PostgresServer {
    PostgresServer {
        host: cluster.host(),
        port: cluster.port(),
    }
}

fn both(first: &Cluster, second: &Cluster) -> PostgresConfig {
    let mut config = config(first, "grid");
    config.further = vec![server(second)];
    config
}

/// Two databases that know nothing of each other stand for a primary and a standby that has none of
/// its last transactions.
#[tokio::test(flavor = "multi_thread")]
async fn the_writer_finds_the_server_that_takes_writes() {
    let Some(mut first) = Cluster::start().await else {
        return;
    };
    let Some(second) = Cluster::start().await else {
        return;
    };
    for cluster in [&first, &second] {
        cluster.create_database("grid").await;
    }
    first.set(READ_ONLY, "on").await;
    let mut fixture = Fixture::new();
    let store = Arc::new(PostgresStore::new(both(&first, &second)));
    let mut engine = Engine::start(&mut fixture, Arc::clone(&store) as _);
    let end = engine.work(&mut fixture, 100);
    engine.stored(end).await;
    assert_eq!(rows(&second, "grid", COUNTS).await, ["100|100"]);
    assert_eq!(engine.telemetry.store.errors.get(), 0);

    // The roles change while the writer is connected.
    first.set(READ_ONLY, "off").await;
    second.set(READ_ONLY, "on").await;
    let end = engine.work(&mut fixture, 100);
    engine.stored(end).await;
    let faults = |fault| engine.telemetry.store.faults(fault);
    assert!(faults(StoreFault::ReadOnly) > 0);
    assert_eq!(rows(&first, "grid", COUNTS).await, ["200|200"]);

    // Nobody takes writes: it is waited for.
    first.set(READ_ONLY, "on").await;
    let before = faults(StoreFault::ReadOnly);
    let end = engine.work(&mut fixture, 100);
    engine
        .seen(|telemetry| telemetry.store.faults(StoreFault::ReadOnly) >= before + 3)
        .await;
    let trouble = engine.telemetry.store.trouble.get().unwrap();
    for cluster in [&first, &second] {
        let place = format!("database 'grid' at {}: it takes no writes", server(cluster));
        assert!(trouble.contains(&place), "{trouble}");
    }
    // The primary is gone, and the other one is promoted.
    first.stop(Shutdown::Immediate);
    second.set(READ_ONLY, "off").await;
    engine.stored(end).await;
    assert_eq!(rows(&second, "grid", COUNTS).await, ["300|300"]);
    let ledger = engine.telemetry.ledger.snapshot();
    assert!(ledger.is_balanced() && ledger.in_journal == 0, "{ledger:?}");
    assert!(engine.stop().await.is_drained());
}

#[tokio::test(flavor = "multi_thread")]
async fn history_is_asked_of_whoever_answers() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    cluster.create_database("grid").await;
    let mut config = config(&cluster, "grid");
    PostgresStore::new(config.clone()).migrate().await.unwrap();
    cluster.set(READ_ONLY, "on").await;
    // A server that accepts and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = silent.local_addr().unwrap();
    config.further = vec![server(&cluster)];
    config.host = silent.ip().to_string();
    config.port = silent.port();
    config.connect_timeout = Duration::from_millis(10);
    let store = PostgresStore::new(config.clone());
    let query = HistoryQuery {
        point: "nobody's".to_owned(),
        from: gridos_model::Timestamp::MIN,
        until: gridos_model::Timestamp::MAX,
        limit: 1,
        youngest: true,
    };
    assert_eq!(store.history(&query).await.unwrap(), []);
    let refused = store.migrate().await.unwrap_err();
    assert!(
        matches!(refused, StoreError::ReadOnly { .. }),
        "{refused:?}"
    );
    let text = refused.to_string();
    assert!(text.contains(&format!("at {silent}: ")), "{text}");
    assert!(text.contains("it takes no writes"), "{text}");
}
