//! A server that answers nothing any more, at any moment, and does not break off either.

use std::sync::Arc;
use std::time::Duration;

use gridos_journal::StreamId;
use gridos_store::{PostgresConfig, PostgresStore, Store, StoreError};
use gridos_telemetry::StoreFault;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::postgres::{config, rows};
use crate::support::engine::Engine;
use crate::support::fixture::{Fixture, at};
use crate::support::postgres::Cluster;

/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A way to the server that passes so many bytes to it on each connection, and then goes on taking
/// them in silence.
struct Way {
    port: u16,
    /// Whether a connection has fallen silent.
    silent: watch::Receiver<bool>,
}

impl Way {
    async fn open(cluster: &Cluster, passes: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, target) = (listener.local_addr().unwrap().port(), cluster.port());
        let (silenced, silent) = watch::channel(false);
        let silenced = Arc::new(silenced);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let silenced = Arc::clone(&silenced);
                tokio::spawn(async move {
                    let server = TcpStream::connect(("127.0.0.1", target)).await.unwrap();
                    let (mut from_client, mut to_client) = client.into_split();
                    let (mut from_server, mut to_server) = server.into_split();
                    let back = tokio::spawn(async move {
                        let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
                        std::future::pending::<()>().await;
                    });
                    let (mut passed, mut buffer) = (0, vec![0; 16 << 10]);
                    while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
                        passed += read as u64;
                        if passed > passes {
                            silenced.send_replace(true);
                        } else if to_server.write_all(&buffer[..read]).await.is_err() {
                            break;
                        }
                    }
                    back.abort();
                });
            }
        });
        Self { port, silent }
    }

    fn config(&self, cluster: &Cluster, patience: Duration) -> PostgresConfig {
        let mut config = config(cluster, "silent");
        config.host = "127.0.0.1".to_owned();
        config.port = self.port;
        config.connect_timeout = patience;
        config.write_timeout = patience;
        config
    }

    async fn silenced(&self) {
        let mut silent = self.silent.clone();
        let falling = silent.wait_for(|silent| *silent);
        let fallen = tokio::time::timeout(PATIENCE, falling).await;
        assert!(fallen.expect("it does not fall silent").is_ok());
    }
}

/// The log-in, the session, the questions before a chunk, its COPY, its commit: whatever is under
/// way when the silence begins ends by itself, and afterwards all is there once.
#[tokio::test(flavor = "multi_thread")]
async fn silence_ends_by_itself_wherever_it_begins() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    cluster.create_database("silent").await;
    let store = PostgresStore::new(config(&cluster, "silent"));
    store.migrate().await.unwrap();
    let mut fixture = Fixture::new();
    let pair = fixture.pair();
    for n in 0..2_000 {
        fixture.sweep(&pair, at(n), &[1.5, 2.5]);
    }
    let (chunk, book) = (fixture.all(), Arc::clone(fixture.book()));
    // The first ends within the log-in, the last within the COPY.
    let cuts = [20, 150, 500, 1_500, 100_000];
    for cut in cuts {
        let way = Way::open(&cluster, cut).await;
        let stream = StreamId::from_raw(cut);
        let silent = PostgresStore::new(way.config(&cluster, Duration::from_millis(200)));
        let writing = silent.write(stream, &chunk, &book);
        let error = tokio::time::timeout(PATIENCE, writing).await;
        let error = error.expect("it does not end").unwrap_err();
        let is_away = matches!(error, StoreError::Away { .. } | StoreError::Busy { .. });
        assert!(is_away, "{cut}: {error:?}");
        way.silenced().await;
        // What the server had begun it ends itself, and nothing of it stays.
        let stored = store.write(stream, &chunk, &book).await.unwrap();
        assert_eq!(stored.tail, chunk.until());
    }
    let counts = "select count(*), count(distinct ts) from sweep";
    let all = format!("{}|2000", 2_000 * cuts.len());
    assert_eq!(rows(&cluster, "silent", counts).await, [all]);
    a_stop_does_not_wait_for_an_answer(&cluster).await;
}

/// An engine that ends drops its writer: the connection must be gone with it.
async fn a_stop_does_not_wait_for_an_answer(cluster: &Cluster) {
    let way = Way::open(cluster, 20).await;
    let mut fixture = Fixture::new();
    let store = PostgresStore::new(way.config(cluster, Duration::from_secs(3_600)));
    let engine = Engine::start(&mut fixture, Arc::new(store));
    engine.work(&mut fixture, 10);
    way.silenced().await;
    let telemetry = Arc::clone(&engine.telemetry);
    engine.abandon().await;
    assert_eq!(telemetry.store.faults(StoreFault::Away), 0);
    assert_eq!(Arc::strong_count(&telemetry), 1);
}
