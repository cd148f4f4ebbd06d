//! One alarm of the model.

use gridos_model::{AlarmFlags, AlarmKind, Level};

use super::step::{OrderStep, Seen};

/// What an alarm is, in the model.
#[derive(Clone, Debug)]
pub(super) struct Alarm {
    pub(super) kind: AlarmKind,
    pub(super) high: f64,
    pub(super) is_enabled: bool,
    pub(super) response: u8,
    pub(super) needs_acknowledgement: bool,
    pub(super) latches: bool,
    pub(super) is_told_again: bool,

    pub(super) level: Level,
    pub(super) worst: Level,
    /// What happened and is not acknowledged, and whether an operator was told of it.
    pub(super) waiting: Vec<bool>,
    /// Whether nobody was told of the last news, which need no acknowledgement.
    pub(super) is_untold: bool,
    pub(super) is_latched: bool,
    pub(super) is_silenced: bool,
    pub(super) is_out: bool,
    pub(super) is_asked_off: bool,
    pub(super) is_held: bool,
    /// When it ends: by the monotonic clock and by that of the day; and whether it is for one shot.
    pub(super) shelf: Option<(i64, i64, bool)>,
    pub(super) occurrences: usize,
    /// The last news, told or not.
    pub(super) since: i64,
    /// The last good value of this life.
    pub(super) value: Option<f64>,
    pub(super) is_confirmed: bool,
    /// How often it was annunciated in this step.
    pub(super) told: usize,
}

impl Alarm {
    pub(super) fn is_hidden(&self) -> bool {
        let is_put_away = self.is_asked_off || self.is_held || self.shelf.is_some();
        self.is_out || !self.is_enabled || is_put_away
    }

    pub(super) fn is_active(&self) -> bool {
        self.level != Level::Normal
    }

    pub(super) fn tell(&mut self) {
        self.told += 1;
        self.is_silenced = false;
        self.is_untold = false;
        self.waiting.iter_mut().for_each(|told| *told = true);
    }

    /// Something happened that operators are told.
    pub(super) fn news(&mut self, now: i64) {
        self.since = now;
        if self.needs_acknowledgement {
            self.waiting.push(false);
        }
        self.is_untold = true;
        if !self.is_hidden() {
            self.tell();
        }
    }

    pub(super) fn become_level(&mut self, to: Level, is_link_lost: bool, now: i64) {
        if to == self.level {
            return;
        }
        let is_low = |level| matches!(level, Level::Low | Level::LowLow);
        if self.is_active() && (to == Level::Normal || is_low(to) != is_low(self.level)) {
            (self.level, self.worst) = (Level::Normal, Level::Normal);
            if self.is_untold && self.waiting.iter().all(|told| !told) {
                self.waiting.clear();
                self.is_latched &= !self.is_held;
            }
            self.is_held = false;
            self.is_untold = false;
            self.shelf = self.shelf.filter(|(_, _, is_one_shot)| !is_one_shot);
        }
        if to == Level::Normal {
            return;
        }
        let is_new = !self.is_active();
        self.level = to;
        if is_new {
            self.occurrences += 1;
            self.is_latched = self.latches;
            self.is_held = is_link_lost && self.kind == AlarmKind::Quality;
        }
        if to.rank() > self.worst.rank() {
            self.worst = to;
            self.news(now);
        }
    }

    /// Changes what hides it, and tells it if it comes back.
    pub(super) fn change_hiding(&mut self, now: i64, change: impl FnOnce(&mut Self)) {
        let was_hidden = self.is_hidden();
        change(self);
        let waits = !self.waiting.is_empty() || self.is_untold;
        if was_hidden && !self.is_hidden() && self.is_active() && waits {
            self.since = now;
            self.tell();
        }
    }

    /// The level that a good value leads to: each limit is left at its deadband.
    pub(super) fn judge(&self, value: f64) -> Level {
        let was_high = matches!(self.level, Level::High | Level::HighHigh);
        let was_low = matches!(self.level, Level::Low | Level::LowLow);
        let rises = |limit: f64, was| value >= limit || (was && value > limit - 2.0);
        let falls = |limit: f64, was| value <= limit || (was && value < limit + 2.0);
        if rises(self.high + 10.0, self.level == Level::HighHigh) {
            Level::HighHigh
        } else if rises(self.high, was_high) {
            Level::High
        } else if falls(0.0, self.level == Level::LowLow) {
            Level::LowLow
        } else if falls(10.0, was_low) {
            Level::Low
        } else {
            Level::Normal
        }
    }

    pub(super) fn rejudge(&mut self, now: i64) {
        if let Some(value) = self.value.filter(|_| self.is_enabled) {
            self.become_level(self.judge(value), false, now);
        }
    }

    pub(super) fn retire(&mut self) {
        (self.level, self.worst) = (Level::Normal, Level::Normal);
        self.waiting.clear();
        self.is_untold = false;
        (self.is_latched, self.is_silenced) = (false, false);
        self.shelf = self.shelf.filter(|(_, _, is_one_shot)| !is_one_shot);
    }

    pub(super) fn has_story(&self) -> bool {
        self.is_active() || !self.waiting.is_empty() || self.is_latched
    }

    /// Does a command; whether anything changed, or in a word why not.
    pub(super) fn obey(
        &mut self,
        order: OrderStep,
        seen: Seen,
        [mono, wall]: [i64; 2],
    ) -> Result<bool, &'static str> {
        use OrderStep::*;
        if matches!(order, Acknowledge | Reset | Silence) {
            match seen {
                _ if self.occurrences == 0 => return Err("never"),
                Seen::Present => {}
                Seen::Older => return Err("moved"),
                Seen::None => return Err("which"),
            }
        }
        match order {
            Acknowledge => {
                let waits = !self.waiting.is_empty();
                self.waiting.clear();
                if waits {
                    self.is_silenced = false;
                    self.is_untold = false;
                }
                Ok(waits)
            }
            Reset if !self.is_latched && !self.latches => Err("not latched"),
            Reset if self.is_active() => Err("active"),
            Reset if !self.waiting.is_empty() => Err("unacknowledged"),
            Reset => Ok(std::mem::replace(&mut self.is_latched, false)),
            Silence => {
                let sounds = !self.waiting.is_empty() && !self.is_hidden() && !self.is_silenced;
                self.is_silenced |= sounds;
                Ok(sounds)
            }
            Shelve(0, _) => Err("period"),
            Shelve(minutes, is_one_shot) => {
                let minutes = i64::try_from(minutes).unwrap();
                self.shelf = Some((mono + minutes, wall + minutes, is_one_shot));
                Ok(true)
            }
            Unshelve => {
                let was = self.shelf.is_some();
                self.change_hiding(mono, |alarm| alarm.shelf = None);
                Ok(was)
            }
            Suppress => Ok(!std::mem::replace(&mut self.is_asked_off, true)),
            Unsuppress => {
                let was = self.is_asked_off;
                self.change_hiding(mono, |alarm| alarm.is_asked_off = false);
                Ok(was)
            }
            Out => Ok(!std::mem::replace(&mut self.is_out, true)),
            In => {
                let was = self.is_out;
                self.change_hiding(mono, |alarm| alarm.is_out = false);
                Ok(was)
            }
            Limit(high) => {
                let is_other = self.high != high;
                self.high = high;
                if is_other {
                    self.rejudge(mono);
                }
                Ok(is_other)
            }
            Enable(is_enabled) => {
                let is_other = self.is_enabled != is_enabled;
                self.is_enabled = is_enabled;
                if is_other && is_enabled {
                    self.rejudge(mono);
                } else if is_other && self.has_story() {
                    self.retire();
                }
                Ok(is_other)
            }
            Response(response) => Ok(std::mem::replace(&mut self.response, response) != response),
        }
    }

    pub(super) fn flags(&self) -> AlarmFlags {
        let mut flags = AlarmFlags::empty();
        flags.set(AlarmFlags::UNACKNOWLEDGED, !self.waiting.is_empty());
        flags.set(AlarmFlags::LATCHED, self.is_latched);
        flags.set(AlarmFlags::SILENCED, self.is_silenced);
        flags.set(AlarmFlags::OUT_OF_SERVICE, self.is_out);
        flags.set(AlarmFlags::DISABLED, !self.is_enabled);
        flags
    }
}
