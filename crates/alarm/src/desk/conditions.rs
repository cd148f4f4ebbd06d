//! What becomes of an alarm when its condition changes.

use gridos_model::{AlarmAction, AlarmFacts, AlarmFlags, Level, Suppression};

use super::{Change, Desk};
use crate::judge::Judged;
use crate::{AlarmIndex, Moment, Now, Withheld};

impl Desk {
    /// Makes records of what was judged.
    pub(super) fn settle(&mut self, now: Now) {
        let mut judged = std::mem::take(&mut self.judged);
        for change in judged.drain(..) {
            self.on_judged(&change, now);
        }
        // Emptied, and kept for its room.
        self.judged = judged;
    }

    fn on_judged(&mut self, judged: &Judged, now: Now) {
        let Judged {
            alarm, to, moment, ..
        } = *judged;
        let mut before = self.facts_told(alarm);
        before.flags.remove(AlarmFlags::UNCONFIRMED);
        match (before.level, to) {
            (from, to) if from == to => {}
            (Level::Normal, to) => self.raise(alarm, before, to, moment, now),
            (_, Level::Normal) => self.return_to_normal(alarm, before, moment, now),
            // From too high to too low is another situation, and nobody has seen that one.
            (from, to) if is_high(from) != is_high(to) => {
                self.return_to_normal(alarm, before, moment, now);
                let between = self.facts_told(alarm);
                self.raise(alarm, between, to, moment, now);
            }
            (_, to) => self.shift(alarm, before, to, moment, now),
        }
    }

    /// An occurrence begins.
    fn raise(
        &mut self,
        alarm: AlarmIndex,
        before: AlarmFacts,
        to: Level,
        moment: Moment,
        now: Now,
    ) {
        let definition = self.judge.definition(alarm);
        let mut after = before;
        (after.level, after.worst) = (to, to);
        after.priority = definition.priority.of(to);
        let waits = definition.needs_acknowledgement || self.waits_for_more(alarm, &before);
        after.flags.set(AlarmFlags::UNACKNOWLEDGED, waits);
        after.flags.set(AlarmFlags::LATCHED, definition.latches);
        if self.is_held_by_link(alarm) {
            after.suppression.insert(Suppression::LINK);
        }
        let change = Change {
            action: AlarmAction::Raised,
            is_news: true,
            moment,
            after,
            note: None,
        };
        self.tell(alarm, change, now);
    }

    /// The condition became worse or less bad, and is still there.
    fn shift(
        &mut self,
        alarm: AlarmIndex,
        before: AlarmFacts,
        to: Level,
        moment: Moment,
        now: Now,
    ) {
        let definition = self.judge.definition(alarm);
        let is_news = to.rank() > before.worst.rank();
        let mut after = before;
        after.level = to;
        if is_news {
            after.worst = to;
            after.priority = definition.priority.of(to);
            let waits = definition.needs_acknowledgement || self.waits_for_more(alarm, &before);
            after.flags.set(AlarmFlags::UNACKNOWLEDGED, waits);
        }
        let action = match to.rank() > before.level.rank() {
            true => AlarmAction::Escalated,
            false => AlarmAction::Eased,
        };
        let change = Change {
            action,
            is_news,
            moment,
            after,
            note: None,
        };
        self.tell(alarm, change, now);
    }

    /// The condition is gone. What nobody was told of need not be acknowledged; and as the device's
    /// alarm stands for what a lost link holds back, that ends with its condition.
    fn return_to_normal(
        &mut self,
        alarm: AlarmIndex,
        before: AlarmFacts,
        moment: Moment,
        now: Now,
    ) {
        let mut after = before;
        (after.level, after.worst) = (Level::Normal, Level::Normal);
        let was_held = after.suppression.contains(Suppression::LINK);
        after.suppression.remove(Suppression::LINK);
        if self.withheld(alarm) == Withheld::All {
            after.flags.remove(AlarmFlags::UNACKNOWLEDGED);
            if was_held {
                after.flags.remove(AlarmFlags::LATCHED);
            }
        }
        let change = Change {
            action: AlarmAction::Returned,
            is_news: false,
            moment,
            after,
            note: None,
        };
        self.tell(alarm, change, now);
        self.end_one_shot(alarm, after, now);
    }

    /// The definition is gone or switched off: nothing is left of the occurrence.
    pub(super) fn retire(&mut self, alarm: AlarmIndex, now: Now) {
        let mut after = self.facts_told(alarm);
        (after.level, after.worst) = (Level::Normal, Level::Normal);
        after.suppression.remove(Suppression::LINK);
        after.flags.remove(
            AlarmFlags::UNACKNOWLEDGED
                | AlarmFlags::LATCHED
                | AlarmFlags::SILENCED
                | AlarmFlags::UNCONFIRMED,
        );
        self.tell(alarm, Change::at(now, AlarmAction::Retired, after), now);
        self.end_one_shot(alarm, after, now);
    }

    fn end_one_shot(&mut self, alarm: AlarmIndex, mut after: AlarmFacts, now: Now) {
        if after.shelf.take_if(|shelf| shelf.is_one_shot).is_some() {
            self.tell(alarm, Change::at(now, AlarmAction::Unshelved, after), now);
        }
    }

    /// Whether an annunciation that was made waits for its acknowledgement.
    fn waits_for_more(&self, alarm: AlarmIndex, before: &AlarmFacts) -> bool {
        before.flags.contains(AlarmFlags::UNACKNOWLEDGED) && self.withheld(alarm) != Withheld::All
    }
}

fn is_high(level: Level) -> bool {
    matches!(level, Level::High | Level::HighHigh)
}
