//! A story: what is remembered of an alarm while it is more than its level.

use std::collections::VecDeque;
use std::time::Duration;

use gridos_model::{Level, Quality, Timestamp};

use super::Judged;
use super::at::{At, Clock};
use super::cell::{Cells, Delays, Due, held_until};
use crate::{AlarmIndex, Condition, CountRule, Definition, Limits, Moment};

/// One reading, or another occasion to judge.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) value: f64,
    pub(super) quality: Quality,
    pub(super) at: At,
    pub(super) received: Timestamp,
}

impl Sample {
    /// An occasion that no reading gave.
    pub(super) fn none(at: At, received: Timestamp) -> Self {
        Self {
            value: f64::NAN,
            quality: Quality::GOOD,
            at,
            received,
        }
    }

    pub(super) fn moment(&self) -> Moment {
        Moment {
            time: self.at.time,
            received: self.received,
            value: self.value,
            quality: self.quality,
        }
    }

    /// Whether it is a measurement of the present.
    pub(super) fn is_usable(&self) -> bool {
        self.value.is_finite() && !self.quality.intersects(super::columns::IGNORED)
    }
}

/// What a condition makes of a sample.
#[derive(Clone, Copy, Debug)]
pub(super) enum Finding<'a> {
    /// A number, to be compared with limits.
    Number(f64, &'a Limits),
    /// The condition is there or not.
    Truth(bool),
    /// The condition came and went at once.
    Impulse,
    /// Nothing new, but time goes on.
    Nothing,
}

/// What single kinds remember beside their cells.
#[derive(Clone, Debug, Default)]
pub(super) enum Sense {
    #[default]
    Nothing,
    /// The value that the next one is compared with, and the last change per second.
    Rate { base: (f64, At), rate: f64 },
    /// The last changes of the value, as many as are counted.
    Chatter(VecDeque<At>),
    /// When the value changed last.
    Frozen { changed: At },
}

/// What is remembered of an alarm while it is more than its level.
#[derive(Clone, Debug)]
pub(super) struct Story {
    pub(super) cells: Cells,
    pub(super) sense: Sense,
    /// The last value and its quality: what counts when a delay ends.
    pub(super) held: (f64, Quality),
    /// The timer that stands for it.
    pub(super) timer: Option<Duration>,
}

/// Where the changes of one alarm's level are told.
#[derive(Debug)]
pub(super) struct Told<'a> {
    pub(super) alarm: AlarmIndex,
    pub(super) out: &'a mut Vec<Judged>,
}

impl Told<'_> {
    pub(super) fn tell(&mut self, from: Level, to: Level, moment: Moment) {
        let alarm = self.alarm;
        if from != to {
            self.out.push(Judged {
                alarm,
                from,
                to,
                moment,
            });
        }
    }
}

impl Story {
    /// The story of an alarm that is at `level` with nothing pending.
    pub(super) fn of(level: Level, definition: &Definition) -> Self {
        Self::with(Cells::of(level, &definition.condition))
    }

    pub(super) fn with(cells: Cells) -> Self {
        Self {
            cells,
            sense: Sense::Nothing,
            held: (f64::NAN, Quality::GOOD),
            timer: None,
        }
    }

    /// Whether it tells more than the level does.
    pub(super) fn is_needed(&self, definition: &Definition) -> bool {
        let of_level = Cells::of(self.cells.level(), &definition.condition);
        !matches!(self.sense, Sense::Nothing) || self.cells != of_level
    }

    /// Ends all that is true or pending, and forgets the rest.
    pub(super) fn end(&mut self) {
        self.cells.end();
        self.sense = Sense::Nothing;
    }

    /// When, by the monotonic clock, time alone changes something.
    pub(super) fn deadline(&self, definition: &Definition) -> Option<Duration> {
        let quiet = self.quiet_at(definition).map(|at| at.mono);
        let cells = self.cells.deadline(&Delays::of(definition));
        cells.into_iter().chain(quiet).min()
    }

    /// When a chatter is over unless more of it comes.
    fn quiet_at(&self, definition: &Definition) -> Option<At> {
        let (Sense::Chatter(changes), Condition::Chatter(rule)) =
            (&self.sense, &definition.condition)
        else {
            return None;
        };
        held_until(changes, *rule).filter(|_| self.cells.truths()[0])
    }

    /// Does what was due before a sample at `at`, each at its own time.
    pub(super) fn advance(
        &mut self,
        definition: &Definition,
        at: &At,
        received: Timestamp,
        told: &mut Told<'_>,
    ) {
        self.run(
            definition,
            received,
            told,
            |due| due.is_before(at),
            |quiet| at.passes(quiet),
        );
    }

    /// Does what is due at `now`, each at its own time.
    pub(super) fn expire(
        &mut self,
        definition: &Definition,
        now: &At,
        received: Timestamp,
        told: &mut Told<'_>,
    ) {
        let is_due = |at: &At| now.reaches(at);
        self.run(definition, received, told, |due| is_due(&due.at), is_due);
    }

    fn run(
        &mut self,
        definition: &Definition,
        received: Timestamp,
        told: &mut Told<'_>,
        is_due: impl Fn(&Due) -> bool,
        is_quiet: impl Fn(&At) -> bool,
    ) {
        let delays = Delays::of(definition);
        loop {
            let dues = || self.cells.dues(&delays).filter(&is_due).map(|due| due.at);
            let quiet = self.quiet_at(definition).filter(&is_quiet);
            let clock = Clock::of(dues().chain(quiet));
            let first = quiet.into_iter().chain(dues());
            let Some(at) = first.min_by(|a, b| a.compare(b, clock)) else {
                return;
            };
            let from = self.cells.level();
            if quiet == Some(at) {
                self.cells.set([false; 4], at, &delays);
            }
            // All that is due at one instant is one change.
            let is_due_now = |due: &Due| is_due(due) && due.at.compare(&at, clock).is_le();
            while let Some(due) = self.cells.any_due(&delays, is_due_now) {
                self.cells.switch(due);
            }
            let (value, quality) = self.held;
            let moment = Moment {
                time: at.time,
                received,
                value,
                quality,
            };
            told.tell(from, self.cells.level(), moment);
        }
    }

    /// Takes in what a sample says, after [`Self::advance`].
    pub(super) fn take(
        &mut self,
        definition: &Definition,
        finding: Finding<'_>,
        sample: &Sample,
        told: &mut Told<'_>,
    ) {
        self.held = (sample.value, sample.quality);
        let was = self.cells.truths();
        match finding {
            Finding::Nothing => self.set(definition, was, sample, told),
            Finding::Number(number, limits) => {
                let levels = [Level::HighHigh, Level::High, Level::Low, Level::LowLow];
                let truths = std::array::from_fn(|n| limits.is_beyond(levels[n], was[n], number));
                self.set(definition, truths, sample, told);
            }
            Finding::Truth(is_true) => {
                self.set(definition, [is_true, false, false, false], sample, told);
            }
            Finding::Impulse => {
                self.set(definition, [true, false, false, false], sample, told);
                self.set(definition, [false; 4], sample, told);
            }
        }
    }

    /// What counts at the instant of the sample is the sample's doing.
    fn set(
        &mut self,
        definition: &Definition,
        truths: [bool; 4],
        sample: &Sample,
        told: &mut Told<'_>,
    ) {
        let delays = Delays::of(definition);
        let from = self.cells.level();
        self.cells.set(truths, sample.at, &delays);
        let is_due = |due: &Due| sample.at.reaches(&due.at);
        while let Some(due) = self.cells.any_due(&delays, is_due) {
            self.cells.switch(due);
        }
        told.tell(from, self.cells.level(), sample.moment());
    }
}

/// Whether the last changes are enough at `at`; forgets those that are not counted any more.
pub(super) fn are_enough(changes: &mut VecDeque<At>, rule: CountRule, at: At) -> bool {
    while changes.len() > rule.times as usize {
        changes.pop_front();
    }
    held_until(changes, rule).is_some_and(|until| !at.passes(&until))
}
