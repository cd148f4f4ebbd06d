//! The plant of the model.

use gridos_model::{Level, LinkState};

use super::alarm::Alarm;
use super::{DAY, DEVICES, RE_ALARM};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Loss {
    No,
    Lost,
    /// Since before the restart.
    Doubtful,
}

/// The plant in the model; times in minutes.
pub(super) struct World {
    pub(super) alarms: Vec<[Alarm; 3]>,
    pub(super) losses: [Loss; DEVICES],
    pub(super) mono: i64,
    pub(super) wall: i64,
}

impl World {
    pub(super) fn send(&mut self, device: usize, value: f64, is_bad: bool) {
        let now = self.mono;
        let is_lost = self.losses[device] != Loss::No;
        let [limit, quality, link] = &mut self.alarms[device];
        quality.is_confirmed = true;
        let level = if is_bad {
            Level::Abnormal
        } else {
            Level::Normal
        };
        quality.become_level(level, is_lost, now);
        if !is_bad {
            limit.value = Some(value);
            limit.is_confirmed = true;
            limit.rejudge(now);
            if self.losses[device] == Loss::Doubtful {
                link.become_level(Level::Normal, false, now);
                self.losses[device] = Loss::No;
            }
        }
        self.release(device);
    }

    /// What a lost link held back and was judged in this life comes back.
    pub(super) fn release(&mut self, device: usize) {
        let now = self.mono;
        let [_, quality, _] = &mut self.alarms[device];
        if self.losses[device] == Loss::No && quality.is_confirmed {
            quality.change_hiding(now, |quality| quality.is_held = false);
        }
    }

    pub(super) fn link(&mut self, device: usize) -> LinkState {
        let now = self.mono;
        let [_, quality, link] = &mut self.alarms[device];
        link.is_confirmed = true;
        if self.losses[device] == Loss::Lost {
            link.become_level(Level::Normal, false, now);
            self.losses[device] = Loss::No;
            self.release(device);
            return LinkState::Restored;
        }
        quality.is_held = quality.is_active();
        link.become_level(Level::Abnormal, false, now);
        self.losses[device] = Loss::Lost;
        LinkState::Lost
    }

    pub(super) fn minute(&mut self) {
        let now = self.mono;
        for alarm in self.alarms.iter_mut().flatten() {
            if alarm.shelf.is_some_and(|(end, _, _)| end <= now) {
                alarm.change_hiding(now, |alarm| alarm.shelf = None);
            }
            let is_seen = alarm.is_active() && !alarm.is_hidden();
            let after = i64::try_from(RE_ALARM).unwrap();
            if alarm.is_told_again && is_seen && alarm.since + after <= now {
                alarm.news(now);
            }
        }
    }

    pub(super) fn restart(&mut self, gone: i64) {
        self.mono = 0;
        self.wall += gone;
        for (alarms, loss) in self.alarms.iter_mut().zip(&mut self.losses) {
            let was_lost = alarms[2].is_active() || alarms[1].is_held;
            *loss = if was_lost { Loss::Doubtful } else { Loss::No };
            for alarm in alarms {
                alarm.value = None;
                alarm.is_confirmed = !alarm.is_active();
                alarm.since = 0;
                if let Some((end, until, _)) = &mut alarm.shelf {
                    *end = (*until - self.wall).clamp(0, DAY);
                }
            }
        }
    }
}
