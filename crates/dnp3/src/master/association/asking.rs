//! Requests that are due.

use std::time::Instant;

use super::{Association, Permit};
use crate::app::{Class, EventClasses, MasterRequest, RequestTooLong, Selection, Timestamp};
use crate::master::Task;
use crate::master::exchange::Exchange;
use crate::master::time::after;

impl Association {
    /// Puts the request that is due into the fragment.
    pub(super) fn ask(&mut self, now: Instant, wall: Timestamp) -> bool {
        let Some(task) = self.next_task(now) else {
            return false;
        };
        if self.encode(task, now, wall).is_err() {
            // Not reached: a configuration holds no request that is too long.
            self.agenda.on_unsupported(task);
            return false;
        }
        let due = self.agenda.begin(task).unwrap_or(now);
        let deadline = after(now, self.config.response_timeout);
        let times = (due, now, deadline);
        let mut exchange = Exchange::new(task, self.sequence, self.token, times);
        if task == Task::EventScan {
            exchange.classes = std::mem::replace(&mut self.scans.classes, EventClasses::empty());
        }
        self.exchange = Some(exchange);
        self.is_leaving = true;
        self.counters.requests += 1;
        true
    }

    /// Whether the outstation is free for a request.
    pub(super) fn can_ask(&self) -> bool {
        self.exchange.is_none() && !self.confirms.owes_answer()
    }

    /// Whether `task` may be done when it is due.
    pub(super) fn is_allowed(&self, task: Task) -> bool {
        let has_permit = task != Task::Integrity || self.integrity.permit == Permit::Granted;
        let can_read = !self.is_paused && !self.confirms.hold_reads();
        has_permit && (can_read || !task.is_read())
    }

    fn next_task(&self, now: Instant) -> Option<Task> {
        if !self.can_ask() || self.begins.is_none_or(|begins| now < begins) {
            return None;
        }
        if self.clock.is_between() {
            return Some(Task::TimeSync);
        }
        self.agenda.next(now, |task| self.is_allowed(task))
    }

    fn encode(&mut self, task: Task, now: Instant, wall: Timestamp) -> Result<(), RequestTooLong> {
        let (config, sequence, out) = (&self.config, self.sequence, &mut self.fragment);
        out.clear();
        match task {
            Task::ClearRestart => MasterRequest::ClearRestart.encode(sequence, out),
            Task::DisableUnsolicited => {
                let classes = EventClasses::all();
                MasterRequest::DisableUnsolicited(classes).encode(sequence, out)
            }
            Task::AssignClass => config.assignments.encode(sequence, out),
            Task::Integrity => MasterRequest::Read(&Selection::INTEGRITY).encode(sequence, out),
            Task::TimeSync => self.clock.request(now, wall).encode(sequence, out),
            Task::EnableUnsolicited => {
                let classes = config.enables_unsolicited;
                MasterRequest::EnableUnsolicited(classes).encode(sequence, out)
            }
            Task::EventScan => {
                let mut selections = [Selection::class(Class::One); 3];
                let mut count = 0;
                for (place, class) in selections.iter_mut().zip(self.scans.classes.iter_classes()) {
                    *place = Selection::class(class);
                    count += 1;
                }
                let selections = selections.get(..count).unwrap_or_default();
                MasterRequest::Read(selections).encode(sequence, out)
            }
            Task::Poll(number) => {
                let poll = config.polls.get(usize::from(number));
                let selections = poll.map_or(&[][..], |poll| poll.selections());
                MasterRequest::Read(selections).encode(sequence, out)
            }
        }
    }
}
