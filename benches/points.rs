//! How fast a new database learns what a plant's points are, beside raw COPY of the same rows into
//! bare tables: no index, no key. What follows at once, a sweep of each layout, is told apart.
//!
//! `cargo bench -p gridos-benches --bench points`, or with devices and points of each: `-- 10000 100`.
//! The server is one of its own without fsync, on the same processors.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a bench stops at the first surprise"
)]

#[path = "../crates/store/tests/support/postgres.rs"]
#[expect(dead_code, reason = "tests stop their servers")]
mod cluster;

use std::pin::pin;
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::SinkExt;
use gridos_journal::{Chunk, Frames, LayoutBook, StreamId, Tail};
use gridos_model::{
    Batch, DeviceId, Directory, DirectoryBuilder, Layout, Point, PointId, TimeQuality, Timestamp,
};
use gridos_rows::copy;
use gridos_store::{PostgresConfig, PostgresStore, SqliteStore, Store};
use mimalloc::MiMalloc;
use tempfile::TempDir;
use tokio_postgres::Client;

use cluster::{Cluster, SUPERUSER};

/// The engine's.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const DEVICES: usize = 10_000;
const POINTS: usize = 100;
/// As the store's.
const PIECE_BYTES: usize = 128 << 10;
/// Bytes of the journal in one transaction: the writer's default.
const CHUNK_BYTES: usize = 4 << 20;
/// Midnight of 2026-11-23.
const BEGIN: Timestamp = Timestamp::from_millis(1_795_392_000_000);
const BARE: &str = "create table bare_point (like point); \
                    create table bare_place (like layout_point)";
const COPY_POINTS: &str = "copy bare_point from stdin (format binary)";
const COPY_PLACES: &str = "copy bare_place from stdin (format binary)";

/// A plant, and what its journal begins with.
struct Given {
    directory: Directory,
    book: LayoutBook,
    /// One sweep, and then one of each other layout.
    chunks: Vec<Chunk>,
    points: usize,
    dir: TempDir,
}

fn main() {
    let mut asked = std::env::args().skip(1).filter_map(|n| n.parse().ok());
    let (devices, points) = (asked.next(), asked.next());
    let given = Given::new(devices.unwrap_or(DEVICES), points.unwrap_or(POINTS));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(measure(&given));
}

async fn measure(given: &Given) {
    let sqlite = SqliteStore::new(&given.dir.path().join("points.db"));
    let (learned, swept) = introduce(given, &sqlite).await;
    given.show("SQLite", learned, swept);
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    cluster.create_database("points").await;
    let mut config = PostgresConfig::new(&cluster.host(), SUPERUSER, "points");
    config.port = cluster.port();
    let (learned, swept) = introduce(given, &PostgresStore::new(config)).await;
    given.show("PostgreSQL", learned, swept);
    let client = cluster.connect("points").await;
    client.batch_execute(BARE).await.unwrap();
    let raw = raw(&client, given).await;
    let ratio = raw.as_secs_f64() / learned.as_secs_f64();
    println!("raw COPY into bare tables: {raw:.2?}; learning is {ratio:.3} times as fast");
}

/// How long it took until the points were known, and until a sweep of each layout was stored then.
async fn introduce(given: &Given, store: &dyn Store) -> (Duration, Duration) {
    store.migrate().await.unwrap();
    let stream = StreamId::from_raw(1);
    let (first, rest) = given.chunks.split_first().expect("a sweep");
    let begun = Instant::now();
    store.write(stream, first, &given.book).await.unwrap();
    let learned = begun.elapsed();
    for chunk in rest {
        store.write(stream, chunk, &given.book).await.unwrap();
    }
    (learned, begun.elapsed() - learned)
}

impl Given {
    fn new(devices: usize, points: usize) -> Self {
        let mut builder = DirectoryBuilder::default();
        for device in 0..devices {
            let named = (0..points).map(|nth| Point::new(&format!("feeder.current-{nth:04}"), "A"));
            let name = format!("substation-{:03}.bay-{device:05}", device / 64);
            let all = 0..points;
            builder.add(&name, named.collect(), &[all]).unwrap();
        }
        let directory = builder.build();
        let dir = TempDir::new().unwrap();
        let book = LayoutBook::open(dir.path()).unwrap();
        book.add(directory.layouts().map(AsRef::as_ref)).unwrap();
        Self {
            chunks: chunks(&directory),
            points: devices * points,
            directory,
            book,
            dir,
        }
    }

    fn show(&self, store: &str, learned: Duration, swept: Duration) {
        let rate = self.points as f64 / learned.as_secs_f64() / 1e3;
        println!(
            "{store}: {} points learned in {learned:.2?}, {rate:.1} k points/s; then a sweep of each layout in {swept:.2?}",
            self.points
        );
    }
}

/// A sweep of each layout, the first one alone.
fn chunks(directory: &Directory) -> Vec<Chunk> {
    let mut frames = Frames::new(0, Tail::default());
    let (mut chunks, mut batch) = (Vec::new(), Batch::default());
    for layout in directory.layouts() {
        batch.start_sweep(layout, BEGIN, TimeQuality::Synchronised, BEGIN);
        batch.extend((0..layout.len()).map(|nth| nth as f64));
        frames.append_readings(&batch.readings().expect("started"));
        if chunks.is_empty() || frames.bytes().len() >= CHUNK_BYTES {
            take(&mut frames, &mut chunks);
        }
    }
    if !frames.bytes().is_empty() {
        take(&mut frames, &mut chunks);
    }
    chunks
}

fn take(frames: &mut Frames, chunks: &mut Vec<Chunk>) {
    let mut chunk = Chunk::default();
    chunk.load(frames);
    frames.restart(0);
    chunks.push(chunk);
}

/// How long the same rows take without index or key, encoded before.
async fn raw(client: &Client, given: &Given) -> Duration {
    let mut rows = [(); 2].map(|()| BytesMut::from(&copy::HEADER[..]));
    for layout in given.directory.layouts() {
        encode(layout, &mut rows);
    }
    let mut took = Duration::ZERO;
    for (mut rows, sql) in rows.into_iter().zip([COPY_POINTS, COPY_PLACES]) {
        rows.extend_from_slice(&copy::TRAILER);
        let mut rest = rows.freeze();
        let begun = Instant::now();
        let mut sink = pin!(client.copy_in::<_, Bytes>(sql).await.unwrap());
        while !rest.is_empty() {
            let piece = rest.split_to(PIECE_BYTES.min(rest.len()));
            sink.feed(piece).await.unwrap();
        }
        sink.finish().await.unwrap();
        took += begun.elapsed();
    }
    took
}

fn encode(layout: &Layout, [points, places]: &mut [BytesMut; 2]) {
    let device = DeviceId::of(layout.device()).as_i64();
    for (position, point) in (0_i32..).zip(layout.points()) {
        let id = PointId::of(layout.device(), point.name()).as_i64();
        let name = format!("{}.{}", layout.device(), point.name());
        points.put_i16(4);
        field(&id.to_be_bytes(), points);
        field(&device.to_be_bytes(), points);
        field(name.as_bytes(), points);
        field(point.unit().as_bytes(), points);
        places.put_i16(3);
        field(&layout.id().as_i64().to_be_bytes(), places);
        field(&position.to_be_bytes(), places);
        field(&id.to_be_bytes(), places);
    }
}

fn field(bytes: &[u8], out: &mut BytesMut) {
    out.put_i32(i32::try_from(bytes.len()).unwrap());
    out.put_slice(bytes);
}
