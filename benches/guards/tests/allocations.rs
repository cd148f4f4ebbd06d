//! The way of a reading takes no memory: from the wire to the journal's buffer nothing is allocated
//! once every batch has been round, by no batch and by no turn.
//!
//! Writing to the disk and what the sync thread is handed are once a turn, and not counted to the way.

#![cfg(test)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use allocation_counter::{AllocationInfo, measure};
use gridos_alarm::Alarms;
use gridos_benches::{Fleet, Master, POINTS, Random, fragments};
use gridos_journal::{Journal, Options, Syncer};
use gridos_model::{Batch, TimeQuality, Timestamp};
use gridos_pipeline::{AlarmBoard, AlarmBook, LiveView, Turn, Views, alarm_commands};
use gridos_ring::{Intake, Pool, ring};
use gridos_telemetry::Telemetry;
use tempfile::TempDir;

const DEVICES: usize = 8;
/// Batches of one turn.
const BATCHES: usize = 64;
/// Turns after which all that grows has grown.
const WARM: usize = 100;
/// Turns that are counted.
const COUNTED: usize = 100;
/// Events in a fragment of 2,048 octets, and more.
const EVENTS_MAX: usize = 256;

/// The stages from the intake to the journal, on this thread alone.
struct Way {
    fleet: Fleet,
    intake: Intake,
    turn: Turn,
    /// What is durable leaves the journal's buffer.
    syncer: Syncer,
    telemetry: Arc<Telemetry>,
    _dir: TempDir,
}

impl Way {
    fn new() -> Self {
        let fleet = Fleet::new(DEVICES).unwrap();
        let directory = Arc::new(Fleet::new(DEVICES).unwrap().directory);
        let defined = fleet.alarms().unwrap();
        let area: Arc<str> = Arc::from("north");
        let listed = defined.iter().cloned();
        let listed = listed.map(|alarm| (alarm, Arc::clone(&area)));
        let views = Views {
            live: Arc::new(LiveView::new(&directory)),
            alarms: Arc::new(AlarmBoard::default()),
            book: Arc::new(AlarmBook::new(Arc::clone(&directory), listed)),
        };
        let alarms = Alarms::new(directory, &defined);
        let names = (0..DEVICES).map(|n| format!("feeder-{n}"));
        let telemetry = Arc::new(Telemetry::new("0", names));
        let (producer, consumer) = ring(BATCHES);
        let pool = Pool::new(BATCHES, EVENTS_MAX);
        let (_commands, queue) = alarm_commands(producer.clone(), Arc::clone(&telemetry));
        let dir = TempDir::new().unwrap();
        let (journal, _) = Journal::open(dir.path(), Options::default()).unwrap();
        let syncer = journal.syncer();
        let turn = Turn::new(
            consumer,
            pool.clone(),
            (alarms, queue),
            journal,
            views,
            Arc::clone(&telemetry),
        );
        Self {
            fleet,
            intake: Intake::new(pool, producer, Arc::clone(&telemetry)),
            turn,
            syncer,
            telemetry,
            _dir: dir,
        }
    }

    /// Turns of batches that `decode` makes, the `n`-th time of the `n`-th device; returns what was
    /// allocated by those that count, and by how many batches.
    fn pass(
        &mut self,
        mut decode: impl FnMut(&Fleet, usize, &mut Batch),
    ) -> (AllocationInfo, usize) {
        let (mut allocated, mut batches) = (AllocationInfo::default(), 0);
        for turn in 0..WARM + COUNTED {
            let info = measure(|| {
                for n in turn * BATCHES..(turn + 1) * BATCHES {
                    let mut batch = self.intake.take().expect("a free batch");
                    decode(&self.fleet, n, &mut batch);
                    self.intake
                        .offer(batch, Instant::now(), None)
                        .expect("room");
                }
                assert_eq!(self.turn.take(), BATCHES);
            });
            self.turn.write().unwrap();
            self.syncer.sync().unwrap();
            self.syncer.prepare().unwrap();
            if turn >= WARM {
                allocated += info;
                batches += BATCHES;
            }
        }
        (allocated, batches)
    }

    fn sweep(fleet: &Fleet, n: usize, words: &[u16], batch: &mut Batch) {
        // Later each time: a reading that is late goes another way.
        let now = Timestamp::from_millis(i64::try_from(n).unwrap());
        batch.start_sweep(fleet.layout(n), now, TimeQuality::Synchronised, now);
        let request = &fleet.plan.requests()[0];
        request.decode_registers(words, batch).unwrap();
    }
}

#[test]
fn sweeps_take_no_memory() {
    let mut way = Way::new();
    let words = Fleet::words(7);
    let (allocated, batches) = way.pass(|fleet, n, batch| Way::sweep(fleet, n, &words, batch));
    assert_eq!(allocated.count_total, 0, "{allocated:?}");
    let passed = u64::try_from((WARM + COUNTED) * BATCHES * POINTS).unwrap();
    assert_eq!(way.telemetry.ledger.journalled.get(), passed);
    assert_eq!(batches, COUNTED * BATCHES);
}

#[test]
fn events_take_no_memory() {
    let mut way = Way::new();
    let mut random = Random::default();
    let (allocated, _) = way.pass(|fleet, n, batch| fleet.fill_events(batch, n, &mut random));
    assert_eq!(allocated.count_total, 0, "{allocated:?}");
    let passed = u64::try_from((WARM + COUNTED) * BATCHES * POINTS).unwrap();
    assert_eq!(way.telemetry.ledger.journalled.get(), passed);
}

/// The same fragments again and again: all but the first are late.
#[test]
fn dnp3_fragments_take_no_memory() {
    let mut way = Way::new();
    let (fragments, _) = fragments();
    let mut master = Master::default();
    let mut events = 0;
    let (allocated, _) = way.pass(|fleet, n, batch| {
        let octets = &fragments[n % fragments.len()];
        events += master.decode(octets, fleet.layout(n), batch);
    });
    assert_eq!(allocated.count_total, 0, "{allocated:?}");
    assert_eq!(way.telemetry.ledger.journalled.get(), events);
}

/// What the other tests would not see if it did not hold.
#[test]
fn one_allocation_of_each_batch_is_counted() {
    let mut way = Way::new();
    let words = Fleet::words(7);
    let (allocated, batches) = way.pass(|fleet, n, batch| {
        Way::sweep(fleet, n, &words, batch);
        drop(black_box(Box::new(n)));
    });
    assert_eq!(allocated.count_total, batches as u64, "{allocated:?}");
}
