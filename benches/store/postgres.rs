//! PostgreSQL: the whole writer's store, its rows alone, and a row for each reading.

use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::SinkExt;
use gridos_journal::{Chunk, StreamId};
use gridos_rows::copy;
use gridos_store::{PostgresConfig, PostgresStore, Store};
use tokio_postgres::Client;

use super::chunks::sweeps;
use super::cluster::{Cluster, SUPERUSER};
use super::{Figures, Given, readings};

/// As the store's.
const PIECE_BYTES: usize = 128 << 10;
/// The middle one of so many counts.
const ROUNDS: usize = 3;
/// Our ways: with minutes or not, over so many connections.
const OURS: [(&str, bool, u16); 3] = [
    ("PostgreSQL: ours", true, 1),
    ("ours over 2 connections", true, 2),
    ("ours without minutes", false, 1),
];
/// The same table and index as the store's.
const SWEEPS: &str = "create table bare (like sweep); create index on bare (layout, ts)";
const ROWS: &str = "create table flat (point bigint not null, ts timestamptz not null, \
                    value double precision, quality integer not null); \
                    create index on flat (point, ts)";
const COPY_ROWS: &str = "copy flat (point, ts, value, quality) from stdin (format binary)";

pub(crate) async fn measure(given: &Given) -> Vec<Figures> {
    let Some(cluster) = Cluster::start().await else {
        return Vec::new();
    };
    // In turn, so that none has the warmer server.
    let mut rounds: [Vec<Figures>; 4] = Default::default();
    for round in 0..ROUNDS {
        let mut taken = Vec::new();
        for (nth, (way, minutes, connections)) in OURS.into_iter().enumerate() {
            let name = format!("db{round}{nth}");
            let mut config = PostgresConfig::new(&cluster.host(), SUPERUSER, &name);
            (config.port, config.minutes) = (cluster.port(), minutes);
            config.connections = connections;
            taken.push(ours(&cluster, given, way, config).await);
        }
        let client = cluster.connect(&format!("db{round}0")).await;
        client.batch_execute(SWEEPS).await.unwrap();
        let sql = copy::COPY_SWEEPS.replace("copy sweep", "copy bare");
        let way = "raw COPY BINARY of the same rows";
        taken.push(raw(&client, way, "bare", &sql, &given.chunks, sweep_rows).await);
        for (ways, figures) in rounds.iter_mut().zip(taken) {
            ways.push(figures);
        }
    }
    let mut figures: Vec<_> = rounds.into_iter().filter_map(median).collect();
    let client = cluster.connect("db00").await;
    client.batch_execute(ROWS).await.unwrap();
    let way = "COPY BINARY of a row per reading, one index";
    let rows = |chunk: &Chunk| reading_rows(given, chunk);
    figures.push(raw(&client, way, "flat", COPY_ROWS, given.fewer(), rows).await);
    figures
}

fn median(mut rounds: Vec<Figures>) -> Option<Figures> {
    rounds.sort_by_key(|figures| figures.took);
    let middle = rounds.len() / 2;
    rounds.into_iter().nth(middle)
}

async fn ours(
    cluster: &Cluster,
    given: &Given,
    way: &'static str,
    config: PostgresConfig,
) -> Figures {
    let name = config.database.clone();
    cluster.create_database(&name).await;
    let store = PostgresStore::new(config);
    store.migrate().await.unwrap();
    let stream = StreamId::from_raw(1);
    // Connected, and all layouts introduced.
    store
        .write(stream, &given.first, &given.book)
        .await
        .unwrap();
    let before = store_size(cluster, &name).await;
    let begun = Instant::now();
    for chunk in &given.chunks {
        store.write(stream, chunk, &given.book).await.unwrap();
    }
    let took = begun.elapsed();
    let grown = store_size(cluster, &name).await - before;
    figures(way, &given.chunks, took, grown)
}

async fn store_size(cluster: &Cluster, name: &str) -> u64 {
    let client = cluster.connect(name).await;
    client.batch_execute("checkpoint").await.unwrap();
    size(&client, "sweep").await + size(&client, "minute").await
}

async fn raw(
    client: &Client,
    way: &'static str,
    table: &str,
    sql: &str,
    chunks: &[Chunk],
    encode: impl Fn(&Chunk) -> BytesMut,
) -> Figures {
    client.batch_execute("checkpoint").await.unwrap();
    let encoded: Vec<Bytes> = chunks.iter().map(|chunk| encode(chunk).freeze()).collect();
    let statement = client.prepare(sql).await.unwrap();
    let begun = Instant::now();
    for bytes in &encoded {
        let sink = client.copy_in::<_, Bytes>(&statement).await.unwrap();
        let mut sink = std::pin::pin!(sink);
        let mut rest = bytes.clone();
        while !rest.is_empty() {
            let piece = rest.split_to(PIECE_BYTES.min(rest.len()));
            sink.feed(piece).await.unwrap();
        }
        sink.finish().await.unwrap();
    }
    let took = begun.elapsed();
    figures(way, chunks, took, size(client, table).await)
}

fn sweep_rows(chunk: &Chunk) -> BytesMut {
    let mut out = BytesMut::from(&copy::HEADER[..]);
    sweeps(chunk).for_each(|sweep| copy::sweep(&sweep, &mut out));
    out.extend_from_slice(&copy::TRAILER);
    out
}

fn reading_rows(given: &Given, chunk: &Chunk) -> BytesMut {
    let mut out = BytesMut::from(&copy::HEADER[..]);
    for sweep in sweeps(chunk) {
        // From 1970 to 2000.
        let micros = sweep.time.as_micros() - 946_684_800_000_000;
        for (point, value) in given.fleet.points(&sweep).iter().zip(sweep.values) {
            out.put_i16(4);
            for number in [point.as_i64(), micros] {
                out.put_i32(8);
                out.put_i64(number);
            }
            out.put_i32(8);
            out.put_f64(*value);
            out.put_i32(4);
            out.put_i32(0);
        }
    }
    out.extend_from_slice(&copy::TRAILER);
    out
}

async fn size(client: &Client, table: &str) -> u64 {
    // A partitioned table has nothing itself, and a plain one no tree.
    let sql = format!(
        "select pg_total_relation_size('{table}') + coalesce(\
             (select sum(pg_total_relation_size(relid)) from pg_partition_tree('{table}')), 0)::bigint"
    );
    let row = client.query_one(&sql, &[]).await.unwrap();
    row.get::<_, i64>(0).cast_unsigned()
}

fn figures(way: &'static str, chunks: &[Chunk], took: Duration, bytes: u64) -> Figures {
    let readings = readings(chunks);
    Figures {
        way,
        readings,
        took,
        bytes,
    }
}
