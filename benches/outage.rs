//! An outage in fast motion: the database is away until the journal is at its budget, the engine is
//! started anew, and the database comes back while live readings go on at the rate of ten thousand
//! devices with 32 points each, every second. How much faster than they come is what waited drained?
//!
//! `cargo bench -p gridos-benches --bench outage`: PostgreSQL in a folder of its own, with its disk
//! synced, and everything on the same processors.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a bench stops at the first surprise"
)]

#[path = "../crates/store/tests/support/postgres.rs"]
#[expect(dead_code, reason = "tests stop their servers")]
mod postgres;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use gridos_journal::{Journal, LayoutBook, Options, Reader, Streams, Tail};
use gridos_model::{Batch, DirectoryBuilder, Layout, Point, TimeQuality, Timestamp};
use gridos_store::{PostgresConfig, PostgresStore, Store, Writer, WriterOptions};
use gridos_telemetry::Telemetry;
use postgres::{Cluster, SUPERUSER};
use tokio::sync::watch;

const DEVICES: usize = 10_000;
const POINTS: usize = 32;
/// What each device sends, all over a second.
const TURNS_PER_SECOND: usize = 20;
const BUDGET_BYTES: u64 = 1 << 30;
/// Midnight of 2026-11-23, where the readings begin.
const BEGIN_MS: i64 = 1_795_392_000_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(outage());
}

async fn outage() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    cluster.create_database("grid").await;
    let folder = tempfile::tempdir().expect("a folder");
    let (layouts, book) = fleet(folder.path());
    let waiting = fill(folder.path(), &layouts);
    println!(
        "journal at its budget of {} MiB: {waiting} readings, {:.0} s of {DEVICES} devices",
        BUDGET_BYTES >> 20,
        waiting as f64 / (DEVICES * POINTS) as f64
    );

    let began = Instant::now();
    let streams = Streams::open(folder.path()).expect("the journal");
    println!("started anew in {:.2} s", began.elapsed().as_secs_f64());
    let mut config = PostgresConfig::new("127.0.0.1", SUPERUSER, "grid");
    config.port = cluster.port();
    let store: Arc<dyn Store> = Arc::new(PostgresStore::new(config));
    store.migrate().await.expect("a database");
    let journal = streams.begin(options(u64::MAX)).expect("room");
    let telemetry = Arc::new(Telemetry::new("bench", ["bench".to_owned()]));
    let (stop, stopped) = watch::channel(false);
    let writer = |reader, stream, end| {
        let (store, book) = (Arc::clone(&store), Arc::clone(&book));
        let options = WriterOptions::new(end);
        Writer::new(store, reader, book, stream, Arc::clone(&telemetry), options)
    };
    let current = writer(
        Reader::new(journal.dir()),
        journal.stream(),
        Tail::default(),
    );
    let live = Live::start(journal, layouts);

    let began = Instant::now();
    for earlier in streams.earlier() {
        let end = earlier.recovery.end;
        let draining = writer(Reader::new(&earlier.dir), earlier.stream, end);
        let summary = draining.drain(end, live.durable.clone(), stopped.clone());
        assert!(summary.await.is_drained());
    }
    let took = began.elapsed();
    let (arrived, rate) = (
        live.durable.borrow().readings,
        waiting as f64 / took.as_secs_f64(),
    );
    let live_rate = arrived as f64 / took.as_secs_f64();
    println!(
        "drained in {:.1} s: {:.2} M readings/s beside {:.0} k live readings/s: {:.1} times as fast (goal: 5)",
        took.as_secs_f64(),
        rate / 1e6,
        live_rate / 1e3,
        rate / live_rate
    );
    let stored = current.stored();
    let running = tokio::spawn(current.run(live.durable.clone(), stopped));
    while stored.borrow().position < live.durable.borrow().position {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!(
        "all live readings stored {:.1} s after the database came back",
        began.elapsed().as_secs_f64()
    );
    let end = live.stop();
    stop.send_replace(true);
    assert!(running.await.expect("a writer").is_drained());
    let client = cluster.connect("grid").await;
    let count = "select sum(cardinality(value)), count(*) from sweep";
    let row = client.query_one(count, &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0).unsigned_abs(), waiting + end.readings);
    println!("all {} readings are there", waiting + end.readings);
}

fn options(bytes_max: u64) -> Options {
    Options {
        bytes_max,
        ..Options::default()
    }
}

fn fleet(folder: &Path) -> (Vec<Arc<Layout>>, Arc<LayoutBook>) {
    let mut builder = DirectoryBuilder::default();
    for device in 0..DEVICES {
        let points = (0..POINTS).map(|point| Point::new(&format!("p{point}"), "A"));
        let all = 0..POINTS;
        let added = builder.add(&format!("d{device}"), points.collect(), &[all]);
        added.expect("plain names");
    }
    let directory = builder.build();
    let book = LayoutBook::open(folder).expect("a book");
    book.add(directory.layouts().map(|layout| &**layout))
        .expect("room");
    let devices = directory.devices().iter();
    let layouts = devices.map(|device| Arc::clone(device.whole()));
    (layouts.collect(), Arc::new(book))
}

/// Writes until the budget is used up, as while the database is away; returns the readings kept.
fn fill(folder: &Path, layouts: &[Arc<Layout>]) -> u64 {
    let streams = Streams::open(folder).expect("a journal");
    let mut journal = streams.begin(options(BUDGET_BYTES)).expect("room");
    for turn in 0.. {
        append(&mut journal, layouts, turn);
        if journal.write().is_err() {
            break;
        }
    }
    journal.syncer().sync().expect("a disk");
    journal.written().readings
}

/// A part of the devices' sweeps of one second.
fn append(journal: &mut Journal, layouts: &[Arc<Layout>], turn: usize) {
    let mut batch = Batch::default();
    let part = DEVICES / TURNS_PER_SECOND;
    let second = (turn / TURNS_PER_SECOND) as i64;
    let time = Timestamp::from_millis(BEGIN_MS + 1_000 * second);
    for layout in layouts
        .iter()
        .skip(turn % TURNS_PER_SECOND * part)
        .take(part)
    {
        batch.start_sweep(layout, time, TimeQuality::Synchronised, time);
        batch.extend((0..POINTS).map(|point| (turn * 31 + point * 7) as f64 / 10.0));
        journal.append_readings(&batch.readings().expect("started"));
    }
}

/// Live readings, at the rate of the fleet whatever else is done.
struct Live {
    durable: watch::Receiver<Tail>,
    ending: Arc<AtomicBool>,
    thread: JoinHandle<Tail>,
}

impl Live {
    fn start(mut journal: Journal, layouts: Vec<Arc<Layout>>) -> Self {
        let (sender, durable) = watch::channel(Tail::default());
        let ending = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&ending);
        let thread = std::thread::spawn(move || {
            let (syncer, began) = (journal.syncer(), Instant::now());
            for turn in 0_usize.. {
                if ended.load(Ordering::Acquire) {
                    break;
                }
                append(&mut journal, &layouts, turn);
                let written = journal.write().expect("room");
                syncer.sync().expect("a disk");
                sender.send_replace(written);
                let due =
                    began + Duration::from_secs_f64((turn + 1) as f64 / TURNS_PER_SECOND as f64);
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
            }
            journal.written()
        });
        Self {
            durable,
            ending,
            thread,
        }
    }

    fn stop(self) -> Tail {
        self.ending.store(true, Ordering::Release);
        self.thread.join().expect("the live readings")
    }
}
