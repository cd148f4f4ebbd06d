//! What internal indications lead to.

use std::time::Instant;

use super::{Association, Restarts};
use crate::app::{EventClasses, Iin};
use crate::master::time::after;
use crate::master::{Event, Gap, Retry, Task};

impl Association {
    /// Takes the indications of a fragment that may be believed. Those about requests and about
    /// events that wait are left to the end of an answer, and so is what `answered` itself mends.
    pub(super) fn react(&mut self, now: Instant, iin: Iin, answered: Option<Task>) {
        let (rising, changes) = self.indications.on_fragment(iin);
        self.counters.on_indications(rising, iin);
        for (bit, is_set) in changes {
            self.report(Event::Indication { bit, is_set });
        }
        if rising.contains(Iin::DEVICE_RESTART) {
            self.report(Event::Gap(Gap::Restart));
            self.on_restart(now, answered);
        }
        if rising.contains(Iin::EVENT_BUFFER_OVERFLOW) {
            self.report(Event::Gap(Gap::Overflow));
            if answered != Some(Task::Integrity) {
                self.want_integrity(now);
            }
        }
        let needs_time = iin.contains(Iin::NEED_TIME) && answered != Some(Task::TimeSync);
        if needs_time && self.clock.is_settable() {
            let pause = self.config.time_sync_interval_min;
            let ended = self.clock.ended().map(|ended| after(ended, pause));
            self.agenda
                .want(Task::TimeSync, ended.map_or(now, |at| at.max(now)));
        }
    }

    /// Everything that a master does at its start.
    pub(super) fn want_all(&mut self, now: Instant) {
        if self.config.disables_unsolicited {
            self.agenda.want(Task::DisableUnsolicited, now);
        }
        for number in (0..=u16::MAX).take(self.config.polls.len()) {
            self.agenda.want(Task::Poll(number), now);
        }
        self.want_order(now, None);
    }

    pub(super) fn want_integrity(&mut self, now: Instant) {
        let pause = self.config.integrity_interval_min;
        let ended = self.integrity.ended.map(|ended| after(ended, pause));
        self.agenda
            .want(Task::Integrity, ended.map_or(now, |at| at.max(now)));
    }

    pub(super) fn want_scan(&mut self, classes: EventClasses, at: Instant) {
        self.scans.classes |= classes;
        self.agenda.want(Task::EventScan, at);
    }

    fn on_restart(&mut self, now: Instant, answered: Option<Task>) {
        let at = self.restarts.next(now, self.config.retry);
        self.enabled = EventClasses::empty();
        self.unsolicited.forget();
        self.clock.on_restart();
        self.agenda.want(Task::ClearRestart, at);
        if self.clock.is_settable() {
            self.agenda.want_anew(Task::TimeSync, at);
        }
        self.want_order(at, answered);
    }

    /// What an outstation has forgotten when it restarts. The answer that tells of the restart is
    /// already from after it.
    fn want_order(&mut self, at: Instant, answered: Option<Task>) {
        let assigns = !self.config.assignments.is_empty();
        if assigns {
            self.agenda.want_anew(Task::AssignClass, at);
        }
        if assigns || answered != Some(Task::Integrity) {
            self.want_integrity(at);
        }
        if !self.config.enables_unsolicited.is_empty() {
            self.agenda.want_anew(Task::EnableUnsolicited, at);
        }
    }
}

impl Restarts {
    /// When to clear the indication, which is newly set: at once, or later and later if it was
    /// cleared only a moment ago.
    fn next(&mut self, now: Instant, retry: Retry) -> Instant {
        let is_recurrence = self
            .cleared
            .is_some_and(|cleared| now < after(cleared, retry.longest));
        self.recurrences = if is_recurrence {
            self.recurrences.saturating_add(1)
        } else {
            0
        };
        match self.recurrences {
            0 => now,
            recurrences => after(now, retry.delay(recurrences, retry.longest)),
        }
    }
}
