//! The alarms on the pipeline thread: what drives them, and what is shown of them.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use gridos_alarm::{Alarms, Case, Command, Generation, Memory, Now, Outcome, Refusal};
use gridos_model::{
    AlarmAction, AlarmId, AlarmKind, AlarmRecord, AlarmState, LinkChange, LinkState, PointIndex,
    Priority, Quality, Readings, Timestamp,
};
use gridos_telemetry::Telemetry;

use crate::Views;
use crate::alarms::{AlarmBook, CommandQueue, Given, Renewal};
use crate::clock::Clock;

/// The alarms look at the time at least this often, whatever they are waiting for.
const LOOK_MAX: Duration = Duration::from_millis(50);

/// The alarms, with their clock and the commands that wait for them.
#[derive(Debug)]
pub(crate) struct Judging {
    alarms: Alarms,
    commands: CommandQueue,
    clock: Clock,
    /// The present turn's time.
    now: Now,
    /// When the alarms looked at the time last.
    looked: Duration,
    views: Views,
    telemetry: Arc<Telemetry>,
}

impl Judging {
    pub(crate) fn new(
        alarms: Alarms,
        commands: CommandQueue,
        views: Views,
        telemetry: Arc<Telemetry>,
    ) -> Self {
        let clock = Clock::start();
        Self {
            alarms,
            commands,
            now: clock.now(),
            clock,
            looked: Duration::ZERO,
            views,
            telemetry,
        }
    }

    /// Goes on with what an earlier process left; what has changed since is shown, and to be
    /// recorded. Returns what is known of those that are `elsewhere`.
    pub(crate) fn restore(&mut self, memory: Memory, elsewhere: &HashSet<AlarmId>) -> Vec<Case> {
        let sequence = memory.sequence;
        self.alarms.restore(memory, elsewhere, self.now);
        self.views
            .alarms
            .begin(sequence, self.alarms.cases().cloned());
        self.note_edited();
        self.count_standing();
        self.annunciate();
        self.alarms.take_handed_over()
    }

    /// Goes on with the alarms of another generation, which are in `book`; what that changes is to be
    /// shown and recorded. Returns what is known of the alarms that another engine goes on with.
    pub(crate) fn renew(&mut self, generation: Generation, book: AlarmBook) -> Vec<Case> {
        self.alarms.renew(generation, self.now);
        self.views.book.renew(book);
        self.note_edited();
        self.alarms.take_handed_over()
    }

    /// Notes in the book what was changed at run time.
    fn note_edited(&self) {
        for alarm in self.alarms.edited() {
            if let Some(current) = self.alarms.definition(alarm) {
                self.views.book.redefine(alarm, &current);
            }
        }
    }

    /// Points of which alarms know that a reading came, and not before when it was true. A delay may
    /// have ended after that; and what tells that none came, or is measured from others, knows no time.
    pub(crate) fn last_known(&self) -> Vec<(PointIndex, Timestamp)> {
        let known = self.alarms.cases().filter_map(|case| {
            let changed = case.changed?;
            let entry = self.views.book.find(case.alarm)?;
            let kinds = [AlarmKind::Limit, AlarmKind::State, AlarmKind::Quality];
            let is_timed = !changed.quality.contains(Quality::CLOCK_UNSYNCHRONISED);
            if !kinds.contains(&entry.kind()) || !is_timed {
                return None;
            }
            let delay = entry.definition.on_delay.max(entry.definition.off_delay);
            let time = changed.time.min(changed.received).saturating_sub(delay);
            Some((entry.point?.index, time))
        });
        known.collect()
    }

    /// A turn begins.
    pub(crate) fn begin_turn(&mut self) {
        self.now = self.clock.now();
    }

    /// Judges a batch. A loss of the link holds back what the batch may already tell of lost
    /// points; a restoration lets go what it has completed.
    pub(crate) fn judge(
        &mut self,
        first: PointIndex,
        readings: &Readings<'_>,
        link: Option<&LinkChange>,
    ) {
        let link_is = |state| link.filter(|change| change.state == state);
        if let Some(change) = link_is(LinkState::Lost) {
            self.alarms.on_link(change, self.now);
        }
        self.alarms.on_readings(first, readings, self.now);
        if let Some(change) = link_is(LinkState::Restored) {
            self.alarms.on_link(change, self.now);
        }
    }

    /// Does what is due.
    pub(crate) fn look_at_time(&mut self) {
        let mono = self.now.mono;
        let is_due = self.alarms.next_deadline().is_some_and(|due| due <= mono);
        if is_due || mono.saturating_sub(self.looked) >= LOOK_MAX {
            self.looked = mono;
            self.alarms.on_time(self.now);
        }
    }

    /// The oldest command that waits.
    pub(crate) fn command(&mut self) -> Option<Given> {
        self.commands.pop()
    }

    /// The generation that waits, if one does.
    pub(crate) fn renewal(&mut self) -> Option<Renewal> {
        self.commands.pop_renewal()
    }

    pub(crate) fn carry_out(&mut self, command: &Command) -> Result<Outcome, Refusal> {
        self.alarms.on_command(command, self.now)
    }

    pub(crate) fn has_commands(&self) -> bool {
        !self.commands.is_empty()
    }

    /// How long there is nothing to do for the alarms, at most `most`.
    pub(crate) fn patience(&self, most: Duration) -> Duration {
        let due = self.alarms.next_deadline();
        due.map_or(most, |due| due.saturating_sub(self.clock.mono()).min(most))
    }

    /// What happened and is not recorded yet.
    pub(crate) fn records(&self) -> &[AlarmRecord] {
        self.alarms.records()
    }

    pub(crate) fn clear_records(&mut self) {
        self.alarms.clear_records();
    }

    /// Shows and counts what happened.
    pub(crate) fn annunciate(&self) {
        let records = self.alarms.records();
        if !records.is_empty() {
            self.show(records);
        }
        let confirmed = self.alarms.confirmed();
        if !confirmed.is_empty() {
            self.views.alarms.confirm(confirmed);
        }
    }

    fn show(&self, records: &[AlarmRecord]) {
        self.views.alarms.show(records);
        let cells = &self.telemetry.alarms;
        for record in records {
            cells.recorded(record.action as usize - 1);
            cells.annunciations.add(u64::from(record.is_annunciated));
            if record.action == AlarmAction::Redefined
                && let Some(current) = self.alarms.definition(record.alarm)
            {
                self.views.book.redefine(record.alarm, &current);
            }
        }
        self.count_standing();
    }

    fn count_standing(&self) {
        let cells = &self.telemetry.alarms;
        let counts = self.views.alarms.table().counts;
        for (place, priority) in Priority::ALL.into_iter().enumerate() {
            let (active, waiting) = (counts.active(priority), counts.unacknowledged(priority));
            cells.set_standing(place, active as u64, waiting as u64);
        }
        let hidden = |state| counts.state(state) as u64;
        cells.shelved.set(hidden(AlarmState::Shelved));
        cells.suppressed.set(hidden(AlarmState::Suppressed));
        cells.out_of_service.set(hidden(AlarmState::OutOfService));
    }
}

#[cfg(test)]
mod tests {
    use gridos_telemetry::{ALARM_ACTIONS, ALARM_PRIORITIES};

    use super::*;

    #[test]
    fn metrics_are_labelled_in_the_order_of_the_numbers() {
        assert_eq!(AlarmAction::ALL.map(AlarmAction::name), *ALARM_ACTIONS);
        for (place, action) in AlarmAction::ALL.into_iter().enumerate() {
            assert_eq!(action as usize - 1, place);
        }
        assert_eq!(Priority::ALL.map(Priority::name), *ALARM_PRIORITIES);
    }
}
