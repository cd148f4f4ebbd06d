//! One turn of the pipeline: the batches that were waiting, judged and journalled together.

use std::sync::Arc;

use gridos_alarm::Evaluator;
use gridos_journal::{Journal, JournalError, Tail};
use gridos_model::{DeadLetter, Gap, Readings, Transition};
use gridos_ring::{Consumer, Pool, Slot};
use gridos_telemetry::{Refusal, StageRecorder, Telemetry};

use crate::chain::Chain;
use crate::order::Order;
use crate::sync::{Awaiting, Written};
use crate::{AlarmBoard, LiveView};

/// A turn takes no more batches than this, so that the first does not wait long for the last.
const BATCHES_PER_TURN_MAX: usize = 256;
/// Nor more bytes of records, so that one write stays a bounded piece of work.
const BYTES_PER_TURN_MAX: usize = 1 << 20;
/// So many bytes of records wait in memory while the journal cannot be written; what comes then
/// is judged and turned away.
const BYTES_UNWRITTEN_MAX: usize = 8 << 20;

/// Everything the pipeline thread works on; nobody else holds the mutable half.
#[derive(Debug)]
pub struct Turn {
    consumer: Consumer,
    pool: Pool,
    evaluator: Evaluator,
    journal: Journal,
    views: Views,
    telemetry: Arc<Telemetry>,
    ring_stage: StageRecorder,
    alarm_stage: StageRecorder,
    transitions: Vec<Transition>,
    order: Order,
    /// Batches that are appended, and not yet handed to the sync thread.
    awaiting: Vec<Awaiting>,
    /// Their readings.
    unwritten: u64,
    stalled: bool,
    /// Whether the last write could not begin the next segment.
    troubled: bool,
}

/// What the pipeline publishes; shared with everybody who shows it.
#[derive(Clone, Debug)]
pub struct Views {
    /// The latest reading of every point.
    pub live: Arc<LiveView>,
    /// The active alarms.
    pub alarms: Arc<AlarmBoard>,
}

impl Turn {
    /// The work of a pipeline that takes batches from `consumer` and gives them back to `pool`.
    pub fn new(
        consumer: Consumer,
        pool: Pool,
        evaluator: Evaluator,
        journal: Journal,
        views: Views,
        telemetry: Arc<Telemetry>,
    ) -> Self {
        let points = views.live.points();
        Self {
            consumer,
            pool,
            evaluator,
            journal,
            views,
            ring_stage: telemetry.stages.ring.recorder(),
            alarm_stage: telemetry.stages.alarm.recorder(),
            telemetry,
            transitions: Vec::new(),
            order: Order::new(points),
            awaiting: Vec::new(),
            unwritten: 0,
            stalled: false,
            troubled: false,
        }
    }

    /// Takes what is waiting, judges it, publishes it and appends it to the journal's buffer.
    /// Returns how many batches there were.
    ///
    /// While the journal is stalled and the buffer is full, batches are judged and shown all the
    /// same, and then turned away: an alarm must not wait for a disk.
    pub fn take(&mut self) -> usize {
        let mut batches = 0;
        while batches < BATCHES_PER_TURN_MAX && (self.stalled || self.has_room(BYTES_PER_TURN_MAX))
        {
            let Some(slot) = self.consumer.pop() else {
                break;
            };
            self.pass(slot);
            batches += 1;
        }
        if batches > 0 {
            self.ring_stage.flush();
            self.alarm_stage.flush();
            let cells = &self.telemetry;
            cells.journal.position.set(self.end().position.get());
            cells.ring.depth.set(self.consumer.len() as u64);
            cells.pool.free.set(self.pool.free() as u64);
        }
        batches
    }

    /// Writes what was appended; on an error nothing is lost and it can be called again.
    pub fn write(&mut self) -> Result<Option<Written>, JournalError> {
        if self.journal.unwritten_bytes() == 0 {
            return Ok(None);
        }
        let tail = self.journal.write()?;
        let readings = std::mem::take(&mut self.unwritten);
        self.telemetry.ledger.journalled.add(readings);
        self.report_trouble();
        Ok(Some(Written {
            tail,
            batches: std::mem::take(&mut self.awaiting),
        }))
    }

    /// Says whether what is taken from now on can be kept; producers who wait for a receipt are
    /// refused at the door meanwhile.
    pub(crate) fn set_stalled(&mut self, stalled: bool) {
        self.stalled = stalled;
        self.consumer.set_stalled(stalled);
        self.telemetry.journal.stalled.set(u64::from(stalled));
    }

    pub(crate) fn is_stalled(&self) -> bool {
        self.stalled
    }

    pub(crate) fn is_written(&self) -> bool {
        self.journal.unwritten_bytes() == 0
    }

    /// Gives up on what could not be written: whoever waits for it is told, and it is counted.
    pub(crate) fn give_up(&mut self) {
        let readings = std::mem::take(&mut self.unwritten);
        if readings > 0 {
            tracing::error!(readings, "not journalled at the end, and not acknowledged");
        }
        self.telemetry
            .ledger
            .turn_away(Refusal::JournalStalled, readings);
        self.awaiting.clear();
    }

    /// Where the journal's files end.
    pub(crate) fn written(&self) -> Tail {
        self.journal.written()
    }

    /// Where the journal ends, with what is not written yet.
    fn end(&self) -> Tail {
        self.journal.end()
    }

    pub(crate) fn journal(&self) -> &Journal {
        &self.journal
    }

    pub(crate) fn consumer(&mut self) -> &mut Consumer {
        &mut self.consumer
    }

    pub(crate) fn telemetry(&self) -> &Arc<Telemetry> {
        &self.telemetry
    }

    fn has_room(&self, bytes_max: usize) -> bool {
        self.journal.unwritten_bytes() < bytes_max
    }

    /// One batch's way: judged before it is journalled, published before it is written.
    fn pass(&mut self, slot: Slot) {
        let Slot {
            mut batch,
            arrival,
            receipt,
            beside,
        } = slot;
        // The intake lets no batch in that was never started.
        let Some(layout) = batch.layout().map(Arc::clone) else {
            return self.pool.give(batch);
        };
        let waited = arrival.ring.saturating_duration_since(arrival.wire);
        self.ring_stage.record(waited);
        self.order.note(layout.first(), &mut batch);
        if let Some(readings) = batch.readings() {
            self.evaluator
                .evaluate(layout.first(), &readings, &mut self.transitions);
            self.annunciate();
            self.alarm_stage.record(arrival.wire.elapsed());
            self.record_gap(beside.gap);
            let live = &self.views.live;
            live.publish(layout.device_index().get(), layout.first(), &readings);
            let wire = arrival.wire;
            self.keep(&readings, beside.letter, Awaiting { wire, receipt });
            self.record_transitions();
        }
        self.pool.give(batch);
    }

    /// Appends a batch and the letter behind it, or turns both away: whoever waits for the receipt
    /// sends both again.
    fn keep(
        &mut self,
        readings: &Readings<'_>,
        letter: Option<Box<DeadLetter>>,
        awaiting: Awaiting,
    ) {
        let count = readings.len() as u64;
        if !self.has_room(BYTES_UNWRITTEN_MAX) {
            let ledger = &self.telemetry.ledger;
            ledger.turn_away(Refusal::JournalStalled, count);
            let unrecorded = &self.telemetry.journal.letters_unrecorded;
            unrecorded.add(u64::from(letter.is_some()));
            return;
        }
        // A letter may come without readings.
        if count > 0 {
            self.journal.append_readings(readings);
        }
        if let Some(letter) = letter {
            self.journal.append_letter(&letter);
        }
        self.unwritten += count;
        self.awaiting.push(awaiting);
    }

    fn annunciate(&self) {
        if self.transitions.is_empty() {
            return;
        }
        self.views.alarms.apply(&self.transitions);
        let cells = &self.telemetry.alarms;
        cells.transitions.add(self.transitions.len() as u64);
        cells.active.set(self.views.alarms.len() as u64);
    }

    /// A gap stands right before the readings that end it, and finds room as transitions do.
    fn record_gap(&mut self, gap: Option<Gap>) {
        let Some(gap) = gap else { return };
        if self.has_room(2 * BYTES_UNWRITTEN_MAX) {
            self.journal.append_gap(&gap);
        } else {
            self.telemetry.journal.gaps_unrecorded.increment();
        }
    }

    /// Transitions are small and matter most: they find room when readings no longer do.
    fn record_transitions(&mut self) {
        if self.transitions.is_empty() {
            return;
        }
        if self.has_room(2 * BYTES_UNWRITTEN_MAX) {
            self.journal.append_transitions(&self.transitions);
        } else {
            let unrecorded = self.transitions.len() as u64;
            self.telemetry.alarms.unrecorded.add(unrecorded);
        }
        self.transitions.clear();
    }

    /// One line when the next segment cannot be begun, and one when it could.
    fn report_trouble(&mut self) {
        let troubled = self.journal.trouble().is_some();
        if let Some(error) = self.journal.trouble()
            && !self.troubled
        {
            tracing::warn!(error = %Chain(error), "the full segment goes on growing");
        }
        self.troubled = troubled;
    }
}
