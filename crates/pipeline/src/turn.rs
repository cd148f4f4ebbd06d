//! One turn of the pipeline: the batches that were waiting, judged and journalled together.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_alarm::{Alarms, Case, Memory};
use gridos_journal::{Journal, JournalError, Tail};
use gridos_model::{
    AlarmId, AuditRecord, DeadLetter, DeviceId, Epoch, Gap, GapReason, PointIndex, Readings,
    Timestamp,
};
use gridos_ring::{Consumer, Pool, Slot};
use gridos_telemetry::{Mark, Refusal, StageRecorder, Telemetry};

use crate::alarms::{CommandQueue, Given, NotDone, Renewal};
use crate::audit::AuditQueue;
use crate::judging::Judging;
use crate::order::Order;
use crate::sync::{Awaiting, Promised, Written};
use crate::{AlarmMark, Views};

/// A turn takes no more batches than this, so that the first does not wait long for the last.
const BATCHES_PER_TURN_MAX: usize = 256;
/// Nor more bytes of records, so that one write stays a bounded piece of work.
const BYTES_PER_TURN_MAX: usize = 1 << 20;
/// Nor more commands about alarms.
const COMMANDS_PER_TURN_MAX: usize = 256;
/// Nor more deeds for the audit log.
const DEEDS_PER_TURN_MAX: usize = 256;
/// So many bytes of records wait in memory while the journal cannot be written; what comes then
/// is judged and turned away.
const BYTES_UNWRITTEN_MAX: usize = 8 << 20;

/// Everything the pipeline thread works on; nobody else holds the mutable half.
#[derive(Debug)]
pub struct Turn {
    consumer: Consumer,
    pool: Pool,
    judging: Judging,
    audit: AuditQueue,
    /// How many deeds there were.
    deeds: u64,
    journal: Journal,
    views: Views,
    telemetry: Arc<Telemetry>,
    ring_stage: StageRecorder,
    alarm_stage: StageRecorder,
    due_wire: StageRecorder,
    due_alarm: StageRecorder,
    /// Of the batches that are appended: how long they were due before they came.
    marks: Vec<Mark>,
    order: Order,
    /// Another generation that waits, and the batch before which it counts.
    renewal: Option<(Renewal, u64)>,
    /// Batches that were taken since the start.
    passed: u64,
    /// Batches that are appended, and not yet handed to the sync thread.
    awaiting: Vec<Awaiting>,
    /// Their readings.
    unwritten: u64,
    /// Commands that are done, and whose answers are not yet handed to the sync thread.
    promised: Vec<Promised>,
    /// Where the last record of an alarm stands.
    mark: Arc<AlarmMark>,
    /// The sequence of that record.
    recorded: u64,
    stalled: bool,
    /// When the last readings that were kept were received.
    covered: Option<Timestamp>,
    /// Since when readings are missing that were turned away and that nobody sends again.
    missing: Option<Timestamp>,
    /// How often the journal gave up segments, as far as that is told.
    renewals: u64,
}

impl Turn {
    /// The work of a pipeline that takes batches from `consumer` and gives them back to `pool`, and
    /// commands about `alarms` from `commands`.
    pub fn new(
        consumer: Consumer,
        pool: Pool,
        (alarms, commands): (Alarms, CommandQueue),
        journal: Journal,
        views: Views,
        telemetry: Arc<Telemetry>,
    ) -> Self {
        let order = Order::new(views.live.points());
        Self {
            consumer,
            pool,
            audit: AuditQueue::none(),
            deeds: 0,
            judging: Judging::new(alarms, commands, views.clone(), Arc::clone(&telemetry)),
            journal,
            views,
            ring_stage: telemetry.stages.ring.recorder(),
            alarm_stage: telemetry.stages.alarm.recorder(),
            due_wire: telemetry.stages.due.wire.recorder(),
            due_alarm: telemetry.stages.due.alarm.recorder(),
            marks: Vec::new(),
            telemetry,
            order,
            renewal: None,
            passed: 0,
            awaiting: Vec::new(),
            unwritten: 0,
            promised: Vec::new(),
            mark: Arc::default(),
            recorded: 0,
            stalled: false,
            covered: None,
            missing: None,
            renewals: 0,
        }
    }

    /// Records the deeds of `queue` as well.
    #[must_use]
    pub fn with_audit(mut self, queue: AuditQueue) -> Self {
        self.audit = queue;
        self
    }

    /// Goes on with what is remembered of the alarms of an earlier process, before anything is
    /// taken. Where records of alarms stand from now on is said in `mark`. Returns what is known of the alarms
    /// that are `elsewhere`, with another engine.
    pub fn restore(
        &mut self,
        memory: Memory,
        elsewhere: &HashSet<AlarmId>,
        mark: Arc<AlarmMark>,
    ) -> Vec<Case> {
        self.mark = mark;
        self.recorded = memory.sequence;
        let known = self.judging.restore(memory, elsewhere);
        self.know_youngest(self.judging.last_known());
        self.record_alarms();
        known
    }

    /// Earlier processes knew a reading of each of these points at that time: what is older stays late.
    pub fn know_youngest(&mut self, youngest: impl IntoIterator<Item = (PointIndex, Timestamp)>) {
        for (point, time) in youngest {
            self.order.begin(point, time);
        }
    }

    /// Takes what is waiting, judges it, publishes it and appends it to the journal's buffer.
    /// Returns how many batches, commands and deeds there were.
    ///
    /// While the journal is stalled and the buffer is full, batches are judged and shown all the
    /// same, and then turned away: an alarm must not wait for a disk.
    pub fn take(&mut self) -> usize {
        self.judging.begin_turn();
        let batches = self.take_batches();
        let renewals = self.take_renewal();
        let commands = self.take_commands();
        self.judging.look_at_time();
        self.judging.annunciate();
        self.record_alarms();
        batches + renewals + commands + self.take_deeds()
    }

    fn take_batches(&mut self) -> usize {
        let mut batches = 0;
        while batches < BATCHES_PER_TURN_MAX && (self.stalled || self.has_room(BYTES_PER_TURN_MAX))
        {
            let Some(slot) = self.consumer.pop() else {
                break;
            };
            self.pass(slot);
            self.passed += 1;
            batches += 1;
        }
        if batches > 0 {
            self.ring_stage.flush();
            self.alarm_stage.flush();
            self.due_wire.flush();
            self.due_alarm.flush();
            let cells = &self.telemetry;
            cells.trail.append(&mut self.marks);
            self.relieve();
            cells.journal.position.set(self.end().position.get());
            cells.ring.depth.set(self.consumer.len() as u64);
            cells.pool.free.set(self.pool.free() as u64);
        }
        batches
    }

    /// Writes what was appended, and again what the disk failed to take; on an error nothing is
    /// lost and it can be called again.
    pub fn write(&mut self) -> Result<Option<Written>, JournalError> {
        let tail = match (self.is_written(), self.promised.is_empty()) {
            (true, true) => return Ok(None),
            // What changed nothing is answered when all before it is durable.
            (true, false) => self.journal.written(),
            (false, _) => self.journal.write()?,
        };
        let readings = std::mem::take(&mut self.unwritten);
        self.telemetry.ledger.journalled.add(readings);
        self.report_renewal();
        Ok(Some(Written {
            tail,
            // Its room stays here: the next turn needs as much.
            batches: self.awaiting.drain(..).collect(),
            promised: std::mem::take(&mut self.promised),
            alarms: self.recorded,
        }))
    }

    /// Says whether what is taken from now on can be kept; producers who wait for a receipt are
    /// refused at the door meanwhile.
    pub(crate) fn set_stalled(&mut self, stalled: bool) {
        self.stalled = stalled;
        self.consumer.set_stalled(stalled);
        self.telemetry.journal.stalled.set(u64::from(stalled));
        if !stalled {
            self.relieve();
        }
    }

    /// There is room in the ring, and for what is in it: nobody has to wait any more.
    fn relieve(&self) {
        let (pressure, now) = (&self.telemetry.pressure, Instant::now());
        pressure.ring_full.end(now);
        if !self.stalled {
            pressure.relieve(now);
        }
    }

    /// Whether all is written that was appended, and nothing has to be written again.
    pub(crate) fn is_written(&self) -> bool {
        self.journal.unwritten_bytes() == 0 && !self.journal.is_poisoned()
    }

    /// Whether the disk failed to take even what was written again.
    pub(crate) fn is_degraded(&self) -> bool {
        self.journal.failures() > 1
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
        self.promised.clear();
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

    /// Sleeps until there is something to do, at most for `most`.
    pub(crate) fn sleep(&mut self, most: Duration) {
        let most = self.judging.patience(most);
        let has_more = || self.judging.has_commands() || !self.audit.is_empty();
        self.consumer.wait_unless(most, has_more);
    }

    pub(crate) fn telemetry(&self) -> &Arc<Telemetry> {
        &self.telemetry
    }

    pub(crate) fn views(&self) -> &Views {
        &self.views
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
            protocol,
            epoch,
        } = slot;
        // The intake lets no batch in that was never started.
        let Some(layout) = batch.layout().map(Arc::clone) else {
            return self.pool.give(batch);
        };
        let waited = arrival.ring.saturating_duration_since(arrival.wire);
        let lead = arrival.wire.saturating_duration_since(arrival.due);
        self.ring_stage.record(protocol, waited);
        self.due_wire.record(protocol, lead);
        self.order.note(layout.first(), &mut batch);
        if let Some(readings) = batch.readings() {
            self.judging
                .judge(layout.first(), &readings, beside.link.as_ref());
            self.judging.annunciate();
            let judged = arrival.wire.elapsed();
            self.alarm_stage.record(protocol, judged);
            self.due_alarm.record(protocol, lead + judged);
            self.record_gap(beside.gap);
            let live = &self.views.live;
            live.publish(layout.device_index().get(), layout.first(), &readings);
            let awaiting = Awaiting {
                wire: arrival.wire,
                lead,
                protocol,
                receipt,
            };
            self.keep((&readings, epoch), beside.letter, awaiting);
            self.record_alarms();
        }
        self.pool.give(batch);
    }

    /// Appends a batch and the letter behind it, or turns both away: whoever waits for the receipt
    /// sends both again.
    fn keep(
        &mut self,
        (readings, epoch): (&Readings<'_>, Option<Epoch>),
        letter: Option<Box<DeadLetter>>,
        awaiting: Awaiting,
    ) {
        let count = readings.len() as u64;
        if count == 0 && letter.is_none() && awaiting.receipt.is_none() {
            // It only carried what is not journalled with readings, such as a change of the link.
            return;
        }
        if !self.has_room(BYTES_UNWRITTEN_MAX) {
            let ledger = &self.telemetry.ledger;
            ledger.turn_away(Refusal::JournalStalled, count);
            let unrecorded = &self.telemetry.journal.letters_unrecorded;
            unrecorded.add(u64::from(letter.is_some()));
            if awaiting.receipt.is_none() && count > 0 {
                let since = self.covered.unwrap_or(readings.received());
                self.missing.get_or_insert(since);
            }
            return;
        }
        if let Some(from) = self.missing.take() {
            let until = readings.received();
            self.journal.append_gap(&Gap {
                device: DeviceId::WHOLE_ENGINE,
                from: from.min(until),
                until,
                reason: GapReason::BackPressure,
            });
        }
        self.covered = self.covered.max(Some(readings.received()));
        // A letter may come without readings.
        if count > 0 {
            let end = match epoch {
                None => self.journal.append_readings(readings),
                Some(epoch) => self.journal.append_held_readings(readings, epoch),
            };
            let end = end.get();
            let lead = awaiting.lead;
            if !lead.is_zero() {
                self.marks.push(Mark { end, lead });
            }
        }
        if let Some(letter) = letter {
            self.journal.append_letter(&letter);
        }
        self.unwritten += count;
        self.awaiting.push(awaiting);
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

    /// Another generation counts as soon as all batches that were in the ring when it came are
    /// through: they are of layouts that may have no places any more.
    fn take_renewal(&mut self) -> usize {
        if self.renewal.is_none() {
            let waits_for = self.passed + self.consumer.len() as u64;
            let renewal = self.judging.renewal();
            self.renewal = renewal.map(|renewal| (renewal, waits_for));
        }
        let is_due = |(_, waits_for): &mut (Renewal, u64)| *waits_for <= self.passed;
        let Some((renewal, _)) = self.renewal.take_if(is_due) else {
            return 0;
        };
        let Renewal {
            generation,
            book,
            done,
        } = renewal;
        let (directory, left) = (&generation.directory, &generation.left);
        self.order.renew(directory.point_count(), left);
        self.views.live.renew(directory, left);
        let handed_over = self.judging.renew(generation, book);
        self.judging.annunciate();
        self.record_alarms();
        // Whoever asked may have gone; it counts all the same.
        let _ = done.send(handed_over);
        1
    }

    /// Deeds are few and must not be lost: they find room as what happened to alarms does.
    fn take_deeds(&mut self) -> usize {
        let mut records = Vec::new();
        while records.len() < DEEDS_PER_TURN_MAX
            && let Some(deed) = self.audit.pop()
        {
            self.deeds += 1;
            let now = std::time::SystemTime::now().into();
            records.push(AuditRecord::new(self.deeds, now, deed));
        }
        if records.is_empty() {
            return 0;
        }
        let (count, cells) = (records.len(), &self.telemetry.journal);
        if self.has_room(2 * BYTES_UNWRITTEN_MAX) {
            self.journal.append_audit(&records);
            cells.deeds.add(count as u64);
        } else {
            cells.deeds_unrecorded.add(count as u64);
        }
        count
    }

    fn take_commands(&mut self) -> usize {
        let mut commands = 0;
        while commands < COMMANDS_PER_TURN_MAX
            && let Some(given) = self.judging.command()
        {
            self.carry_out(given);
            commands += 1;
        }
        commands
    }

    /// A command is only done if it can be kept; it is shown at once, and answered when durable.
    fn carry_out(&mut self, Given { command, answer }: Given) {
        if self.stalled || !self.has_room(BYTES_UNWRITTEN_MAX) {
            return answer.tell(Err(NotDone::NotDurable));
        }
        match self.judging.carry_out(&command) {
            Ok(outcome) => {
                self.judging.annunciate();
                self.record_alarms();
                self.promised.push(Promised { answer, outcome });
            }
            Err(refusal) => answer.tell(Err(refusal.into())),
        }
    }

    /// What happened to alarms is small and matters most: it finds room when readings no longer do.
    fn record_alarms(&mut self) {
        let records = self.judging.records();
        let Some(last) = records.last() else {
            return self.judging.clear_records();
        };
        // What finds no room is told outside with what did: that is all that is left to do with it.
        self.recorded = last.sequence;
        if self.has_room(2 * BYTES_UNWRITTEN_MAX) {
            let end = self.journal.append_alarms(records);
            self.mark.set(end);
        } else {
            let unrecorded = records.len() as u64;
            self.telemetry.alarms.unrecorded.add(unrecorded);
        }
        self.judging.clear_records();
    }

    fn report_renewal(&mut self) {
        let renewals = self.journal.renewals();
        let since = renewals - std::mem::replace(&mut self.renewals, renewals);
        if since > 0 {
            self.telemetry.journal.renewals.add(since);
            let from = self.journal.durable().position;
            tracing::warn!(%from, "a new journal segment holds what the disk failed to take");
        }
    }
}
