//! One turn of the pipeline: the batches that were waiting, judged and journalled together.

use std::sync::Arc;

use gridos_alarm::Evaluator;
use gridos_journal::{Journal, JournalError, Tail};
use gridos_model::Transition;
use gridos_ring::{Consumer, Pool, Slot};
use gridos_telemetry::{StageRecorder, Telemetry};

use crate::sync::{Awaiting, Written};
use crate::{AlarmBoard, LiveView};

/// A turn takes no more batches than this, so that the first does not wait long for the last.
const BATCHES_PER_TURN_MAX: usize = 256;
/// Nor more bytes of records, so that one write stays a bounded piece of work.
const BYTES_PER_TURN_MAX: usize = 1 << 20;

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
    /// Batches that are appended, and not yet handed to the sync thread.
    awaiting: Vec<Awaiting>,
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
            awaiting: Vec::new(),
        }
    }

    /// Takes what is waiting, judges it, publishes it and appends it to the journal's buffer.
    /// Returns how many batches there were.
    pub fn take(&mut self) -> usize {
        let mut batches = 0;
        while batches < BATCHES_PER_TURN_MAX && self.journal.unwritten_bytes() < BYTES_PER_TURN_MAX
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
            self.telemetry
                .journal
                .position
                .set(self.journal.end().position.get());
            self.telemetry.ring.depth.set(self.consumer.len() as u64);
            self.telemetry.pool.free.set(self.pool.free() as u64);
        }
        batches
    }

    /// Writes what was appended; on an error nothing is lost and it can be called again.
    pub fn write(&mut self) -> Result<Option<Written>, JournalError> {
        if self.awaiting.is_empty() {
            return Ok(None);
        }
        let tail = self.journal.write()?;
        Ok(Some(Written {
            tail,
            batches: std::mem::take(&mut self.awaiting),
        }))
    }

    /// Where the journal ends.
    pub(crate) fn end(&self) -> Tail {
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

    /// One batch's way: judged before it is journalled, published before it is written.
    fn pass(&mut self, slot: Slot) {
        let Slot {
            batch,
            arrival,
            receipt,
            gap,
        } = slot;
        // The intake lets no batch in that was never started.
        if let (Some(layout), Some(readings)) = (batch.layout(), batch.readings()) {
            self.ring_stage
                .record(arrival.ring.saturating_duration_since(arrival.wire));
            self.evaluator
                .evaluate(layout.first(), &readings, &mut self.transitions);
            if !self.transitions.is_empty() {
                self.annunciate();
            }
            self.alarm_stage.record(arrival.wire.elapsed());
            if let Some(gap) = gap {
                self.journal.append_gap(&gap);
            }
            self.journal.append_readings(&readings);
            if !self.transitions.is_empty() {
                self.journal.append_transitions(&self.transitions);
                self.transitions.clear();
            }
            self.views
                .live
                .publish(layout.device_index().get(), layout.first(), &readings);
            self.telemetry.ledger.journalled.add(readings.len() as u64);
            self.awaiting.push(Awaiting {
                wire: arrival.wire,
                receipt,
            });
        }
        self.pool.give(batch);
    }

    fn annunciate(&self) {
        self.views.alarms.apply(&self.transitions);
        self.telemetry
            .alarms
            .transitions
            .add(self.transitions.len() as u64);
        self.telemetry
            .alarms
            .active
            .set(self.views.alarms.len() as u64);
    }
}
