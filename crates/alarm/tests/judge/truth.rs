//! One truth with its delays, and the instants they are counted from.

use std::time::Duration;

use gridos_alarm::{Condition, CountRule, Definition, Now};
use gridos_model::{Quality, Timestamp};

/// An instant: the time that is told, whether the source's clock is right, the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct When {
    pub(crate) time: Timestamp,
    pub(crate) is_right: bool,
    pub(crate) mono: Duration,
}

impl When {
    pub(crate) fn engine(now: Now) -> Self {
        Self {
            time: now.wall,
            is_right: false,
            mono: now.mono,
        }
    }

    pub(crate) fn plus(self, delay: Duration) -> Self {
        Self {
            time: self.time.saturating_add(delay),
            mono: self.mono + delay,
            ..self
        }
    }

    /// Nanoseconds from `other` to this, by the source's clock if both are of one that is right.
    pub(crate) fn minus(self, other: Self) -> i128 {
        if self.is_right && other.is_right {
            return i128::from(self.time.as_nanos()) - i128::from(other.time.as_nanos());
        }
        let nanos = |mono: Duration| i128::try_from(mono.as_nanos()).unwrap();
        nanos(self.mono) - nanos(other.mono)
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    pub(crate) value: f64,
    pub(crate) quality: Quality,
    pub(crate) when: When,
    pub(crate) received: Timestamp,
}

impl Reading {
    pub(crate) fn is_good(&self) -> bool {
        self.value.is_finite() && !self.quality.is_bad()
    }
}

/// More than a rule counts is not kept.
pub(crate) fn keep_last(times: &mut Vec<When>, rule: CountRule) {
    let surplus = times.len().saturating_sub(rule.times as usize);
    times.drain(..surplus);
}

/// One truth with its delays.
#[derive(Clone, Debug, Default)]
pub(crate) struct Truth {
    pub(crate) is: bool,
    pub(crate) counts: bool,
    pub(crate) since: Option<When>,
    comings: Vec<When>,
}

impl Truth {
    pub(crate) fn enough_until(&self, rule: CountRule) -> Option<When> {
        let nth = self.comings.iter().rev().nth(rule.times as usize - 1)?;
        Some(nth.plus(rule.within))
    }

    pub(crate) fn becomes(&mut self, is: bool, when: When, definition: &Definition) {
        if is == self.is {
            return;
        }
        self.is = is;
        self.since = Some(when);
        if is && let Some(rule) = definition.count {
            self.comings.push(when);
            keep_last(&mut self.comings, rule);
            if self
                .enough_until(rule)
                .is_some_and(|until| when.minus(until) <= 0)
            {
                self.counts = true;
            }
        }
    }

    /// Of a limit that is new, inside the one that `outer` is of.
    pub(crate) fn begin_within(&mut self, outer: &Self) {
        if outer.is && !self.is {
            self.is = true;
            self.counts |= outer.counts;
            self.since = outer.since;
            self.comings = outer.comings.clone();
        }
    }

    /// When what is, counts.
    pub(crate) fn due(&self, definition: &Definition) -> Option<When> {
        let since = self.since.filter(|_| self.is != self.counts)?;
        if self.is {
            return Some(since.plus(on_delay(definition)));
        }
        let off = since.plus(definition.off_delay);
        let until = definition.count.and_then(|rule| self.enough_until(rule));
        Some(until.filter(|until| until.minus(off) > 0).unwrap_or(off))
    }
}

fn on_delay(definition: &Definition) -> Duration {
    match &definition.condition {
        Condition::State(states) if states.on_change_only && definition.count.is_none() => {
            Duration::ZERO
        }
        _ => definition.on_delay,
    }
}
