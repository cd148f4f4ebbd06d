//! How many alarms are in which state.

use gridos_model::{AlarmFacts, AlarmState, Priority};

/// How many alarms are in which state, of those that are not at rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AlarmCounts {
    states: [usize; AlarmState::ALL.len()],
    active: [usize; Priority::ALL.len()],
    unacknowledged: [usize; Priority::ALL.len()],
    sounding: usize,
}

impl AlarmCounts {
    /// How many are displayed in `state`; at rest nobody counts.
    pub fn state(&self, state: AlarmState) -> usize {
        self.states[state as usize]
    }

    /// How many of `priority` have their condition and are not hidden.
    pub fn active(&self, priority: Priority) -> usize {
        self.active[place(priority)]
    }

    /// How many of `priority` wait for their acknowledgement, active or returned, and are not
    /// hidden.
    pub fn unacknowledged(&self, priority: Priority) -> usize {
        self.unacknowledged[place(priority)]
    }

    /// The highest priority that waits for an acknowledgement.
    pub fn highest_unacknowledged(&self) -> Option<Priority> {
        let mut descending = Priority::ALL.into_iter().rev();
        descending.find(|priority| self.unacknowledged(*priority) > 0)
    }

    /// For how many the horn sounds.
    pub fn sounding(&self) -> usize {
        self.sounding
    }

    /// Counts an alarm in.
    pub(crate) fn add(&mut self, facts: &AlarmFacts) {
        self.change(facts, |count| *count += 1);
    }

    /// Counts an alarm out that was counted in with the same facts.
    pub(crate) fn remove(&mut self, facts: &AlarmFacts) {
        self.change(facts, |count| *count = count.saturating_sub(1));
    }

    fn change(&mut self, facts: &AlarmFacts, mut step: impl FnMut(&mut usize)) {
        step(&mut self.states[facts.state() as usize]);
        if facts.is_hidden() {
            return;
        }
        if facts.is_active() {
            step(&mut self.active[place(facts.priority)]);
        }
        if is_unacknowledged(facts.base_state()) {
            step(&mut self.unacknowledged[place(facts.priority)]);
        }
        if facts.is_sounding() {
            step(&mut self.sounding);
        }
    }
}

fn is_unacknowledged(state: AlarmState) -> bool {
    matches!(
        state,
        AlarmState::Unacknowledged
            | AlarmState::ReturnedUnacknowledged
            | AlarmState::LatchedUnacknowledged
    )
}

/// Priorities count from 1.
fn place(priority: Priority) -> usize {
    (priority as usize).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use gridos_model::{AlarmFlags, Level, Shelf, Timestamp};

    use super::*;

    fn facts(level: Level, priority: Priority, flags: AlarmFlags) -> AlarmFacts {
        AlarmFacts {
            level,
            worst: level,
            priority,
            flags,
            ..AlarmFacts::REST
        }
    }

    #[test]
    fn what_is_hidden_counts_as_hidden_alone() {
        let waiting = facts(Level::High, Priority::High, AlarmFlags::UNACKNOWLEDGED);
        let shelved = AlarmFacts {
            shelf: Some(Shelf {
                until: Timestamp::EPOCH,
                is_one_shot: false,
            }),
            ..waiting
        };
        let mut counts = AlarmCounts::default();
        counts.add(&shelved);
        assert_eq!(counts.state(AlarmState::Shelved), 1);
        assert_eq!((counts.active(Priority::High), counts.sounding()), (0, 0));
        assert_eq!(counts.highest_unacknowledged(), None);
        counts.remove(&shelved);
        counts.add(&waiting);
        assert_eq!(counts.state(AlarmState::Unacknowledged), 1);
        assert_eq!((counts.active(Priority::High), counts.sounding()), (1, 1));
        assert_eq!(counts.highest_unacknowledged(), Some(Priority::High));
        counts.remove(&waiting);
        assert_eq!(counts, AlarmCounts::default());
    }

    #[test]
    fn what_returned_unseen_waits_and_is_not_active() {
        let returned = facts(Level::Normal, Priority::Low, AlarmFlags::UNACKNOWLEDGED);
        let seen = facts(Level::Low, Priority::Urgent, AlarmFlags::empty());
        let mut counts = AlarmCounts::default();
        counts.add(&returned);
        counts.add(&seen);
        let by_priority = |count: fn(&AlarmCounts, Priority) -> usize| {
            Priority::ALL.map(|priority| count(&counts, priority))
        };
        assert_eq!(by_priority(AlarmCounts::active), [0, 0, 0, 1]);
        assert_eq!(by_priority(AlarmCounts::unacknowledged), [1, 0, 0, 0]);
    }
}
