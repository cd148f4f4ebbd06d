//! When to look at an alarm again although nothing may come of it.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::AlarmIndex;

/// Alarms by the monotonic instant at which each is looked at again.
///
/// A timer says nothing but "look": what is due then is found in the alarm itself, so one that comes
/// for what is long over does nothing.
#[derive(Debug, Default)]
pub(super) struct Timers {
    due: BTreeSet<(Duration, AlarmIndex, For)>,
}

/// What a timer is for; those of the two do not touch each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum For {
    /// How long nothing came: it stays when something does, and is set anew when it is due.
    Age,
    /// A delay: it is moved with what is pending.
    Delay,
}

impl Timers {
    /// Looks how old the last reading is at `due`.
    pub(super) fn add_age(&mut self, alarm: AlarmIndex, due: Duration) {
        self.due.insert((due, alarm, For::Age));
    }

    /// Moves the one timer of delays that `was` remembers to `due`.
    pub(super) fn move_to(
        &mut self,
        alarm: AlarmIndex,
        was: &mut Option<Duration>,
        due: Option<Duration>,
    ) {
        if *was == due {
            return;
        }
        if let Some(was) = *was {
            self.due.remove(&(was, alarm, For::Delay));
        }
        if let Some(due) = due {
            self.due.insert((due, alarm, For::Delay));
        }
        *was = due;
    }

    /// Takes the first timer that is due.
    pub(super) fn take(&mut self, now: Duration) -> Option<AlarmIndex> {
        let (due, alarm, _) = *self.due.first()?;
        (due <= now).then(|| {
            self.due.pop_first();
            alarm
        })
    }

    /// When the first is due.
    pub(super) fn next(&self) -> Option<Duration> {
        self.due.first().map(|(due, ..)| *due)
    }
}
