//! What is due, and when.

use std::collections::BTreeSet;
use std::time::Duration;

use super::AlarmIndex;

/// What is due then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    /// The time on the shelf is over.
    ShelfEnd,
    /// It is annunciated again.
    ReAlarm,
}

/// Deadlines by the monotonic clock. One that is replaced is taken out, so none comes late that no
/// longer counts, and there are two per alarm at most.
#[derive(Debug, Default)]
pub(crate) struct Timers(BTreeSet<(Duration, AlarmIndex, Due)>);

impl Timers {
    /// Sets the deadline `place` of an alarm to `to`.
    pub(crate) fn set(
        &mut self,
        alarm: AlarmIndex,
        due: Due,
        place: &mut Option<Duration>,
        to: Option<Duration>,
    ) {
        if *place == to {
            return;
        }
        if let Some(at) = *place {
            self.0.remove(&(at, alarm, due));
        }
        if let Some(at) = to {
            self.0.insert((at, alarm, due));
        }
        *place = to;
    }

    /// Takes out the first that is due by `now`.
    pub(crate) fn take_due(&mut self, now: Duration) -> Option<(AlarmIndex, Due)> {
        let (_, alarm, due) = self.0.first().filter(|(at, _, _)| *at <= now).copied()?;
        self.0.pop_first();
        Some((alarm, due))
    }

    pub(crate) fn next(&self) -> Option<Duration> {
        self.0.first().map(|(at, _, _)| *at)
    }
}
