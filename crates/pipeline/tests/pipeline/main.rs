//! The pipeline as a producer sees it: a batch goes in, a receipt comes back, nothing is lost.

#![cfg(test)]

mod full;
#[path = "../rig/mod.rs"]
mod rig;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_journal::{Chunk, Journal, Options, Read, Reader, Record, Tail};
use gridos_model::{
    DeadLetter, DeviceId, Directory, DirectoryBuilder, Gap, GapReason, Level, LinkChange,
    LinkState, Point, Quality, Readings, Timestamp,
};
use gridos_pipeline::{Pipeline, SyncOptions, Turn, Views, alarm_commands};
use gridos_ring::{Beside, Intake, Lost, Pool, Receipt, Receiver, Refused, ring};
use gridos_telemetry::{Refusal, Telemetry};
use tempfile::TempDir;

const SLOTS: usize = 8;

struct Bench {
    directory: Arc<Directory>,
    intake: Intake,
    views: Views,
    telemetry: Arc<Telemetry>,
    pipeline: Pipeline,
}

fn start(dir: &Path, options: Options, sync: SyncOptions) -> Bench {
    let mut builder = DirectoryBuilder::default();
    builder
        .add("d", vec![Point::new("a", ""), Point::new("b", "")], &[])
        .unwrap();
    let directory = Arc::new(builder.build());
    let telemetry = Arc::new(Telemetry::new("0", ["d".to_owned()]));
    let defined = vec![rig::limit_alarm(&directory, "d.a", 100.0)];
    let (producer, consumer) = ring(SLOTS);
    let pool = Pool::new(2 * SLOTS, 2);
    let (alarms, views) = rig::alarms(&directory, defined);
    let (journal, _) = Journal::open(dir, options).unwrap();
    let (_commands, queue) = alarm_commands(producer.clone(), Arc::clone(&telemetry));
    let turn = Turn::new(
        consumer,
        pool.clone(),
        (alarms, queue),
        journal,
        views.clone(),
        Arc::clone(&telemetry),
    );
    let pipeline = Pipeline::start(turn, sync, producer.clone()).unwrap();
    let intake = Intake::new(pool, producer, Arc::clone(&telemetry));
    Bench {
        directory,
        intake,
        views,
        telemetry,
        pipeline,
    }
}

impl Bench {
    fn offer(&self, time: i64, value: f64) -> Result<Receiver, Refused> {
        let (receipt, receiver) = Receipt::pair();
        self.offer_for(Some(receipt), time, value)
            .map(|()| receiver)
    }

    fn offer_for(&self, receipt: Option<Receipt>, time: i64, value: f64) -> Result<(), Refused> {
        let mut batch = self.intake.take().ok_or(Refused::RingFull)?;
        let layout = self.directory.devices()[0].whole();
        batch.start_events(layout, Timestamp::from_millis(time));
        batch.push_event(0, Timestamp::from_millis(time), value, Quality::GOOD);
        self.intake.offer(batch, Instant::now(), receipt)
    }

    /// Offers until there is room: what a patient client does.
    fn insist(&self, time: i64, value: f64) -> Receiver {
        loop {
            match self.offer(time, value) {
                Ok(receiver) => return receiver,
                Err(_) => std::thread::yield_now(),
            }
        }
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(future)
}

fn journalled(dir: &Path, until: Tail) -> (Vec<f64>, Vec<Level>) {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    each_record(dir, until, |record| match record {
        Record::Readings(readings) => values.extend(readings.values()),
        Record::Alarms(all) => levels.extend(all.iter().map(|record| record.after.level)),
        other
        @ (Record::Gap(_) | Record::Letter(_) | Record::Transitions(_) | Record::Audit(_)) => {
            panic!("{other:?}")
        }
    });
    (values, levels)
}

fn each_record(dir: &Path, until: Tail, mut take: impl FnMut(Record<'_>)) {
    let (mut reader, mut chunk) = (Reader::new(dir), Chunk::default());
    let mut at = reader.oldest().unwrap();
    while reader.read(at, until, 1 << 20, &mut chunk).unwrap() == Read::Frames {
        for (_, record) in chunk.records() {
            take(record.unwrap());
        }
        at = chunk.until();
    }
}

#[test]
fn a_receipt_comes_when_the_batch_is_durable() {
    let dir = TempDir::new().unwrap();
    let bench = start(dir.path(), Options::default(), SyncOptions::default());
    let durable = bench.pipeline.durable();
    for n in 0..1_000 {
        let receipt = block_on(bench.insist(n, n as f64).wait()).unwrap();
        assert!(durable.borrow().position.get() >= receipt.position);
    }
    let end = bench.pipeline.stop().unwrap();
    let (values, levels) = journalled(dir.path(), end);
    assert_eq!(values, (0..1_000).map(f64::from).collect::<Vec<_>>());
    assert_eq!(levels, [Level::High]);
    assert_eq!(rig::active(&bench.views.alarms), 1);
    assert_eq!(bench.telemetry.ledger.journalled.get(), 1_000);
    assert!(bench.telemetry.stages.durable.quantile(0.5).is_some());
}

#[test]
fn a_text_is_counted_shown_and_journalled_like_a_reading() {
    let dir = TempDir::new().unwrap();
    let bench = start(dir.path(), Options::default(), SyncOptions::default());
    let mut batch = bench.intake.take().unwrap();
    let layout = bench.directory.devices()[0].whole();
    batch.start_texts(layout, Timestamp::from_millis(9));
    batch.push_text(1, Timestamp::from_millis(7), "v1", Quality::GOOD);
    batch.push_text(1, Timestamp::from_millis(5), "v0", Quality::GOOD);
    let (receipt, receiver) = Receipt::pair();
    let offered = bench.intake.offer(batch, Instant::now(), Some(receipt));
    assert_eq!(offered, Ok(()));
    block_on(receiver.wait()).unwrap();
    let b = bench.directory.find_point("d.b").unwrap().index;
    let shown = bench.views.live.text(b).unwrap();
    assert_eq!((&*shown.text, shown.quality), ("v1", Quality::GOOD));
    assert!(bench.views.alarms.table().cases.is_empty());
    let ledger = bench.telemetry.ledger.snapshot();
    assert_eq!((ledger.received, ledger.offered), (2, 2));
    let end = bench.pipeline.stop().unwrap();
    assert_eq!(end.readings, 2);
    let mut texts = Vec::new();
    each_record(dir.path(), end, |record| {
        let Record::Readings(Readings::Texts(batch)) = record else {
            panic!("{record:?}");
        };
        let qualities = batch.qualities.iter().copied();
        texts.extend(batch.texts.iter().map(str::to_owned).zip(qualities));
    });
    let expected = [("v1", Quality::GOOD), ("v0", Quality::LATE)];
    assert_eq!(
        texts,
        expected.map(|(text, quality)| (text.to_owned(), quality))
    );
}

/// Whoever reads the journal learns of the gap before the readings that end it.
#[test]
fn a_gap_is_journalled_before_the_batch_that_ends_it() {
    let dir = TempDir::new().unwrap();
    let bench = start(dir.path(), Options::default(), SyncOptions::default());
    let layout = Arc::clone(bench.directory.devices()[0].whole());
    let gap = Gap {
        device: layout.device_id(),
        from: Timestamp::from_millis(1),
        until: Timestamp::from_millis(9),
        reason: GapReason::DeviceDown,
    };
    for (value, gap) in [(1.0, None), (2.0, Some(gap)), (3.0, None)] {
        let mut batch = bench.intake.take().unwrap();
        batch.start_events(&layout, Timestamp::from_millis(9));
        batch.push_event(0, Timestamp::from_millis(9), value, Quality::GOOD);
        let offered = bench.intake.offer_after(batch, Instant::now(), None, gap);
        offered.unwrap();
    }
    let end = bench.pipeline.stop().unwrap();
    let mut seen = Vec::new();
    each_record(dir.path(), end, |record| match record {
        Record::Readings(readings) => seen.push(format!("{:?}", readings.values())),
        Record::Gap(found) if found == gap => seen.push("gap".to_owned()),
        other @ (Record::Gap(_)
        | Record::Transitions(_)
        | Record::Letter(_)
        | Record::Alarms(_)
        | Record::Audit(_)) => {
            panic!("{other:?}")
        }
    });
    assert_eq!(seen, ["[1.0]", "gap", "[2.0]", "[3.0]"]);
}

fn letter(octets: &[u8]) -> DeadLetter {
    let device = DeviceId::of("d");
    DeadLetter::new(device, Timestamp::from_millis(9), "why", octets)
}

impl Bench {
    /// Offers so many events, and a letter behind them.
    fn offer_letter(&self, events: u32, letter: &DeadLetter, receipt: Option<Receipt>) {
        let mut batch = self.intake.take().unwrap();
        let time = Timestamp::from_millis(9);
        batch.start_events(self.directory.devices()[0].whole(), time);
        for value in 0..events {
            batch.push_event(0, time, f64::from(value), Quality::GOOD);
        }
        let beside = Beside {
            letter: Some(Box::new(letter.clone())),
            ..Beside::default()
        };
        let offered = self
            .intake
            .offer_with(batch, Instant::now(), receipt, beside);
        offered.unwrap();
    }
}

#[test]
fn a_letter_is_durable_with_its_readings_and_may_come_without_any() {
    let dir = TempDir::new().unwrap();
    let bench = start(dir.path(), Options::default(), SyncOptions::default());
    let durable = bench.pipeline.durable();
    let (behind, alone) = (letter(&[1, 2]), letter(&[3; 5_000]));
    for (events, letter) in [(2, &behind), (0, &alone)] {
        let (receipt, receiver) = Receipt::pair();
        bench.offer_letter(events, letter, Some(receipt));
        let position = block_on(receiver.wait()).unwrap().position;
        assert!(durable.borrow().position.get() >= position);
        let kept = durable.borrow().position;
        let mut letters = 0;
        each_record(dir.path(), *durable.borrow(), |record| {
            letters += u32::from(record == Record::Letter(letter.clone()));
        });
        assert_eq!((letters, kept), (1, durable.borrow().position));
    }
    let ledger = bench.telemetry.ledger.snapshot();
    assert_eq!((ledger.received, ledger.journalled), (2, 2));
    let end = bench.pipeline.stop().unwrap();
    let mut seen = Vec::new();
    each_record(dir.path(), end, |record| match record {
        Record::Readings(readings) => seen.push(readings.len()),
        Record::Letter(letter) => seen.push(letter.length() as usize),
        other
        @ (Record::Gap(_) | Record::Transitions(_) | Record::Alarms(_) | Record::Audit(_)) => {
            panic!("{other:?}")
        }
    });
    assert_eq!(seen, [2, 2, 5_000]);
}

#[test]
fn what_only_tells_of_the_link_waits_for_no_disk() {
    let dir = TempDir::new().unwrap();
    let bench = start(dir.path(), Options::default(), SyncOptions::default());
    let device = &bench.directory.devices()[0];
    let mut batch = bench.intake.take().unwrap();
    batch.start_events(device.whole(), Timestamp::from_millis(9));
    let beside = Beside {
        link: Some(LinkChange {
            device: device.whole().device_index(),
            state: LinkState::Lost,
            time: Timestamp::from_millis(9),
        }),
        ..Beside::default()
    };
    let offered = bench.intake.offer_with(batch, Instant::now(), None, beside);
    offered.unwrap();
    block_on(bench.insist(10, 1.0).wait()).unwrap();
    let telemetry = Arc::clone(&bench.telemetry);
    bench.pipeline.stop().unwrap();
    assert_eq!(telemetry.stages.durable.buckets().count(), 1);
}

#[test]
fn stopping_takes_what_is_still_in_the_ring() {
    let dir = TempDir::new().unwrap();
    // Nothing is synced by time or size, only by the end.
    let sync = SyncOptions {
        interval: Duration::from_secs(3_600),
        bytes: u64::MAX,
        ..SyncOptions::default()
    };
    let bench = start(dir.path(), Options::default(), sync);
    let receivers: Vec<_> = (0..500).map(|n| bench.insist(n, 1.0)).collect();
    let end = bench.pipeline.stop().unwrap();
    assert_eq!(end.readings, 500);
    for receiver in receivers {
        block_on(receiver.wait()).unwrap();
    }
    let ledger = bench.telemetry.ledger.snapshot();
    assert_eq!((ledger.in_ring, ledger.in_journal), (0, 500));
    assert!(ledger.is_balanced());
}

/// A post of yesterday's readings must not change what the operator sees now.
#[test]
fn late_readings_are_kept_and_neither_shown_nor_judged() {
    let dir = TempDir::new().unwrap();
    let bench = start(dir.path(), Options::default(), SyncOptions::default());
    block_on(bench.insist(1_000, 50.0).wait()).unwrap();
    block_on(bench.insist(10, 150.0).wait()).unwrap();
    let a = bench.directory.find_point("d.a").unwrap().index;
    assert_eq!(bench.views.live.get(0, a).unwrap().value, 50.0);
    assert!(bench.views.alarms.table().cases.is_empty());
    let end = bench.pipeline.stop().unwrap();
    assert_eq!(journalled(dir.path(), end).0, [50.0, 150.0]);
}
