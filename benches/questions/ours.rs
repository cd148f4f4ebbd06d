//! GridOS's tables: a journal of all the readings, drained by the writer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_journal::{Journal, LayoutBook, Options, Reader};
use gridos_model::{Batch, DirectoryBuilder, Layout, Point, TimeQuality, Timestamp};
use gridos_store::{PostgresConfig, PostgresStore, Writer, WriterOptions};
use gridos_telemetry::Telemetry;
use tokio::sync::watch;

use crate::postgres::{Cluster, SUPERUSER};
use crate::{BEGIN_MS, POINTS, SECONDS, value};

/// Seconds that are journalled in one write.
const SECONDS_PER_WRITE: usize = 100;

/// Fills the database `ours`; says how long the writer took.
pub(crate) async fn fill(cluster: &Cluster, devices: usize) -> Duration {
    let folder = tempfile::tempdir().expect("a folder");
    let mut builder = DirectoryBuilder::default();
    for device in 0..devices {
        let points = (0..POINTS).map(|point| Point::new(&format!("p{point}"), "A"));
        let all = 0..POINTS;
        builder
            .add(&format!("d{device}"), points.collect(), &[all])
            .expect("plain names");
    }
    let directory = builder.build();
    let devices = directory.devices().iter();
    let layouts: Vec<_> = devices.map(|device| Arc::clone(device.whole())).collect();
    let book = LayoutBook::open(folder.path()).expect("a book");
    book.add(layouts.iter().map(|layout| &**layout))
        .expect("room");
    let options = Options {
        bytes_max: u64::MAX,
        ..Options::default()
    };
    let (mut journal, _) = Journal::open(folder.path(), options).expect("a journal");
    for second in 0..SECONDS {
        append(&mut journal, &layouts, second);
        if second % SECONDS_PER_WRITE == 0 {
            journal.write().expect("room");
        }
    }
    journal.write().expect("room");
    journal.syncer().sync().expect("a disk");
    let mut config = PostgresConfig::new(&cluster.host(), SUPERUSER, "ours");
    config.port = cluster.port();
    let telemetry = Telemetry::new("bench", ["bench".to_owned()]);
    let writer = Writer::new(
        Arc::new(PostgresStore::new(config)),
        Reader::new(journal.dir()),
        Arc::new(book),
        journal.stream(),
        Arc::new(telemetry),
        WriterOptions::new(journal.end()),
    );
    let (_behind, nothing) = watch::channel(gridos_journal::Tail::default());
    let (_run, stop) = watch::channel(false);
    let began = Instant::now();
    let summary = writer.drain(journal.end(), nothing, stop).await;
    assert!(summary.is_drained());
    began.elapsed()
}

fn append(journal: &mut Journal, layouts: &[Arc<Layout>], second: usize) {
    let time = Timestamp::from_millis(BEGIN_MS + 1_000 * second as i64);
    let mut batch = Batch::default();
    for (device, layout) in layouts.iter().enumerate() {
        batch.start_sweep(layout, time, TimeQuality::Synchronised, time);
        batch.extend((0..POINTS).map(|point| value(device, point, second)));
        journal.append_readings(&batch.readings().expect("started"));
    }
}
