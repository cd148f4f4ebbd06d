//! The plainest judge that could be written: every reading is looked at by every alarm of its point,
//! one after the other, and nothing is folded, shared or left out.

use std::sync::Arc;
use std::time::Duration;

use gridos_alarm::{
    AlarmIndex, Condition, CountRule, Defined, Definition, Judged, Limits, Moment, Now, Reference,
};
use gridos_model::{Level, Quality, Timestamp};

use crate::truth::{Reading, Truth, When, keep_last};
use crate::words::{LADDER, is_abnormal, is_beyond, limits};

/// One alarm, with all that any kind remembers.
pub(crate) struct Alarm {
    index: AlarmIndex,
    pub(crate) defined: Defined,
    pub(crate) level: Level,
    truths: Vec<Truth>,
    held: (f64, Quality),
    base: Option<(f64, When)>,
    rate: Option<f64>,
    changes: Vec<When>,
    changed: Option<When>,
}

enum Said {
    Nothing,
    Number(f64),
    Is(bool),
    CameAndWent,
}

impl Alarm {
    pub(crate) fn new(index: AlarmIndex, defined: Defined) -> Self {
        let cells = limits(&defined.definition.condition).map_or(1, |_| 4);
        Self {
            index,
            defined,
            level: Level::Normal,
            truths: vec![Truth::default(); cells],
            held: (f64::NAN, Quality::GOOD),
            base: None,
            rate: None,
            changes: Vec::new(),
            changed: None,
        }
    }

    pub(crate) fn restore(&mut self, level: Level, now: Now) {
        let definition = Arc::clone(&self.defined.definition);
        if !definition.is_enabled || level == Level::Normal {
            return;
        }
        self.level = level;
        let over = match &definition.condition {
            Condition::Chatter(rule) => Some(rule.within),
            Condition::State(states) if states.on_change_only => Some(Duration::ZERO),
            _ => None,
        };
        if let Some(over) = over {
            self.truths[0].counts = true;
            self.truths[0].since = Some(When::engine(now).plus(over));
            return;
        }
        let Some(limits) = limits(&definition.condition) else {
            (self.truths[0].is, self.truths[0].counts) = (true, true);
            return;
        };
        let below = match level {
            Level::HighHigh => Level::High,
            Level::LowLow => Level::Low,
            other => other,
        };
        for (truth, of) in self.truths.iter_mut().zip(LADDER) {
            let holds = of == level || (of == below && limits.limit(below).is_some());
            (truth.is, truth.counts) = (holds, holds);
        }
    }

    fn now(&self) -> Level {
        if self.truths.len() == 1 {
            return if self.truths[0].counts {
                Level::Abnormal
            } else {
                Level::Normal
            };
        }
        let counting = LADDER.into_iter().zip(&self.truths);
        let counting = counting.filter(|(_, truth)| truth.counts);
        // Of two that count the worse one; both are of one side.
        let worst = counting.max_by_key(|(level, _)| level.rank());
        worst.map_or(Level::Normal, |(level, _)| level)
    }

    fn tell(&mut self, moment: Moment, out: &mut Vec<Judged>) {
        let to = self.now();
        if self.level != to {
            out.push(Judged {
                alarm: self.index,
                from: self.level,
                to,
                moment,
            });
            self.level = to;
        }
    }

    /// What begins to count ends what is only held of the other side.
    fn counts(&mut self, n: usize, does: bool) {
        self.truths[n].counts = does;
        if does && self.truths.len() == 4 {
            for other in if n < 2 { [2, 3] } else { [0, 1] } {
                if !self.truths[other].is {
                    self.truths[other].counts = false;
                }
            }
        }
    }

    /// Does what was due, in the order of its times. A reading at that very time does not begin an
    /// alarm any later, but may hold one that was to end.
    pub(crate) fn elapse(
        &mut self,
        when: When,
        is_reading: bool,
        received: Timestamp,
        out: &mut Vec<Judged>,
    ) {
        loop {
            let definition = Arc::clone(&self.defined.definition);
            let may_end = |due: When| when.minus(due) > if is_reading { 0 } else { -1 };
            let mut dues: Vec<(When, Option<usize>)> = Vec::new();
            for (n, truth) in self.truths.iter().enumerate() {
                if let Some(due) = truth.due(&definition) {
                    let is_due = if truth.is {
                        when.minus(due) >= 0
                    } else {
                        may_end(due)
                    };
                    dues.extend(is_due.then_some((due, Some(n))));
                }
            }
            if let Condition::Chatter(rule) = &definition.condition
                && self.truths[0].is
                && let Some(first) = self.changes.iter().rev().nth(rule.times as usize - 1)
            {
                let quiet = first.plus(rule.within);
                dues.extend(may_end(quiet).then_some((quiet, None)));
            }
            // By the source's clock if all are of it: one clock for all, or there is no order.
            let by_source = dues.iter().all(|(due, _)| due.is_right);
            let place = |due: When| match by_source {
                true => i128::from(due.time.as_nanos()),
                false => i128::try_from(due.mono.as_nanos()).unwrap(),
            };
            let Some(earliest) = dues.iter().map(|(due, _)| place(*due)).min() else {
                return;
            };
            // The end of a chatter goes before what it begins.
            let mut first = dues.iter().filter(|(due, _)| place(*due) == earliest);
            let quiet = first.clone().find(|(_, cell)| cell.is_none());
            let (at, cell) = *quiet.or_else(|| first.next()).unwrap();
            if cell.is_none() {
                self.truths[0].becomes(false, at, &definition);
            }
            while let Some(n) = (0..self.truths.len()).find(|n| {
                let truth = &self.truths[*n];
                truth.due(&definition).is_some_and(|due| {
                    place(due) <= earliest
                        && if truth.is {
                            when.minus(due) >= 0
                        } else {
                            may_end(due)
                        }
                })
            }) {
                let is = self.truths[n].is;
                self.counts(n, is);
            }
            let (value, quality) = self.held;
            let moment = Moment {
                time: at.time,
                received,
                value,
                quality,
            };
            self.tell(moment, out);
        }
    }

    fn take(&mut self, said: Said, reading: &Reading, out: &mut Vec<Judged>) {
        let definition = Arc::clone(&self.defined.definition);
        self.held = (reading.value, reading.quality);
        match said {
            Said::Nothing => {}
            Said::Number(number) => {
                let limits = limits(&definition.condition).unwrap();
                let counted: Vec<_> = self.truths.iter().map(|truth| truth.counts).collect();
                for (truth, level) in self.truths.iter_mut().zip(LADDER) {
                    let is = is_beyond(&limits, level, truth.is, number);
                    truth.becomes(is, reading.when, &definition);
                }
                for (n, counted) in counted.into_iter().enumerate() {
                    if !counted && self.truths[n].counts {
                        self.counts(n, true);
                    }
                }
            }
            Said::Is(is) => self.truths[0].becomes(is, reading.when, &definition),
            Said::CameAndWent => {
                self.truths[0].becomes(true, reading.when, &definition);
                self.settle(reading, &definition, out);
                self.truths[0].becomes(false, reading.when, &definition);
            }
        }
        self.settle(reading, &definition, out);
    }

    fn settle(&mut self, reading: &Reading, definition: &Definition, out: &mut Vec<Judged>) {
        for n in 0..self.truths.len() {
            let due = self.truths[n].due(definition);
            if due.is_some_and(|due| reading.when.minus(due) >= 0) {
                let is = self.truths[n].is;
                self.counts(n, is);
            }
        }
        let moment = Moment {
            time: reading.when.time,
            received: reading.received,
            value: reading.value,
            quality: reading.quality,
        };
        self.tell(moment, out);
    }

    /// A reading of its own point; `last` is the good value before it.
    pub(crate) fn read(&mut self, reading: &Reading, last: Option<f64>, out: &mut Vec<Judged>) {
        let definition = Arc::clone(&self.defined.definition);
        let is_of_quality = definition.condition == Condition::Quality;
        if !definition.is_enabled || !(reading.is_good() || is_of_quality) {
            return;
        }
        self.elapse(reading.when, true, reading.received, out);
        let Reading { value, when, .. } = *reading;
        let said = match &definition.condition {
            Condition::Limit(_) => Said::Number(value),
            Condition::Deviation {
                from: Reference::Setpoint(setpoint),
                ..
            } => {
                let number = value - setpoint;
                if number.is_finite() {
                    Said::Number(number)
                } else {
                    Said::Nothing
                }
            }
            Condition::Deviation { .. } | Condition::Link => Said::Nothing,
            Condition::Rate { min_interval, .. } => self.change(value, when, *min_interval),
            Condition::State(states) if states.on_change_only => {
                let is_change = last.is_some_and(|last| last != value);
                if is_change && is_abnormal(states, value) {
                    Said::CameAndWent
                } else {
                    Said::Nothing
                }
            }
            Condition::State(states) => Said::Is(is_abnormal(states, value)),
            Condition::Chatter(rule) => {
                if last.is_none_or(|last| last == value) {
                    Said::Nothing
                } else {
                    self.changes.push(when);
                    keep_last(&mut self.changes, *rule);
                    self.is_chatter(*rule, when)
                }
            }
            Condition::Quality => Said::Is(!reading.is_good()),
            Condition::Stale { .. } => Said::Is(false),
            Condition::Frozen { after } => {
                let was = self.truths[0].is;
                let is_same = last.map_or(was, |last| last == value);
                let after = i128::try_from(after.as_nanos()).unwrap();
                match self.changed.filter(|_| is_same) {
                    Some(_) if was => Said::Is(true),
                    Some(changed) if when.minus(changed) >= 0 => {
                        Said::Is(when.minus(changed) >= after)
                    }
                    _ => {
                        self.changed = Some(when);
                        Said::Is(was && is_same)
                    }
                }
            }
        };
        self.take(said, reading, out);
    }

    fn is_chatter(&self, rule: CountRule, when: When) -> Said {
        let first = self.changes.iter().rev().nth(rule.times as usize - 1);
        match first.is_some_and(|first| when.minus(first.plus(rule.within)) <= 0) {
            true => Said::Is(true),
            false => Said::Nothing,
        }
    }

    fn change(&mut self, value: f64, when: When, min_interval: Duration) -> Said {
        let Some((was, then)) = self.base else {
            self.base = Some((value, when));
            return Said::Nothing;
        };
        let nanos = when.minus(then);
        if nanos < 0 {
            self.base = Some((value, when));
            return Said::Nothing;
        }
        if nanos < i128::try_from(min_interval.as_nanos()).unwrap() || nanos == 0 {
            return Said::Nothing;
        }
        self.base = Some((value, when));
        let rate =
            (value - was) / Duration::from_nanos(u64::try_from(nanos).unwrap()).as_secs_f64();
        self.rate = Some(rate);
        if rate.is_finite() {
            Said::Number(rate)
        } else {
            Said::Nothing
        }
    }

    /// The difference to another point, when either was read.
    pub(crate) fn differ(
        &mut self,
        own: Option<f64>,
        other: Option<f64>,
        reading: &Reading,
        out: &mut Vec<Judged>,
    ) {
        if !self.defined.definition.is_enabled {
            return;
        }
        self.elapse(reading.when, true, reading.received, out);
        let reading = Reading {
            value: own.unwrap_or(f64::NAN),
            quality: Quality::GOOD,
            ..*reading
        };
        let difference = own.zip(other).map(|(own, other)| own - other);
        let said = difference.filter(|difference| difference.is_finite());
        self.take(said.map_or(Said::Nothing, Said::Number), &reading, out);
    }

    pub(crate) fn link(&mut self, is_lost: bool, reading: &Reading, out: &mut Vec<Judged>) {
        if self.defined.definition.is_enabled {
            self.take(Said::Is(is_lost), reading, out);
        }
    }

    pub(crate) fn time(&mut self, now: Now, seen: Duration, out: &mut Vec<Judged>) {
        let definition = Arc::clone(&self.defined.definition);
        if !definition.is_enabled {
            return;
        }
        if let Condition::Stale { after } = definition.condition
            && !self.truths[0].is
            && now.mono >= seen + after
        {
            let late = now.mono - (seen + after);
            let reading = Reading {
                value: f64::NAN,
                quality: Quality::GOOD,
                when: When {
                    time: now.wall.saturating_sub(late),
                    is_right: false,
                    mono: seen + after,
                },
                received: now.wall,
            };
            self.take(Said::Is(true), &reading, out);
        }
        self.elapse(When::engine(now), false, now.wall, out);
    }

    /// Another definition, judged on what is known.
    pub(crate) fn redefine(
        &mut self,
        defined: &Defined,
        known: &Known,
        now: Now,
        out: &mut Vec<Judged>,
    ) {
        let was = std::mem::replace(&mut self.defined, defined.clone());
        let definition = Arc::clone(&self.defined.definition);
        if !definition.is_enabled {
            *self = Self::new(self.index, defined.clone());
            return;
        }
        let is_alike = was.definition.judges_like(&definition);
        if is_alike && was.reference == defined.reference {
            return;
        }
        if let Some((was, new)) =
            limits(&was.definition.condition).zip(limits(&definition.condition))
        {
            for (outer, inner) in [(0, 1), (3, 2)] {
                let has = |limits: &Limits| limits.limit(LADDER[inner]).is_some();
                if !has(&was) && has(&new) {
                    let outer = self.truths[outer].clone();
                    self.truths[inner].begin_within(&outer);
                }
            }
        }
        let is = self.truths[0].is;
        let number = |number: Option<f64>| match number.filter(|number| number.is_finite()) {
            Some(number) => Said::Number(number),
            None => Said::Nothing,
        };
        let when = When::engine(now);
        let said = match &definition.condition {
            Condition::Limit(_) => number(known.value),
            Condition::Deviation {
                from: Reference::Setpoint(setpoint),
                ..
            } => number(known.value.map(|value| value - setpoint)),
            Condition::Deviation { .. } if known.is_bad => Said::Nothing,
            Condition::Deviation { .. } => number(
                known
                    .value
                    .zip(known.reference)
                    .map(|(own, other)| own - other),
            ),
            Condition::Rate { .. } => number(self.rate),
            Condition::State(states) if !states.on_change_only => known
                .value
                .map_or(Said::Nothing, |value| Said::Is(is_abnormal(states, value))),
            Condition::Chatter(_) if self.changes.is_empty() => Said::Nothing,
            Condition::Chatter(rule) => {
                keep_last(&mut self.changes, *rule);
                match self.is_chatter(*rule, when) {
                    Said::Nothing => Said::Is(false),
                    said => said,
                }
            }
            Condition::Stale { .. } if is && known.seen.is_zero() => Said::Nothing,
            Condition::Stale { after } => Said::Is(now.mono >= known.seen + *after),
            Condition::Frozen { after } if is && self.changed.is_some() => {
                let after = i128::try_from(after.as_nanos()).unwrap();
                Said::Is(when.minus(self.changed.unwrap()) >= after)
            }
            _ => Said::Nothing,
        };
        let reading = Reading {
            value: known.value.unwrap_or(f64::NAN),
            quality: Quality::GOOD,
            when,
            received: now.wall,
        };
        self.take(said, &reading, out);
    }
}

/// What is known of an alarm's points when it is defined anew.
pub(crate) struct Known {
    pub(crate) value: Option<f64>,
    pub(crate) reference: Option<f64>,
    pub(crate) seen: Duration,
    pub(crate) is_bad: bool,
}
