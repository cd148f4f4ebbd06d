//! A disk that fails: what it did not take is written again, and nothing is acknowledged before.

#![cfg(test)]

mod rig;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use gridos_alarm::{Command, Order};
use gridos_journal::storage::{Disk, Lock, Stat, Storage, StoredFile};
use gridos_journal::{Chunk, Journal, Options, Read, Reader, Record, Tail};
use gridos_model::{
    AlarmId, AlarmKind, AlarmState, DirectoryBuilder, Layout, Note, Point, Quality, Timestamp,
};
use gridos_pipeline::{
    AlarmBoard, AlarmCommands, NotDone, Pipeline, SyncOptions, Turn, alarm_commands,
};
use gridos_ring::{Intake, Pool, Receipt, Receiver, ring};
use gridos_telemetry::Telemetry;
use tempfile::TempDir;

/// What is to fail.
#[derive(Debug, Default)]
struct Faults {
    /// So many syncs of data.
    syncs: AtomicU32,
    /// So many writes.
    writes: AtomicU32,
    /// Everything that changes something.
    is_broken: AtomicBool,
}

impl Faults {
    fn check(&self, left: &AtomicU32) -> io::Result<()> {
        let one_less = |left: u32| left.checked_sub(1);
        let is_due = left
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, one_less)
            .is_ok();
        if is_due || self.is_broken.load(Ordering::Acquire) {
            return Err(io::Error::from_raw_os_error(5));
        }
        Ok(())
    }

    fn check_broken(&self) -> io::Result<()> {
        self.check(&AtomicU32::new(0))
    }
}

/// The real disk, with faults.
#[derive(Clone, Debug, Default)]
struct FailingDisk(Arc<Faults>);

#[derive(Debug)]
struct FailingFile(Arc<Faults>, Arc<dyn StoredFile>);

impl Storage for FailingDisk {
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
        self.0.check_broken()?;
        Disk.sync_dir(dir)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn StoredFile>> {
        self.0.check_broken()?;
        let file = Disk.create(path)?;
        Ok(Arc::new(FailingFile(Arc::clone(&self.0), file)))
    }

    fn open(&self, path: &Path, writable: bool) -> io::Result<Arc<dyn StoredFile>> {
        Disk.open(path, writable)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.check_broken()?;
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

impl StoredFile for FailingFile {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        self.1.read_at(bytes, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.check(&self.0.writes)?;
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
        self.0.check(&self.0.syncs)?;
        self.1.sync_data()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.0.check_broken()?;
        self.1.sync_all()
    }
}

struct Bench {
    dir: TempDir,
    faults: Arc<Faults>,
    layout: Arc<Layout>,
    intake: Intake,
    alarms: Arc<AlarmBoard>,
    commands: AlarmCommands,
    telemetry: Arc<Telemetry>,
    pipeline: Pipeline,
}

fn start() -> Bench {
    start_with(1)
}

/// A device with so many points, `a0` and so on, each with an alarm.
fn start_with(points: u32) -> Bench {
    let mut builder = DirectoryBuilder::default();
    let names = (0..points).map(|n| format!("a{n}"));
    let named = names.map(|name| Point::new(&name, "")).collect();
    builder.add("d", named, &[]).unwrap();
    let directory = Arc::new(builder.build());
    let telemetry = Arc::new(Telemetry::new("0", ["d".to_owned()]));
    let alarm = |n| rig::limit_alarm(&directory, &format!("d.a{n}"), 1e6);
    let defined = (0..points).map(alarm).collect();
    let (producer, consumer) = ring(8);
    let pool = Pool::new(16, 2.max(points as usize));
    let (alarms, views) = rig::alarms(&directory, defined);
    let dir = TempDir::new().unwrap();
    let disk = FailingDisk::default();
    let faults = Arc::clone(&disk.0);
    let options = Options {
        segment_bytes: 64 << 10,
        ..Options::default()
    };
    let (journal, _) = Journal::open_on(Arc::new(disk), dir.path(), options).unwrap();
    let board = Arc::clone(&views.alarms);
    let (commands, queue) = alarm_commands(producer.clone(), Arc::clone(&telemetry));
    let turn = Turn::new(
        consumer,
        pool.clone(),
        (alarms, queue),
        journal,
        views,
        Arc::clone(&telemetry),
    );
    let sync = SyncOptions::default();
    let pipeline = Pipeline::start(turn, sync, producer.clone()).unwrap();
    Bench {
        dir,
        faults,
        layout: Arc::clone(directory.devices()[0].whole()),
        intake: Intake::new(pool, producer, Arc::clone(&telemetry)),
        alarms: board,
        commands,
        telemetry,
        pipeline,
    }
}

impl Bench {
    fn offer(&self, value: u32, receipt: Option<Receipt>) -> bool {
        let Some(mut batch) = self.intake.take() else {
            return false;
        };
        let time = Timestamp::from_millis(i64::from(value));
        batch.start_events(&self.layout, time);
        batch.push_event(0, time, f64::from(value), Quality::GOOD);
        let offered = self.intake.offer(batch, Instant::now(), receipt);
        offered.is_ok()
    }

    /// Offers until it is taken.
    fn insist(&self, value: u32) -> Receiver {
        loop {
            let (receipt, receiver) = Receipt::pair();
            if self.offer(value, Some(receipt)) {
                return receiver;
            }
            std::thread::yield_now();
        }
    }

    /// Stops, and reads what is in the journal.
    fn stop(self) -> Vec<f64> {
        let end = self.pipeline.stop().unwrap();
        let (mut reader, mut chunk) = (Reader::new(self.dir.path()), Chunk::default());
        let (mut at, mut values) = (Tail::default(), Vec::new());
        while at != end {
            let read = reader.read(at, end, 1 << 20, &mut chunk).unwrap();
            assert_eq!(read, Read::Frames, "at {at:?} of {end:?}");
            for (_, record) in chunk.records() {
                if let Record::Readings(readings) = record.unwrap() {
                    values.extend(readings.values());
                }
            }
            at = chunk.until();
        }
        values
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

fn counted(until: u32) -> Vec<f64> {
    (0..until).map(f64::from).collect()
}

#[test]
fn what_a_sync_failed_to_take_is_written_again_and_acknowledged() {
    let bench = start();
    let durable = bench.pipeline.durable();
    for round in 0..20 {
        let receivers: Vec<_> = (0..50).map(|n| bench.insist(round * 50 + n)).collect();
        let fault = match round % 2 {
            0 => &bench.faults.syncs,
            _ => &bench.faults.writes,
        };
        fault.store(1, Ordering::Release);
        let last = bench.insist(1_000 + round);
        for receiver in receivers.into_iter().chain([last]) {
            let receipt = block_on(receiver.wait()).unwrap();
            assert!(durable.borrow().position.get() >= receipt.position);
        }
    }
    let cells = &bench.telemetry.journal;
    assert!(cells.renewals.get() > 5, "{}", cells.renewals.get());
    assert!(cells.sync_failures.get() > 0 && cells.write_failures.get() > 0);
    let values = bench.stop();
    let mut expected = Vec::new();
    for round in 0..20 {
        expected.extend((0..50).map(|n| f64::from(round * 50 + n)));
        expected.push(f64::from(1_000 + round));
    }
    assert_eq!(values, expected);
}

/// Nothing is acknowledged, alarms are raised, and when the disk works everything goes on.
#[test]
fn a_disk_that_takes_nothing_for_a_while_loses_nothing() {
    let bench = start();
    block_on(bench.insist(0).wait()).unwrap();
    bench.faults.is_broken.store(true, Ordering::Release);
    let before = *bench.pipeline.durable().borrow();
    // A second one might be refused at the door.
    let receiver = bench.insist(1);
    while bench.telemetry.journal.stalled.get() == 0 {
        std::thread::yield_now();
    }
    // Who waits for no receipt is still judged, and kept in memory.
    while !bench.offer(2_000_000, None) {
        std::thread::yield_now();
    }
    while rig::active(&bench.alarms) == 0 {
        std::thread::yield_now();
    }
    assert_eq!(*bench.pipeline.durable().borrow(), before);
    // A7.13: it is shown, and nobody outside may be told yet.
    let told = bench.alarms.durable();
    assert_eq!((bench.alarms.table().sequence, *told.borrow()), (1, 0));
    assert!(!*bench.pipeline.failed().borrow());
    bench.faults.is_broken.store(false, Ordering::Release);
    block_on(receiver.wait()).unwrap();
    while bench.telemetry.journal.stalled.get() > 0 {
        std::thread::yield_now();
    }
    block_on(bench.insist(3_000_000).wait()).unwrap();
    assert!(bench.telemetry.journal.renewals.get() > 0);
    assert_eq!(*told.borrow(), 1);
    let mut expected = counted(2);
    expected.extend([2e6, 3e6]);
    assert_eq!(bench.stop(), expected);
}

/// A command is not answered before it is durable, and none is taken that could not be.
#[test]
fn commands_wait_for_the_disk_and_are_refused_while_it_takes_nothing() {
    let bench = start();
    block_on(bench.insist(2_000_000).wait()).unwrap();
    let acknowledge = || {
        bench.commands.give(Command {
            alarm: AlarmId::of("d.a0", AlarmKind::Limit),
            occurrence: Some(1),
            worst: None,
            order: Order::Acknowledge,
            note: Note::default(),
        })
    };
    bench.faults.is_broken.store(true, Ordering::Release);
    let mut waiting = Box::pin(acknowledge());
    // The first poll gives it; it is shown at once.
    let mut poll = || {
        waiting
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
    };
    assert_eq!(poll(), Poll::Pending);
    let state = || {
        bench
            .alarms
            .look(|table| table.cases.values().next().unwrap().facts.state())
    };
    while state() != AlarmState::Acknowledged {
        std::thread::yield_now();
    }
    while bench.telemetry.journal.stalled.get() == 0 {
        std::thread::yield_now();
    }
    assert_eq!(poll(), Poll::Pending);
    assert_eq!(block_on(acknowledge()), Err(NotDone::NotDurable));
    bench.faults.is_broken.store(false, Ordering::Release);
    assert!(block_on(waiting).unwrap().is_changed);
    bench.stop();
}

/// A7.15: no bound wipes out alarms: what the journal has no room for is counted, and the board has it.
#[test]
fn pitfall_15_records_that_find_no_room_are_counted_and_shown_all_the_same() {
    // Many alarms at once, so that 16 MiB of records are soon there.
    const ALARMS: u32 = 1_000;
    let bench = start_with(ALARMS);
    block_on(bench.insist(0).wait()).unwrap();
    bench.faults.is_broken.store(true, Ordering::Release);
    let unrecorded = &bench.telemetry.alarms.unrecorded;
    let (mut told, mut value) = (0_u64, 0.0);
    while unrecorded.get() == 0 {
        let Some(mut batch) = bench.intake.take() else {
            std::thread::yield_now();
            continue;
        };
        value = if value == 0.0 { 2e6 } else { 0.0 };
        let time = Timestamp::from_millis(i64::try_from(told).unwrap() + 1);
        batch.start_events(&bench.layout, time);
        for position in 0..ALARMS {
            batch.push_event(position, time, value, Quality::GOOD);
        }
        while bench.intake.room() == 0 {
            std::thread::yield_now();
        }
        bench.intake.offer(batch, Instant::now(), None).unwrap();
        told += u64::from(ALARMS);
    }
    let shown = || bench.alarms.look(|table| table.sequence);
    while shown() < told {
        std::thread::yield_now();
    }
    assert_eq!(shown(), told, "each reading was one record");
    let active = if value > 0.0 { ALARMS as usize } else { 0 };
    assert_eq!(rig::active(&bench.alarms), active);
    bench.faults.is_broken.store(false, Ordering::Release);
    // A disk that failed to take even what was written again is not waited for at the end.
    while bench.telemetry.journal.stalled.get() > 0 {
        std::thread::yield_now();
    }
    bench.stop();
}

/// A sync that fails at the very end is no reason to lose the end.
#[test]
fn what_the_last_sync_failed_to_take_is_written_again() {
    let bench = start();
    block_on(bench.insist(0).wait()).unwrap();
    bench.faults.syncs.store(1, Ordering::Release);
    let receivers: Vec<_> = (1..5).map(|n| bench.insist(n)).collect();
    let telemetry = Arc::clone(&bench.telemetry);
    assert_eq!(bench.stop(), counted(5));
    for receiver in receivers {
        block_on(receiver.wait()).unwrap();
    }
    assert_eq!(telemetry.journal.sync_failures.get(), 1);
}
