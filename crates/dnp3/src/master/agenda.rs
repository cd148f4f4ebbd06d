//! What is to be asked, and when.

use std::time::Instant;

use super::Task;

/// When each task is due.
#[derive(Clone, Debug)]
pub(super) struct Agenda {
    /// In the order of [`Task::place`].
    slots: Box<[Slot]>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    due: Option<Instant>,
    /// Failures since the last success.
    failures: u8,
    /// It has failed and waits until it is tried again.
    is_put_off: bool,
    /// The outstation does not have the function; another one may after a reconnect.
    is_unsupported: bool,
}

impl Agenda {
    /// Nothing is due; there are so many polls.
    pub(super) fn new(polls: usize) -> Self {
        Self {
            slots: vec![Slot::default(); Task::FIXED.len() + polls].into(),
        }
    }

    /// What has failed is to be tried again at `at`: it may be another device now.
    pub(super) fn on_connected(&mut self, at: Instant) {
        for slot in &mut self.slots {
            if std::mem::take(&mut slot.is_put_off) {
                slot.due = slot.due.map(|due| due.min(at));
            }
            slot.failures = 0;
            slot.is_unsupported = false;
        }
    }

    /// `task` is to be done at `at`, or sooner if that is planned already. A task that is put off
    /// keeps its time.
    pub(super) fn want(&mut self, task: Task, at: Instant) {
        if let Some(slot) = self.slot(task)
            && !slot.is_put_off
        {
            slot.due = Some(slot.due.map_or(at, |due| due.min(at)));
        }
    }

    /// The same, but whatever `task` failed for before does not count any more.
    pub(super) fn want_anew(&mut self, task: Task, at: Instant) {
        if let Some(slot) = self.slot(task) {
            slot.failures = 0;
            slot.is_put_off = false;
        }
        self.want(task, at);
    }

    /// `task` begins; returns when it was due. If it is wanted meanwhile, it is to be done again.
    pub(super) fn begin(&mut self, task: Task) -> Option<Instant> {
        let slot = self.slot(task)?;
        slot.is_put_off = false;
        slot.due.take()
    }

    /// `task` is done.
    pub(super) fn on_done(&mut self, task: Task) {
        if let Some(slot) = self.slot(task) {
            slot.failures = 0;
        }
    }

    /// `task` need not be done any more.
    pub(super) fn cancel(&mut self, task: Task) {
        if let Some(slot) = self.slot(task) {
            slot.due = None;
        }
    }

    /// `task` has failed; returns how often it has since it was last done.
    pub(super) fn on_failed(&mut self, task: Task) -> u8 {
        self.slot(task).map_or(1, |slot| {
            slot.failures = slot.failures.saturating_add(1);
            slot.failures
        })
    }

    /// `task` is put off until `at`.
    pub(super) fn put_off(&mut self, task: Task, at: Instant) {
        if let Some(slot) = self.slot(task) {
            slot.due = Some(at);
            slot.is_put_off = true;
        }
    }

    /// The outstation does not have the function of `task`.
    pub(super) fn on_unsupported(&mut self, task: Task) {
        if let Some(slot) = self.slot(task) {
            slot.is_unsupported = true;
        }
    }

    /// When `task` is due.
    pub(super) fn due(&self, task: Task) -> Option<Instant> {
        let slot = self.slots.get(task.place())?;
        slot.due.filter(|_| !slot.is_unsupported)
    }

    /// What is to be done now, of the tasks that are allowed: the first that is urgent, or else
    /// what has been due for longest, so that none keeps the others waiting for ever.
    pub(super) fn next(&self, now: Instant, is_allowed: impl Fn(Task) -> bool) -> Option<Task> {
        let due = self.dues(is_allowed).filter(|(_, due)| *due <= now);
        let first = due.min_by_key(|(task, due)| (!task.is_urgent()).then_some(*due));
        first.map(|(task, _)| task)
    }

    /// When the first of the tasks that are allowed is due.
    pub(super) fn next_due(&self, is_allowed: impl Fn(Task) -> bool) -> Option<Instant> {
        self.dues(is_allowed).map(|(_, due)| due).min()
    }

    /// Bytes allocated.
    pub(super) fn allocated_bytes(&self) -> usize {
        size_of_val(&*self.slots)
    }

    /// In the order of priority.
    fn dues(&self, is_allowed: impl Fn(Task) -> bool) -> impl Iterator<Item = (Task, Instant)> {
        let tasks = Task::FIXED
            .into_iter()
            .chain((0..=u16::MAX).map(Task::Poll));
        self.slots
            .iter()
            .zip(tasks)
            .filter(|(slot, _)| !slot.is_unsupported)
            .filter_map(|(slot, task)| Some((task, slot.due?)))
            .filter(move |(task, _)| is_allowed(*task))
    }

    fn slot(&mut self, task: Task) -> Option<&mut Slot> {
        self.slots.get_mut(task.place())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn urgent_tasks_first_and_the_others_as_they_are_due() {
        let now = Instant::now();
        let mut agenda = Agenda::new(2);
        assert_eq!(agenda.next(now, |_| true), None);
        assert_eq!(agenda.next_due(|_| true), None);
        agenda.want(Task::EventScan, now);
        agenda.want(Task::Poll(0), now);
        agenda.want(Task::Poll(1), now - SECOND);
        agenda.want(Task::TimeSync, now);
        agenda.want(Task::ClearRestart, now + SECOND);
        let mut order = Vec::new();
        while let Some(task) = agenda.next(now, |task| task != Task::Poll(7)) {
            order.push(task);
            assert!(agenda.begin(task).unwrap() <= now);
            agenda.on_done(task);
        }
        let expected = [
            Task::TimeSync,
            Task::Poll(1),
            Task::EventScan,
            Task::Poll(0),
        ];
        assert_eq!(order, expected);
        assert_eq!(agenda.next_due(|_| true), Some(now + SECOND));
        assert_eq!(agenda.next_due(|task| !task.is_urgent()), None);
    }

    #[test]
    fn what_is_wanted_meanwhile_is_done_again() {
        let now = Instant::now();
        let mut agenda = Agenda::new(0);
        agenda.want(Task::Integrity, now);
        agenda.begin(Task::Integrity);
        agenda.want(Task::Integrity, now + SECOND);
        agenda.on_done(Task::Integrity);
        agenda.want(Task::Integrity, now + 60 * SECOND);
        assert_eq!(agenda.due(Task::Integrity), Some(now + SECOND));
        agenda.cancel(Task::Integrity);
        assert_eq!(agenda.due(Task::Integrity), None);
    }

    #[test]
    fn what_is_put_off_stays_so() {
        let now = Instant::now();
        let mut agenda = Agenda::new(0);
        agenda.want(Task::ClearRestart, now);
        assert_eq!(agenda.on_failed(Task::ClearRestart), 1);
        agenda.put_off(Task::ClearRestart, now + SECOND);
        agenda.want(Task::ClearRestart, now);
        assert_eq!(agenda.due(Task::ClearRestart), Some(now + SECOND));
        assert_eq!(agenda.on_failed(Task::ClearRestart), 2);
        agenda.want_anew(Task::ClearRestart, now);
        assert_eq!(agenda.due(Task::ClearRestart), Some(now));
        assert_eq!(agenda.on_failed(Task::ClearRestart), 1);
        agenda.put_off(Task::ClearRestart, now + SECOND);
        agenda.on_connected(now);
        assert_eq!(agenda.due(Task::ClearRestart), Some(now));
    }

    #[test]
    fn what_is_unsupported_waits_for_a_reconnect() {
        let now = Instant::now();
        let mut agenda = Agenda::new(0);
        agenda.want(Task::TimeSync, now);
        agenda.on_unsupported(Task::TimeSync);
        assert_eq!(agenda.due(Task::TimeSync), None);
        assert_eq!(agenda.next(now, |_| true), None);
        assert_eq!(agenda.next_due(|_| true), None);
        agenda.on_connected(now);
        assert_eq!(agenda.next(now, |_| true), Some(Task::TimeSync));
    }
}
