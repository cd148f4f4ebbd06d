//! The stories: of the alarms that something happened to, what is known and what is due.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::AlarmIndex;
use crate::Case;

/// So many alarms that are at rest again are remembered, so that whoever acknowledges what a
/// colleague just did is told so.
pub(crate) const RESTED_MAX: usize = 8_192;

/// One alarm's story.
#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) case: Case,
    /// When the last thing happened that is told, hidden or not, in this life by the monotonic clock.
    pub(crate) since: Option<Duration>,
    /// When it comes from the shelf.
    pub(crate) shelf_end: Option<Duration>,
    /// When it is told again.
    pub(crate) re_alarm: Option<Duration>,
}

/// The stories by alarm; an alarm that nothing happened to has none.
#[derive(Debug, Default)]
pub(crate) struct Stories {
    by_alarm: HashMap<AlarmIndex, Box<Story>>,
    /// Alarms that came to rest and with which record, the earliest first.
    rested: VecDeque<(AlarmIndex, u64)>,
}

impl Story {
    pub(crate) fn new(case: Case) -> Self {
        Self {
            case,
            since: None,
            shelf_end: None,
            re_alarm: None,
        }
    }
}

impl Stories {
    pub(crate) fn get(&self, alarm: AlarmIndex) -> Option<&Story> {
        Some(self.by_alarm.get(&alarm)?)
    }

    pub(crate) fn get_mut(&mut self, alarm: AlarmIndex) -> Option<&mut Story> {
        Some(self.by_alarm.get_mut(&alarm)?)
    }

    /// The story of `alarm`, begun by `case` if there is none.
    pub(crate) fn begin(&mut self, alarm: AlarmIndex, case: impl FnOnce() -> Case) -> &mut Story {
        let story = self.by_alarm.entry(alarm);
        story.or_insert_with(|| Box::new(Story::new(case())))
    }

    /// Ends the story of an alarm that is gone.
    pub(crate) fn end(&mut self, alarm: AlarmIndex) -> Option<Box<Story>> {
        self.by_alarm.remove(&alarm)
    }

    /// Notes that `alarm` is at rest again, and forgets the one that has been so for the longest.
    pub(crate) fn rest(&mut self, alarm: AlarmIndex, sequence: u64) {
        self.rested.push_back((alarm, sequence));
        while self.rested.len() > RESTED_MAX {
            let Some((earliest, since)) = self.rested.pop_front() else {
                return;
            };
            let is_still_so =
                |story: &Story| story.case.sequence == since && story.case.facts.is_at_rest();
            if self.get(earliest).is_some_and(is_still_so) {
                self.by_alarm.remove(&earliest);
            }
        }
    }

    pub(crate) fn cases(&self) -> impl Iterator<Item = &Case> {
        self.by_alarm.values().map(|story| &story.case)
    }
}
