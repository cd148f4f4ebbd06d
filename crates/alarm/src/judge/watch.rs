//! A watch: one alarm, and what it makes of the readings of its point.

use std::sync::Arc;
use std::time::Duration;

use gridos_model::Level;

use super::at::At;
use super::cell::{Cells, Delays};
use super::sense;
use super::story::{Finding, Sample, Story, Told};
use super::timers::Timers;
use crate::band::Band;
use crate::{AlarmIndex, Condition, Definition};

/// No point, or no alarm.
pub(super) const NONE: u32 = u32::MAX;

/// One alarm. At rest it is small; what only some need is in its story.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) definition: Arc<Definition>,
    pub(super) story: Option<Box<Story>>,
    /// Its point, or [`NONE`].
    pub(super) point: u32,
    /// The point that a deviation is measured from, or [`NONE`].
    pub(super) reference: u32,
    /// The next alarm of the same point, or [`NONE`].
    pub(super) next: u32,
    pub(super) level: Level,
    /// Restored from an earlier life, and not judged since.
    pub(super) is_unconfirmed: bool,
}

/// What is known of the point of a watch, and of the one it refers to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// The point's last good value; NaN if none came.
    pub(super) value: f64,
    /// When it came, since the engine's start.
    pub(super) seen: Duration,
    /// The last good value that a deviation is measured from; NaN if none came.
    pub(super) reference: f64,
    /// Whether the last reading of either of the two was bad.
    pub(super) is_bad: bool,
}

impl Watch {
    pub(super) fn new(definition: Arc<Definition>, point: u32, reference: u32) -> Self {
        Self {
            definition,
            story: None,
            point,
            reference,
            next: NONE,
            level: Level::Normal,
            is_unconfirmed: false,
        }
    }

    /// How long a reading may stay away, if it is watched for that.
    pub(super) fn stale_after(&self) -> Option<Duration> {
        let after = sense::stale_after(&self.definition.condition);
        after.filter(|_| self.definition.is_enabled)
    }

    /// Whether the condition is there, before its delays; of one that has no limits.
    pub(super) fn is_true(&self) -> bool {
        match &self.story {
            Some(story) => story.cells.truths()[0],
            None => self.level != Level::Normal,
        }
    }

    /// Judges a sample of its point that is not late; `last` is the good value before it.
    pub(super) fn on_sample(&mut self, sample: &Sample, last: f64, told: &mut Told<'_>) {
        let Self {
            definition, story, ..
        } = self;
        let is_asked = definition.condition == Condition::Quality || sample.is_usable();
        if !is_asked || !definition.is_enabled {
            return;
        }
        let definition = Arc::clone(definition);
        if let Some(story) = story {
            story.advance(&definition, &sample.at, sample.received, told);
            self.level = story.cells.level();
        }
        let finding = sense::of_sample(&definition, (self.level, story), sample, last);
        self.is_unconfirmed &= sense::over_after(&definition.condition).is_none();
        self.judge(&definition, finding, sample, told);
    }

    /// Judges the difference of two points.
    pub(super) fn on_difference(&mut self, known: &Known, sample: &Sample, told: &mut Told<'_>) {
        if known.is_bad || !self.definition.is_enabled {
            return;
        }
        if let Some(story) = &mut self.story {
            story.advance(&self.definition, &sample.at, sample.received, told);
            self.level = story.cells.level();
        }
        self.on_known(known, sample, told);
    }

    /// Judges what is known by now.
    pub(super) fn on_known(&mut self, known: &Known, sample: &Sample, told: &mut Told<'_>) {
        let definition = Arc::clone(&self.definition);
        if definition.is_enabled {
            let so_far = (self.is_true(), self.story.as_deref_mut());
            let finding = sense::of_known(&definition, so_far, known, &sample.at);
            self.judge(&definition, finding, sample, told);
        }
    }

    /// Judges whether the condition is there, which no reading tells.
    pub(super) fn on_truth(&mut self, is_true: bool, sample: &Sample, told: &mut Told<'_>) {
        let definition = Arc::clone(&self.definition);
        if definition.is_enabled {
            self.judge(&definition, Finding::Truth(is_true), sample, told);
        }
    }

    /// Does what is due by the monotonic clock.
    pub(super) fn expire(&mut self, sample: &Sample, told: &mut Told<'_>) {
        if let Some(story) = &mut self.story {
            story.expire(&self.definition, &sample.at, sample.received, told);
            self.level = story.cells.level();
            self.is_unconfirmed &= self.level != Level::Normal;
        }
    }

    /// Takes another definition of the same kind; what is pending goes on by its delays.
    pub(super) fn redefine(&mut self, definition: Arc<Definition>) {
        if !definition.is_enabled {
            self.level = Level::Normal;
            self.is_unconfirmed = false;
            if let Some(story) = &mut self.story {
                story.end();
            }
        }
        let limits = |definition: &Definition| definition.condition.limits().copied();
        let ladders = limits(&self.definition).zip(limits(&definition));
        if let (Some(story), Some((was, is))) = (&mut self.story, ladders) {
            story.cells.redefine(&was, &is);
        }
        self.definition = definition;
    }

    /// Sets the timer to what is pending, and forgets a story that tells nothing more.
    pub(super) fn settle(&mut self, alarm: AlarmIndex, timers: &mut Timers) {
        if let Some(story) = &mut self.story {
            let deadline = story.deadline(&self.definition);
            timers.move_to(alarm, &mut story.timer, deadline);
            if !story.is_needed(&self.definition) {
                self.story = None;
            }
        }
    }

    /// The timer that was due is gone.
    pub(super) fn forget_timer(&mut self, now: Duration) {
        if let Some(story) = &mut self.story {
            story.timer = story.timer.filter(|due| *due > now);
        }
    }

    /// The number that a deviation is measured from; NaN if there is none.
    pub(super) fn setpoint(&self) -> f64 {
        sense::setpoint(&self.definition.condition)
    }

    /// Takes the level it had in an earlier life.
    pub(super) fn restore(&mut self, level: Level, now: &At) {
        self.level = level;
        self.is_unconfirmed = level != Level::Normal;
        let over = sense::over_after(&self.definition.condition).filter(|_| self.is_unconfirmed);
        let cells = match over {
            Some(delay) => Cells::ending(now.after(delay)),
            None => Cells::of(level, &self.definition.condition),
        };
        match &mut self.story {
            Some(story) => story.cells = cells,
            None if over.is_some() => self.story = Some(Box::new(Story::with(cells))),
            None => {}
        }
    }

    /// Whether time alone changes something.
    pub(super) fn is_pending(&self) -> bool {
        let story = self.story.as_deref();
        story.is_some_and(|story| story.deadline(&self.definition).is_some())
    }

    /// The good values of its point that change nothing.
    pub(super) fn band(&self, known: &Known) -> Band {
        if !self.definition.is_enabled {
            Band::ALL
        } else if self.is_unconfirmed || self.is_pending() {
            Band::NONE
        } else {
            sense::band(self, known)
        }
    }

    fn judge(
        &mut self,
        definition: &Definition,
        finding: Finding<'_>,
        sample: &Sample,
        told: &mut Told<'_>,
    ) {
        let is_silent = matches!(finding, Finding::Nothing);
        self.is_unconfirmed &= is_silent && self.level != Level::Normal;
        if let Some(story) = &mut self.story {
            story.take(definition, finding, sample, told);
            self.level = story.cells.level();
        } else if Delays::of(definition).are_none() {
            self.judge_at_once(finding, sample, told);
        } else {
            let mut story = Story::of(self.level, definition);
            story.take(definition, finding, sample, told);
            self.level = story.cells.level();
            if story.is_needed(definition) {
                self.story = Some(Box::new(story));
            }
        }
    }

    /// Without delays the level is all there is.
    fn judge_at_once(&mut self, finding: Finding<'_>, sample: &Sample, told: &mut Told<'_>) {
        let from = self.level;
        match finding {
            Finding::Nothing => {}
            Finding::Number(number, limits) => self.level = limits.next(from, number),
            Finding::Truth(true) => self.level = Level::Abnormal,
            Finding::Truth(false) => self.level = Level::Normal,
            Finding::Impulse => {
                told.tell(from, Level::Abnormal, sample.moment());
                told.tell(Level::Abnormal, Level::Normal, sample.moment());
                self.level = Level::Normal;
                return;
            }
        }
        told.tell(from, self.level, sample.moment());
    }
}

#[cfg(test)]
mod tests {
    use super::super::quad::{LANES, Quad};
    use super::*;

    #[test]
    fn an_alarm_at_rest_is_small() {
        assert_eq!(size_of::<Watch>(), 32);
        // With the band, the last good value and the first alarm of its point.
        let bytes = size_of::<Watch>() + size_of::<Quad>() / LANES + size_of::<u32>();
        assert!(320_000 * bytes <= 16 << 20);
    }
}
