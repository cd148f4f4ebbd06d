//! One outstation: what it says, what is made of it, and what it is told.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use gridos_dnp3::link::Address;
use gridos_dnp3::master;
use gridos_dnp3::master::{Association, Delivery, Event, Failure, Offline, Received, Task, Token};
use gridos_model::{DeviceIndex, Gap, GapReason, Layout, Timestamp};
use gridos_ring::Intake;
use gridos_telemetry::{
    DeadLetterFate, DeviceState, DeviceStats, Dnp3Cells, LossReason, Refusal, Telemetry,
};
use tokio::sync::OwnedSemaphorePermit;

use super::begun::Begun;
use super::diary::Diary;
use super::letter::{Letter, LetterLimit, Mail};
use super::moment::Moment;
use super::offer::{Offer, Terms, is_told_once, refuse};
use super::pending::{Fragment, Outcome, Pending};
use super::permits::Held;
use super::recent::{Key, Times};
use super::refresh::Refresh;
use super::sorting::{Place, Row, Sorted, TextRow};
use super::tally::tell;
use super::unmapped::Unmapped;
use super::void::Void;
use super::{Dnp3Device, PointMap, Recent};
use crate::link::Link;
use crate::wall::wall;

/// An outstation as its session sees it, above the transport function.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) association: Association,
    pub(super) stats: Arc<DeviceStats>,
    map: Arc<PointMap>,
    pub(super) whole: Arc<Layout>,
    groups: Vec<Arc<Layout>>,
    address: Address,
    recent: Recent,
    pending: Pending,
    /// By position: the text that was told last.
    texts: HashMap<u32, Key>,
    unmapped: Unmapped,
    letter_limit: LetterLimit,
    /// Present values that may go on in the next fragment.
    begun: Option<Box<Begun>>,
    void: Void,
    refresh: Refresh,
    link: Link,
    /// Why readings are missing since the last ones that were taken.
    missed: Option<GapReason>,
    /// When the last readings were taken, or the session began.
    covered: Timestamp,
    /// Whether an integrity poll waits for a permit.
    pub(super) wants_integrity: bool,
    /// The permit of the integrity poll under way.
    permit: Held,
    diary: Diary,
    /// Whether it was heard on this connection.
    pub(super) is_heard: bool,
}

impl Unit {
    pub(super) fn new(device: Dnp3Device, stats: Arc<DeviceStats>) -> Self {
        let seed = device.whole.device_id().raw();
        Self {
            association: Association::new(device.config, seed),
            stats,
            void: Void::default(),
            map: device.map,
            whole: device.whole,
            groups: device.groups,
            address: device.outstation,
            recent: device.recent,
            pending: Pending::default(),
            texts: HashMap::new(),
            unmapped: Unmapped::default(),
            letter_limit: LetterLimit::default(),
            begun: None,
            refresh: Refresh::new(),
            link: Link::new(device.device),
            missed: None,
            covered: wall(),
            wants_integrity: false,
            permit: Held::default(),
            diary: Diary::new(),
            is_heard: false,
        }
    }

    /// What is known of its last events, for the session that comes after this one.
    pub(super) fn take_recent(&mut self) -> (DeviceIndex, Recent) {
        (self.whole.device_index(), std::mem::take(&mut self.recent))
    }

    /// A connection begins.
    pub(super) fn on_connected(&mut self, now: Instant) {
        self.is_heard = false;
        self.association.handle_connected(now);
    }

    /// The connection has ended for that reason; it may be that of others as well.
    pub(super) fn on_disconnected(&mut self, why: &dyn std::fmt::Display, intake: &Intake) {
        self.association.handle_disconnected();
        self.take_events(Instant::now(), intake);
        self.give_up_begun(intake);
        self.wants_integrity = false;
        self.end_permit(intake);
        if !std::mem::take(&mut self.is_heard) {
            self.void.lose();
        }
        self.failed(why);
    }

    /// The connection ends because the engine stops, which says nothing of the outstation.
    pub(super) fn on_stopped(&mut self, intake: &Intake) {
        self.association.handle_disconnected();
        self.give_up_begun(intake);
        self.end_permit(intake);
    }

    /// No connection could be made.
    pub(super) fn on_unreachable(&mut self, why: &dyn std::fmt::Display) {
        self.void.lose();
        self.failed(why);
    }

    /// Nobody answers on the link, though others do.
    pub(super) fn on_silent(&mut self) {
        self.void.lose();
        self.failed(&"it does not answer on the link");
    }

    /// Takes a fragment; returns whether the engine is at its limit.
    pub(super) fn on_fragment(
        &mut self,
        moment: Moment,
        fragment: &[u8],
        rows: &mut Vec<Row>,
        intake: &Intake,
    ) -> bool {
        let received = self.association.handle_fragment(moment.now, fragment);
        self.take_events(moment.now, intake);
        // Without fragments, the poll ends by itself.
        if self.permit.is_too_long(moment.now) {
            self.end_permit(intake);
        }
        match received {
            Received::Deliver(delivery) => {
                self.answered(moment);
                return self.deliver(&delivery, moment, rows, intake);
            }
            Received::Null | Received::Repeated => {
                self.answered(moment);
                self.give_up_begun(intake);
            }
            Received::Ignored(why) => {
                tracing::debug!(device = self.stats.name(), %why, "fragment ignored");
            }
        }
        false
    }

    /// Leaves what a fragment carries at the intake; returns whether it has no room.
    fn deliver(
        &mut self,
        delivery: &Delivery<'_>,
        moment: Moment,
        rows: &mut Vec<Row>,
        intake: &Intake,
    ) -> bool {
        rows.clear();
        let place = Place {
            map: &self.map,
            groups: &self.groups,
            intake,
            texts: &self.texts,
        };
        let (begun, unmapped) = (self.begun.take(), &mut self.unmapped);
        let mut sorted = Sorted::of(delivery, moment.wall, place, begun, rows, unmapped);
        self.unmapped.tell(&self.stats);
        let mut repeated = 0;
        if sorted.events > 0 {
            // What is not confirmed yet may be in it as well.
            let may_repeat = delivery.may_repeat || !self.pending.is_empty();
            self.recent.begin_fragment(may_repeat, times(rows));
            repeated += self.recent.sift(rows, |row| (row.key, row.time));
            let of_text = |text: &TextRow<'_>| (text.key, Timestamp::EPOCH);
            repeated += self.recent.sift(&mut sorted.texts, of_text);
        }
        self.count(&sorted, repeated, intake);
        let mail = self.open(delivery, moment);
        let gap = self.gap(moment.wall);
        let mut offer = Offer::new(intake, &self.whole, moment.wall);
        // Events before present values: these are younger, and what comes behind them is late.
        offer.add_rows(rows);
        offer.add_texts(&sorted.texts);
        offer.add_sweeps(sorted.sweeps, sorted.without_batch);
        let fate = mail.map(|mail| match mail {
            Mail::Record(letter) => {
                offer.add_letter(letter);
                DeadLetterFate::Taken
            }
            Mail::Nothing(fate) => fate,
        });
        if delivery.needs_receipt && gap.as_ref().is_some_and(is_told_once) {
            offer.add_carrier();
        }
        let terms = Terms {
            due: delivery.due.unwrap_or(moment.now),
            wire: moment.now,
            with_receipts: delivery.needs_receipt,
            gap,
            link: self.link.untold(),
        };
        let taken = offer.make(terms, &mut self.recent, rows, &sorted.texts);
        self.stats.readings.add(taken.readings as u64);
        if taken.has_gap {
            self.missed = None;
        }
        self.link.on_taken(taken.link);
        if taken.is_refused {
            self.refresh.on_refused();
            // All of it comes again.
            refuse(
                intake,
                Refusal::RingFull,
                sorted.begun.map_or(0, |begun| begun.len()),
            );
            self.association.handle_refused(moment.now, delivery.token);
            self.missed.get_or_insert(GapReason::BackPressure);
        } else {
            self.covered = self.covered.max(moment.wall);
            self.begun = sorted.begun;
            for text in &sorted.texts {
                let key = Key::of_octets(text.position, text.octets);
                self.texts.insert(text.position, key);
            }
        }
        if let Some((letter, fate)) = delivery.dead_letter.zip(fate) {
            let is_refused = taken.is_refused && fate == DeadLetterFate::Taken;
            let fate = if is_refused {
                DeadLetterFate::Refused
            } else {
                fate
            };
            let cells = &intake.telemetry().dnp3;
            self.letter_limit.tell(&letter, fate, &self.stats, cells);
        }
        if delivery.needs_receipt {
            self.pending.push(Fragment {
                token: delivery.token,
                wire: moment.now,
                parts: taken.parts,
                depends: repeated > 0 || fate == Some(DeadLetterFate::Repeated),
                is_refused: taken.is_refused,
                is_lost: false,
            });
        }
        taken.is_refused
    }

    /// What had begun does not go on: it is told as it is, if there is room.
    fn give_up_begun(&mut self, intake: &Intake) {
        let Some(begun) = self.begun.take() else {
            return;
        };
        let rows: Vec<_> = begun.rows(&self.map).collect();
        let mut offer = Offer::new(intake, &self.whole, begun.received());
        offer.add_rows(&rows);
        let terms = Terms::of_now(self.gap(begun.received()), self.link.untold());
        let taken = offer.make(terms, &mut self.recent, &rows, &[]);
        self.link.on_taken(taken.link);
        self.stats.readings.add(taken.readings as u64);
        if taken.readings > 0 {
            self.missed = None;
            self.covered = self.covered.max(begun.received());
        }
    }

    /// Takes the next receipt, or is woken when there is one; returns whether there was one.
    pub(super) fn poll_receipt(&mut self, context: &mut Context<'_>, intake: &Intake) -> bool {
        let Poll::Ready(outcome) = self.pending.poll(context, &mut self.recent) else {
            return false;
        };
        let now = Instant::now();
        match outcome {
            Outcome::Durable(token, wire) => {
                let wait = now.saturating_duration_since(wire);
                intake.telemetry().dnp3.confirm_wait.record(wait);
                self.association.handle_durable(now, token);
            }
            Outcome::Lost(token) => self.lost(now, token),
        }
        true
    }

    /// What was taken will not be durable: it comes again.
    fn lost(&mut self, now: Instant, token: Token) {
        self.association.handle_refused(now, token);
        self.texts.clear();
        self.missed.get_or_insert(GapReason::BackPressure);
    }

    /// Whether nothing waits for a receipt.
    pub(super) fn is_settled(&self) -> bool {
        self.pending.is_empty()
    }

    /// Nothing can be kept from now on, or it can again.
    pub(super) fn set_paused(&mut self, is_paused: bool, now: Instant) {
        self.association.set_paused(is_paused, now);
    }

    /// Gives the permit it wished for; it goes back if it is not wanted any more.
    pub(super) fn grant(&mut self, permit: OwnedSemaphorePermit, intake: &Intake) {
        self.wants_integrity = false;
        if self.association.grant_integrity() {
            self.refresh.on_begun();
            self.end_permit(intake);
            intake.telemetry().dnp3.integrity_polls_open.add(1);
            self.permit.begin(permit, Instant::now());
        }
    }

    fn end_permit(&mut self, intake: &Intake) {
        if self.permit.end() {
            intake.telemetry().dnp3.integrity_polls_open.sub(1);
        }
    }

    /// Tells that the points have no values any more, and what became of the link, as far as there
    /// is room for it; returns whether there was room to tell of the link.
    pub(super) fn deliver_void(&mut self, intake: &Intake) -> bool {
        let layouts = (&self.whole, &*self.groups);
        if self
            .void
            .deliver(&self.map, layouts, &mut self.link, intake)
        {
            self.refresh.on_void();
            self.texts.clear();
        }
        self.judge_link();
        self.link.deliver(&self.whole, intake)
    }

    /// The outstation answers: points that lost their values are read.
    fn refresh_values(&mut self, now: Instant) {
        if self.refresh.on_online() {
            self.association.demand_integrity(now);
        }
    }

    /// The link is whole when what was missed is read, and all of it is told.
    fn judge_link(&mut self) {
        self.refresh.on_taken();
        let is_read = self.refresh.has_values() && self.association.has_read_events();
        if is_read && self.stats.state() == DeviceState::Up && self.begun.is_none() {
            self.link.restore(wall());
        }
    }

    /// Takes what the association has to tell.
    pub(super) fn take_events(&mut self, now: Instant, intake: &Intake) {
        while let Some(event) = self.association.poll_event() {
            match event {
                Event::Online => {
                    self.is_heard = true;
                    self.refresh_values(now);
                }
                Event::Offline(Offline::Unresponsive { timeouts }) => {
                    self.void.lose();
                    self.failed(&format_args!("{timeouts} requests without an answer"));
                }
                // The session knows why and says so.
                Event::Offline(Offline::Disconnected) => {}
                Event::Gap(gap) => self.on_loss(now, gap, &intake.telemetry().dnp3),
                Event::Indication { bit, is_set } => {
                    self.diary.on_indication(&self.stats, bit, is_set, now);
                }
                Event::WantsIntegrity => self.wants_integrity = true,
                Event::IntegrityEnded { succeeded } => {
                    let device = self.stats.name();
                    tracing::debug!(device, succeeded, "integrity poll ended");
                    self.end_permit(intake);
                    if succeeded {
                        self.refresh.on_answered();
                    }
                }
                Event::ClockSet => tracing::debug!(device = self.stats.name(), "clock set"),
                Event::TaskFailed {
                    task,
                    failure,
                    failures,
                } => {
                    self.on_task_failed(now, task, failure, failures);
                    self.give_up_begun(intake);
                }
            }
        }
    }

    fn on_task_failed(&mut self, now: Instant, task: Task, failure: Failure, failures: u8) {
        self.stats.note(&format_args!("{task:?}: {failure}"));
        // What the outstation refuses is not to be had.
        if task == Task::Integrity && matches!(failure, Failure::Refused(_)) {
            self.refresh.on_answered();
        }
        if failures == 1 {
            self.diary.on_task_failed(&self.stats, task, failure, now);
        }
    }

    fn on_loss(&mut self, now: Instant, gap: master::Gap, cells: &Dnp3Cells) {
        let (label, reason) = match gap {
            master::Gap::Restart => (LossReason::Restart, GapReason::DeviceRestart),
            master::Gap::Overflow => (LossReason::Overflow, GapReason::EventBufferOverflow),
        };
        cells.on_losses(label, 1);
        self.diary.on_loss(&self.stats, gap, reason.name(), now);
        // That events are lost says more than why they might be.
        if self.missed != Some(GapReason::EventBufferOverflow) {
            self.missed = Some(reason);
        }
    }

    /// What is to become of the end of a fragment that cannot be read, if it has such an end.
    fn open(&mut self, delivery: &Delivery<'_>, moment: Moment) -> Option<Mail> {
        let dead = delivery.dead_letter.as_ref()?;
        let letter = Letter::new(self.whole.device_id(), moment.wall, dead);
        let may_repeat = delivery.may_repeat || !self.pending.is_empty();
        Some(if may_repeat && self.recent.knows_letter(letter.key) {
            Mail::Nothing(DeadLetterFate::Repeated)
        } else if self.letter_limit.has_room(moment.now) {
            Mail::Record(letter)
        } else {
            Mail::Nothing(DeadLetterFate::OverLimit)
        })
    }

    /// Notes an answer.
    fn answered(&mut self, moment: Moment) {
        if self.stats.answered(moment.wall.as_nanos()) {
            self.void.end();
            self.refresh_values(moment.now);
        }
        self.diary.on_up(&self.stats, self.address, moment.now);
    }

    /// Notes that it cannot be reached.
    fn failed(&mut self, why: &dyn std::fmt::Display) {
        if self.stats.failed(why) {
            self.missed.get_or_insert(GapReason::DeviceDown);
            self.link.lose(wall());
        }
        let now = Instant::now();
        self.diary.on_down(&self.stats, self.address, why, now);
    }

    /// The gap that readings received at `until` end, if some are missing before them.
    fn gap(&self, until: Timestamp) -> Option<Gap> {
        Some(Gap {
            device: self.whole.device_id(),
            from: self.covered.min(until),
            until,
            reason: self.missed?,
        })
    }

    fn count(&self, sorted: &Sorted<'_>, repeated: usize, intake: &Intake) {
        let cells = &intake.telemetry().dnp3;
        cells.events.add(sorted.events);
        cells.static_values.add(sorted.static_values);
        if repeated > 0 {
            cells.events_repeated.add(repeated as u64);
        }
        if sorted.unmapped > 0 {
            cells.unmapped.add(sorted.unmapped);
            self.stats.unmapped.add(sorted.unmapped);
        }
    }

    /// Counts what the association has seen since the last time.
    pub(super) fn tell(&mut self, telemetry: &Telemetry) {
        tell(&self.association.take_counters(), &self.stats, telemetry);
    }
}

/// Those of events that have one.
fn times(rows: &[Row]) -> Times {
    let timed = rows.iter().filter(|row| row.key.has_time());
    timed.fold(Times::NONE, |times, row| times.and(row.time))
}
