//! The engine's side: sessions that end in the journal, or in a ring that is only emptied.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use gridos_alarm::Alarms;
use gridos_collect::Collector;
use gridos_collect::dnp3::{Dnp3Device, MappedPoint, PointKind, PointMap, Recent, Via, start};
use gridos_dnp3::link::Address;
use gridos_dnp3::master::Config;
use gridos_dnp3::transport::FragmentMax;
use gridos_journal::{Chunk, Options, Read, Reader, Record, Streams, Tail};
use gridos_model::{DeviceEntry, Directory, DirectoryBuilder, LayoutId, Point, Quality, Readings};
use gridos_pipeline::{
    AlarmBoard, AlarmBook, LiveView, Pipeline, SyncOptions, Turn, Views, alarm_commands,
};
use gridos_ring::{Consumer, Intake, Pool, ring};
use gridos_telemetry::{DeviceState, Telemetry};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::outstations::{ADDRESS, NUMBERS, POINTS};

/// The engine's own ring has a slot for each outstation and some hundred more.
const RING: usize = 4_096;
/// How long the outstations may take to be up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sessions that run, and what is behind them.
pub(crate) struct Engine {
    pub(crate) telemetry: Arc<Telemetry>,
    runtime: Runtime,
    collector: Collector,
    /// Those that have no session yet.
    devices: Vec<Dnp3Device>,
    intake: Intake,
    stop: watch::Sender<bool>,
    behind: Behind,
}

/// What takes the batches.
enum Behind {
    /// The pipeline and its journal, with what keeps the folder.
    Journal(Box<(Pipeline, Streams)>),
    /// A thread that says of each batch at once that it is durable.
    Acknowledging(JoinHandle<()>, Arc<AtomicBool>),
}

/// What the journal has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Journalled {
    /// Events.
    pub(crate) events: u64,
    /// Those that are not the next one of their outstation: it is missing, or there twice.
    pub(crate) out_of_order: u64,
}

impl Engine {
    /// What takes the events of the outstations at `ports`, without sessions; the journal goes to
    /// `folder` if there is one.
    pub(crate) fn new(
        runtime: Runtime,
        ports: &[u16],
        fragment_max: FragmentMax,
        folder: Option<&Path>,
    ) -> Self {
        let map = map();
        let directory = directory(ports.len(), &map);
        let names = directory.devices().iter().map(|d| d.name().to_owned());
        let telemetry = Arc::new(Telemetry::new("0", names));
        let (producer, consumer) = ring(RING);
        let pool = Pool::new(RING + 512, usize::from(POINTS));
        let behind = match folder {
            Some(folder) => {
                let streams = Streams::open(folder).expect("an empty folder");
                let journal = streams.begin(Options {
                    bytes_max: 16 << 30,
                    ..Options::default()
                });
                let views = Views {
                    live: Arc::new(LiveView::new(&directory)),
                    alarms: Arc::new(AlarmBoard::default()),
                    book: Arc::new(AlarmBook::default()),
                };
                let alarms = Alarms::new(Arc::clone(&directory), &[]);
                let (_, queue) = alarm_commands(producer.clone(), Arc::clone(&telemetry));
                let turn = Turn::new(
                    consumer,
                    pool.clone(),
                    (alarms, queue),
                    journal.expect("a journal"),
                    views,
                    Arc::clone(&telemetry),
                );
                let pipeline = Pipeline::start(turn, SyncOptions::default(), producer.clone());
                Behind::Journal(Box::new((pipeline.expect("two threads"), streams)))
            }
            None => {
                let (over, pool) = (Arc::new(AtomicBool::new(false)), pool.clone());
                let is_over = Arc::clone(&over);
                let thread = thread::Builder::new().name("pipeline".to_owned());
                let thread = thread.spawn(move || acknowledge(consumer, &pool, &is_over));
                Behind::Acknowledging(thread.expect("a thread"), over)
            }
        };
        let intake = Intake::new(pool, producer, Arc::clone(&telemetry));
        Self {
            telemetry,
            runtime,
            collector: Collector::default(),
            devices: devices(&directory, &map, ports, fragment_max),
            intake,
            stop: watch::Sender::new(false),
            behind,
        }
    }

    /// Starts so many of the sessions, and waits until their outstations are up and were read once.
    pub(crate) fn open(&mut self, sessions: usize) {
        let _within = self.runtime.enter();
        let started = start(
            self.devices.drain(..sessions).collect(),
            Dnp3Device::CONNECTS_AT_ONCE,
            Dnp3Device::INTEGRITY_POLLS_AT_ONCE,
            &self.intake,
            &mut self.collector,
            &self.stop.subscribe(),
        );
        started.expect("outstations that fit their layouts");
        let (began, count) = (Instant::now(), self.collector.len());
        while self.telemetry.devices.count(DeviceState::Up) < count
            || self.telemetry.dnp3.integrity_polls.get() < count as u64
        {
            assert!(began.elapsed() < PATIENCE, "{:?}", self.telemetry.dnp3);
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends everything; returns where the journal ends, if there is one.
    pub(crate) fn stop(self) -> Option<Tail> {
        self.stop.send_replace(true);
        self.runtime.block_on(self.collector.join());
        self.runtime.shutdown_background();
        match self.behind {
            Behind::Journal(behind) => Some(behind.0.stop().expect("a good disk")),
            Behind::Acknowledging(thread, over) => {
                over.store(true, Ordering::Relaxed);
                thread.join().expect("no panic");
                None
            }
        }
    }
}

/// Every batch is durable at once.
fn acknowledge(mut consumer: Consumer, pool: &Pool, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        match consumer.pop() {
            Some(slot) => {
                if let Some(receipt) = slot.receipt {
                    receipt.redeem(1);
                }
                pool.give(slot.batch);
            }
            None => consumer.wait(Duration::from_millis(50)),
        }
    }
}

fn map() -> Arc<PointMap> {
    let points = (0..POINTS).map(|index| MappedPoint::new(PointKind::Analog, index));
    Arc::new(PointMap::new(points.collect()).expect("a plain map"))
}

fn directory(outstations: usize, map: &PointMap) -> Arc<Directory> {
    let mut builder = DirectoryBuilder::default();
    for n in 0..outstations {
        let points = (0..POINTS).map(|index| Point::new(&format!("a{index}"), "A"));
        let added = builder.add(&format!("rtu-{n}"), points.collect(), map.groups());
        added.expect("a name of its own");
    }
    Arc::new(builder.build())
}

fn devices(
    directory: &Directory,
    map: &Arc<PointMap>,
    ports: &[u16],
    fragment_max: FragmentMax,
) -> Vec<Dnp3Device> {
    let config = Arc::new(Config {
        spread: Duration::ZERO,
        ..Config::default()
    });
    let entries = directory.devices().iter().zip(ports).zip(ADDRESS..);
    let device = |((entry, port), address): ((&DeviceEntry, &u16), u16)| Dnp3Device {
        device: entry.whole().device_index(),
        host: "127.0.0.1".to_owned(),
        port: *port,
        master: Address::from_raw(1),
        outstation: Address::from_raw(address),
        config: Arc::clone(&config),
        keep_alive: Some(Dnp3Device::KEEP_ALIVE),
        fragment_max,
        map: Arc::clone(map),
        whole: Arc::clone(entry.whole()),
        groups: entry.groups().to_vec(),
        via: Via::Tcp,
        connect_timeout: Dnp3Device::CONNECT_TIMEOUT,
        reconnect_max: Dnp3Device::RECONNECT_MAX,
        recent: Recent::default(),
    };
    entries.map(device).collect()
}

/// Reads the journal in `folder` up to `until`, and compares the events of each outstation with
/// what it has counted.
pub(crate) fn journalled(folder: &Path, until: Tail) -> Journalled {
    let dir = std::fs::read_dir(folder).expect("the folder of all streams");
    let mut dirs = dir.filter_map(|entry| Some(entry.ok()?.path()));
    let stream = dirs.find(|path| path.is_dir()).expect("a stream");
    let mut reader = Reader::new(&stream);
    let (mut chunk, mut at) = (Chunk::default(), reader.oldest().expect("a journal"));
    let mut next: HashMap<LayoutId, u64> = HashMap::new();
    let mut journalled = Journalled::default();
    while reader.read(at, until, 1 << 20, &mut chunk).expect("a disk") == Read::Frames {
        at = chunk.until();
        for (_, record) in chunk.records() {
            let Ok(Record::Readings(Readings::Events(events))) = record else {
                continue;
            };
            let next = next.entry(events.layout).or_default();
            let timed = events.values.iter().zip(events.qualities);
            for (value, _) in timed.filter(|(_, q)| !q.contains(Quality::NO_SOURCE_TIME)) {
                journalled.events += 1;
                if *value != (*next % NUMBERS) as f64 {
                    journalled.out_of_order += 1;
                }
                *next += 1;
            }
        }
    }
    assert_eq!(at.position, until.position, "the journal can be read");
    journalled
}
