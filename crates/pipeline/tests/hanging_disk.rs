//! A disk that does not come back: the pulse stops, so that whoever watches over the process ends it.

#![cfg(test)]

#[expect(dead_code, reason = "other tests need more of it")]
mod rig;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use gridos_journal::storage::{Disk, Lock, Stat, Storage, StoredFile};
use gridos_journal::{Journal, Options};
use gridos_model::{DirectoryBuilder, Layout, Point, Quality, Timestamp};
use gridos_pipeline::{Pipeline, PulseWatch, SyncOptions, Turn, alarm_commands};
use gridos_ring::{Intake, Pool, ring};
use gridos_telemetry::Telemetry;
use tempfile::TempDir;

const SLOTS: usize = 8;

/// What hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hang {
    Nothing,
    Syncs,
    Writes,
}

/// Holds whoever comes until it is opened.
#[derive(Debug)]
struct Gate {
    state: Mutex<(Hang, usize)>,
    changed: Condvar,
}

impl Gate {
    fn pass(&self, what: Hang) {
        let mut state = self.state.lock().unwrap();
        while state.0 == what {
            state.1 += 1;
            self.changed.notify_all();
            state = self.changed.wait(state).unwrap();
            state.1 -= 1;
        }
    }

    fn set(&self, what: Hang) {
        self.state.lock().unwrap().0 = what;
        self.changed.notify_all();
    }

    /// Until somebody hangs.
    fn wait_for_one(&self) {
        let state = self.state.lock().unwrap();
        drop(
            self.changed
                .wait_while(state, |state| state.1 == 0)
                .unwrap(),
        );
    }
}

/// The real disk, with a gate before it.
#[derive(Clone, Debug)]
struct HangingDisk(Arc<Gate>);

#[derive(Debug)]
struct HangingFile(Arc<Gate>, Arc<dyn StoredFile>);

impl Storage for HangingDisk {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        Disk.create_dir(dir)
    }

    fn remove_dir(&self, dir: &Path) -> io::Result<()> {
        Disk.remove_dir(dir)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<PathBuf>> {
        Disk.list(dir)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        Disk.sync_dir(dir)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn StoredFile>> {
        let file = Disk.create(path)?;
        Ok(Arc::new(HangingFile(Arc::clone(&self.0), file)))
    }

    fn open(&self, path: &Path, writable: bool) -> io::Result<Arc<dyn StoredFile>> {
        Disk.open(path, writable)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        Disk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        Disk.remove(path)
    }

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        Disk.stat(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        Disk.lock(path)
    }
}

impl StoredFile for HangingFile {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        self.1.read_at(bytes, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.pass(Hang::Writes);
        self.1.write_at(bytes, offset)
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        self.1.allocate(bytes)
    }

    fn cut(&self, bytes: u64) -> io::Result<()> {
        self.1.cut(bytes)
    }

    fn bytes(&self) -> io::Result<u64> {
        self.1.bytes()
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.pass(Hang::Syncs);
        self.1.sync_data()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.1.sync_all()
    }
}

struct Bench {
    _dir: TempDir,
    gate: Arc<Gate>,
    layout: Arc<Layout>,
    intake: Intake,
    pipeline: Pipeline,
}

fn start(sync: SyncOptions) -> Bench {
    let mut builder = DirectoryBuilder::default();
    builder.add("d", vec![Point::new("a", "")], &[]).unwrap();
    let directory = Arc::new(builder.build());
    let telemetry = Arc::new(Telemetry::new("0", ["d".to_owned()]));
    let (producer, consumer) = ring(SLOTS);
    let pool = Pool::new(16, 2);
    let (alarms, views) = rig::alarms(&directory, Vec::new());
    let dir = TempDir::new().unwrap();
    let gate = Arc::new(Gate {
        state: Mutex::new((Hang::Nothing, 0)),
        changed: Condvar::new(),
    });
    let disk = Arc::new(HangingDisk(Arc::clone(&gate)));
    let (journal, _) = Journal::open_on(disk, dir.path(), Options::default()).unwrap();
    let (_, queue) = alarm_commands(producer.clone(), Arc::clone(&telemetry));
    let turn = Turn::new(
        consumer,
        pool.clone(),
        (alarms, queue),
        journal,
        views,
        Arc::clone(&telemetry),
    );
    let pipeline = Pipeline::start(turn, sync, producer.clone()).unwrap();
    Bench {
        _dir: dir,
        gate,
        layout: Arc::clone(directory.devices()[0].whole()),
        intake: Intake::new(pool, producer, telemetry),
        pipeline,
    }
}

impl Bench {
    fn offer(&self) {
        let mut batch = self.intake.take().unwrap();
        let time = Timestamp::from_millis(1);
        batch.start_events(&self.layout, time);
        batch.push_event(0, time, 1.0, Quality::GOOD);
        self.intake.offer(batch, Instant::now(), None).unwrap();
    }
}

/// Until the pulse is felt; a pulse that has stopped for good ends the test by its runner's limit.
fn wait_for_beat(watch: &mut PulseWatch) {
    while !watch.has_beaten() {
        std::thread::yield_now();
    }
}

fn the_pulse_stops_while_it_hangs(what: Hang) {
    let bench = start(SyncOptions::default());
    let mut watch = bench.pipeline.pulse();
    wait_for_beat(&mut watch);
    wait_for_beat(&mut watch);
    bench.gate.set(what);
    bench.offer();
    bench.gate.wait_for_one();
    // Both turn several times a second. What one did before it hung, and the other does behind it,
    // is one beat more.
    let (hung, mut beats) = (Instant::now(), 0);
    while hung.elapsed() < Duration::from_secs(2) {
        beats += u32::from(watch.has_beaten());
        std::thread::park_timeout(Duration::from_millis(20));
    }
    assert!(beats <= 1, "{beats}");
    bench.gate.set(Hang::Nothing);
    wait_for_beat(&mut watch);
    bench.pipeline.stop().unwrap();
}

#[test]
fn a_sync_that_never_returns_stops_the_pulse() {
    the_pulse_stops_while_it_hangs(Hang::Syncs);
}

#[test]
fn a_write_that_never_returns_stops_the_pulse() {
    the_pulse_stops_while_it_hangs(Hang::Writes);
}

/// Who ends while its disk is slow waits for it, and turns nothing away that was taken.
#[test]
fn an_end_waits_for_a_slow_sync() {
    let bench = start(SyncOptions {
        backlog_bytes_max: 1,
        ..SyncOptions::default()
    });
    bench.gate.set(Hang::Syncs);
    bench.offer();
    bench.gate.wait_for_one();
    let telemetry = bench.intake.telemetry();
    while telemetry.journal.stalled.get() == 0 {
        std::thread::yield_now();
    }
    // Taken from the ring, and not written: there is too much already that is not durable.
    bench.offer();
    while bench.intake.room() < SLOTS {
        std::thread::yield_now();
    }
    let (gate, pipeline) = (&bench.gate, bench.pipeline);
    let end = std::thread::scope(|scope| {
        let stopping = scope.spawn(|| pipeline.stop().unwrap());
        // As long as an engine that gives up would need for it.
        std::thread::park_timeout(Duration::from_millis(200));
        assert!(!stopping.is_finished(), "it did not wait");
        gate.set(Hang::Nothing);
        stopping.join().unwrap()
    });
    assert_eq!(end.readings, 2);
}
