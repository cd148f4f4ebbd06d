//! How tasks end.

use std::time::{Duration, Instant};

use super::{Association, Permit};
use crate::app::{EventClasses, Iin};
use crate::master::clock::Progress;
use crate::master::exchange::Exchange;
use crate::master::time::after;
use crate::master::{Event, Failure, Retry, Task};

impl Association {
    /// The answer is complete, and confirmed if it had to be.
    pub(super) fn finish(&mut self, now: Instant) {
        let Some(exchange) = self.exchange.take() else {
            return;
        };
        self.sequence = exchange.expected;
        let judged = self.judge(&exchange);
        self.counters.on_ended(judged.map(|_| ()));
        // What the outstation refuses is not to be had.
        let is_answered = matches!(judged, Ok(_) | Err(Failure::Refused(_)));
        self.scans.is_caught_up |= is_answered && self.reads_all_events(&exchange);
        match judged {
            Ok(Progress::Set) => self.on_done(now, &exchange),
            Ok(Progress::Half) => self.agenda.want(exchange.task, now),
            Err(failure @ Failure::Refused(_)) if exchange.has_objects => {
                self.on_partly_refused(now, &exchange, failure);
            }
            Err(failure) => {
                self.scans.classes |= exchange.classes;
                self.on_failed(now, exchange.task, failure);
            }
        }
        self.scan_what_waits(now, &exchange);
    }

    /// Gives up the answer.
    pub(super) fn abandon(&mut self, now: Instant, failure: Failure) {
        if let Some(exchange) = self.exchange.take() {
            // The next number may be that of a fragment which is still on its way.
            self.sequence = exchange.expected.next();
            self.scans.classes |= exchange.classes;
            self.counters.on_ended(Err(failure));
            self.on_failed(now, exchange.task, failure);
        }
    }

    /// Gives up the answer through no fault of the outstation: what was asked remains due.
    pub(super) fn interrupt(&mut self) {
        self.is_leaving = false;
        self.clock.on_interrupted();
        let Some(exchange) = self.exchange.take() else {
            return;
        };
        self.sequence = exchange.expected.next();
        if self.is_paused {
            self.counters.not_kept += 1;
        } else {
            self.counters.cut_off += 1;
        }
        self.scans.classes |= exchange.classes;
        self.agenda.want(exchange.task, exchange.due);
        if exchange.task == Task::Integrity {
            self.integrity.permit = Permit::None;
            self.report(Event::IntegrityEnded { succeeded: false });
        }
    }

    pub(super) fn on_failed(&mut self, now: Instant, task: Task, failure: Failure) {
        let failures = self.tell_failure(task, failure);
        let (is_refused, is_unsupported) = match failure {
            Failure::Refused(iin) => (true, iin.contains(Iin::NO_FUNC_CODE_SUPPORT)),
            Failure::Timeout
            | Failure::Busy
            | Failure::StillSet(_)
            | Failure::NoDelay
            | Failure::NotConfirmed
            | Failure::NotKept
            | Failure::Endless => (false, false),
        };
        if is_unsupported && !task.is_read() {
            self.agenda.on_unsupported(task);
        }
        let longest = if is_refused {
            self.config.refused_retry_longest
        } else {
            self.config.retry.longest
        };
        let mut delay = self.config.retry.delay(failures, longest);
        if task == Task::TimeSync {
            self.clock.on_ended(now);
            if matches!(failure, Failure::StillSet(_)) {
                delay = delay.max(self.config.time_sync_interval_min);
            }
        }
        self.agenda.put_off(task, after(now, delay));
        if task == Task::Integrity {
            self.end_integrity(now, false);
        }
    }

    /// The outstation has answered what it has, and refused the rest: there is no more to be had
    /// by trying again.
    fn on_partly_refused(&mut self, now: Instant, exchange: &Exchange, failure: Failure) {
        self.tell_failure(exchange.task, failure);
        self.integrity.is_done |= exchange.task == Task::Integrity;
        if exchange.task == Task::Integrity {
            self.end_integrity(now, false);
        }
        self.plan_next(now, exchange);
    }

    /// Returns how often the task has failed since it was last done.
    fn tell_failure(&mut self, task: Task, failure: Failure) -> u8 {
        self.counters.tasks_failed += 1;
        let failures = self.agenda.on_failed(task);
        self.report(Event::TaskFailed {
            task,
            failure,
            failures,
        });
        failures
    }

    /// Whether the outstation has done what it was asked, or half of it.
    fn judge(&self, exchange: &Exchange) -> Result<Progress, Failure> {
        let iin = exchange.any_iin;
        if exchange.is_refused {
            return Err(Failure::NotKept);
        }
        if iin.intersects(Iin::REFUSED) {
            return Err(Failure::Refused(iin & Iin::REFUSED));
        }
        if iin.contains(Iin::ALREADY_EXECUTING) {
            return Err(Failure::Busy);
        }
        match exchange.task {
            Task::ClearRestart if exchange.iin.contains(Iin::DEVICE_RESTART) => {
                Err(Failure::StillSet(Iin::DEVICE_RESTART))
            }
            Task::TimeSync => self.clock.progress(exchange.iin),
            Task::ClearRestart
            | Task::DisableUnsolicited
            | Task::AssignClass
            | Task::Integrity
            | Task::EnableUnsolicited
            | Task::EventScan
            | Task::Poll(_) => Ok(Progress::Set),
        }
    }

    fn on_done(&mut self, now: Instant, exchange: &Exchange) {
        let task = exchange.task;
        self.agenda.on_done(task);
        match task {
            Task::ClearRestart => self.restarts.cleared = Some(now),
            Task::DisableUnsolicited => self.enabled = EventClasses::empty(),
            Task::EnableUnsolicited => self.enabled = self.config.enables_unsolicited,
            Task::Integrity => {
                self.counters.integrity_polls += 1;
                self.integrity.is_done = true;
                self.end_integrity(now, true);
            }
            Task::TimeSync => {
                self.clock.on_set(now);
                self.agenda.cancel(task);
                self.counters.clocks_set += 1;
                self.report(Event::ClockSet);
            }
            Task::AssignClass | Task::EventScan | Task::Poll(_) => {}
        }
        let has_nothing_left = !exchange.iin.intersects(Iin::EVENTS);
        if has_nothing_left && exchange.is_sure && self.reads_all_events(exchange) {
            // All that was ever left unconfirmed has now come again.
            self.may_repeat = false;
            self.agenda.cancel(Task::EventScan);
            self.scans.classes = EventClasses::empty();
        }
        self.plan_next(now, exchange);
    }

    /// What comes back by itself is wanted again, and so will be what turns out not to be kept.
    fn plan_next(&mut self, now: Instant, exchange: &Exchange) {
        if exchange.has_objects {
            self.answered = Some((exchange.task, exchange.token, self.token));
        }
        let next = match exchange.task {
            Task::Integrity => {
                let period = self.config.integrity_period;
                period.map(|period| after(now, period))
            }
            Task::Poll(number) => self.next_turn(now, exchange.due, number),
            Task::ClearRestart
            | Task::DisableUnsolicited
            | Task::AssignClass
            | Task::TimeSync
            | Task::EnableUnsolicited
            | Task::EventScan => None,
        };
        if let Some(next) = next {
            self.agenda.want(exchange.task, next);
        }
    }

    fn end_integrity(&mut self, now: Instant, succeeded: bool) {
        self.integrity.ended = Some(now);
        if self.integrity.permit == Permit::Granted {
            self.report(Event::IntegrityEnded { succeeded });
            self.integrity.permit = Permit::None;
        }
    }

    /// When a poll that was due at `due` is due again: turns that were missed are left out.
    fn next_turn(&self, now: Instant, due: Instant, number: u16) -> Option<Instant> {
        let period = self.config.polls.get(usize::from(number))?.period();
        let late = now.saturating_duration_since(due).as_nanos();
        let into = u64::try_from(late % period.as_nanos().max(1)).ok()?;
        Some(after(
            now,
            period.saturating_sub(Duration::from_nanos(into)),
        ))
    }

    /// Whether what was asked leaves out no event that waits.
    fn reads_all_events(&self, exchange: &Exchange) -> bool {
        match exchange.task {
            Task::Integrity => true,
            Task::EventScan => exchange.classes.is_all(),
            Task::Poll(number) => {
                let poll = self.config.polls.get(usize::from(number));
                poll.is_some_and(|poll| poll.reads_all_events())
            }
            Task::ClearRestart
            | Task::DisableUnsolicited
            | Task::AssignClass
            | Task::TimeSync
            | Task::EnableUnsolicited => false,
        }
    }

    /// Asks for the events that wait, unless they come unasked. Some devices say so for ever and
    /// give none: they are asked less and less often.
    fn scan_what_waits(&mut self, now: Instant, exchange: &Exchange) {
        let waiting = classes(exchange.iin) - self.enabled;
        let is_scan = exchange.task == Task::EventScan || self.reads_all_events(exchange);
        if exchange.has_events {
            self.scans.fruitless = 0;
        } else if is_scan && !waiting.is_empty() {
            self.scans.fruitless = self.scans.fruitless.saturating_add(1);
            self.scans.ended = Some(now);
        }
        if waiting.is_empty() {
            return;
        }
        let at = match (self.scans.fruitless, self.scans.ended) {
            (0, _) | (_, None) => now,
            (fruitless, Some(ended)) => {
                let longest = self.config.retry.longest;
                let retry = Retry {
                    first: self.config.scan_interval_min,
                    longest,
                };
                after(ended, retry.delay(fruitless, longest)).max(now)
            }
        };
        self.want_scan(waiting, at);
    }
}

/// The classes of which events wait.
fn classes(iin: Iin) -> EventClasses {
    let mut classes = EventClasses::empty();
    classes.set(EventClasses::ONE, iin.contains(Iin::CLASS_1_EVENTS));
    classes.set(EventClasses::TWO, iin.contains(Iin::CLASS_2_EVENTS));
    classes.set(EventClasses::THREE, iin.contains(Iin::CLASS_3_EVENTS));
    classes
}
