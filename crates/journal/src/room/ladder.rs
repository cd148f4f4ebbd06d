//! The ladder: what is done, rung by rung, as room gets short.
//!
//! ```text
//! normal   segments stay for the safety window after they are stored
//! warn     the room left lasts less than the warning threshold: said aloud, nothing else
//! pressed  80 % of the budget is used, or the disk has little free: the safety window shrinks,
//!          what was stored first goes first
//! full     nothing that is stored is left to delete: hold (nothing more is taken), or the oldest
//!          segments that are not stored are given up
//! ```
//! Each rung is left later than it is entered, so that nothing flutters at the edge.

use std::time::Duration;

use super::{Autonomy, Room};

/// Above this share of the budget the safety window shrinks, and it grows again below the other.
const PRESSED_PERCENT: u64 = 80;
const RELAXED_PERCENT: u64 = 70;

/// What is done when nothing that is stored is left to delete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenFull {
    /// Nothing more is taken until the database has caught up.
    #[default]
    Hold,
    /// The oldest segments are given up, stored or not, so that new readings find room.
    DropOldest,
}

/// When to warn of how long the room left lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Somebody should look.
    pub warn: Duration,
    /// Somebody must act; no longer than `warn`.
    pub critical: Duration,
}

/// How long the room left lasts, judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Long enough, as far as known.
    #[default]
    Ample,
    /// Less than the warning threshold.
    Warn,
    /// Less than the critical threshold.
    Critical,
}

/// The highest rung that applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rung {
    /// All is well.
    #[default]
    Normal,
    /// The room left does not last long.
    Warn,
    /// The safety window shrinks.
    Pressed,
    /// Nothing that is stored is left to delete.
    Full,
}

impl Rung {
    /// The rung in a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Warn => "warn",
            Self::Pressed => "pressed",
            Self::Full => "full",
        }
    }
}

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Delete what was stored longer ago than the safety window.
    Keep,
    /// The same, and then as many bytes more of what is stored, the oldest first.
    Free {
        /// How many.
        bytes: u64,
    },
    /// Delete all that is stored, and then give up as many bytes of what is not, the oldest first.
    GiveUp {
        /// How many.
        bytes: u64,
    },
}

/// What is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sight {
    /// The room there is.
    pub room: Room,
    /// How long it lasts.
    pub autonomy: Autonomy,
    /// Whether the journal refuses to write because the budget or the disk is used up.
    pub refused: bool,
}

/// Where on the ladder the journal stands, and what is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The rung.
    pub rung: Rung,
    /// How long the room left lasts, whatever the rung.
    pub grade: Grade,
    /// What to do.
    pub order: Order,
}

/// The state machine.
#[derive(Debug)]
pub struct Ladder {
    thresholds: Thresholds,
    when_full: WhenFull,
    headroom: u64,
    grade: Grade,
    pressed: bool,
    full: bool,
}

impl Ladder {
    /// On the lowest rung. `headroom` are the bytes that must be left so that the journal can
    /// surely write until somebody looks again.
    pub fn new(thresholds: Thresholds, when_full: WhenFull, headroom: u64) -> Self {
        Self {
            thresholds,
            when_full,
            headroom,
            grade: Grade::Ample,
            pressed: false,
            full: false,
        }
    }

    /// Takes what is seen, and says where the journal stands and what is to be done.
    pub fn step(&mut self, sight: &Sight) -> Standing {
        self.grade = self.judge(sight.autonomy);
        self.pressed = self.is_pressed(sight);
        self.full = self.is_full(sight);
        let rung = match self.grade {
            _ if self.full => Rung::Full,
            _ if self.pressed => Rung::Pressed,
            Grade::Warn | Grade::Critical => Rung::Warn,
            Grade::Ample => Rung::Normal,
        };
        Standing {
            rung,
            grade: self.grade,
            order: self.order(sight),
        }
    }

    /// A grade is left only when the time is a tenth longer than its threshold.
    fn judge(&self, autonomy: Autonomy) -> Grade {
        let time = match autonomy {
            Autonomy::Unknown => return self.grade,
            Autonomy::Endless => return Grade::Ample,
            Autonomy::Lasts(time) => time,
        };
        let below = |threshold: Duration, is_in: bool| {
            time < threshold
                + if is_in {
                    threshold / 10
                } else {
                    Duration::ZERO
                }
        };
        let Thresholds { warn, critical } = self.thresholds;
        if below(critical, self.grade == Grade::Critical) {
            Grade::Critical
        } else if below(warn, self.grade != Grade::Ample) {
            Grade::Warn
        } else {
            Grade::Ample
        }
    }

    fn is_pressed(&self, sight: &Sight) -> bool {
        let Room {
            used, budget, free, ..
        } = sight.room;
        if self.pressed {
            let is_relaxed = used < percent(budget, RELAXED_PERCENT)
                && free >= self.headroom.saturating_mul(3)
                && !sight.refused;
            !is_relaxed
        } else {
            sight.refused || self.short(&sight.room) > 0
        }
    }

    fn is_full(&self, sight: &Sight) -> bool {
        let is_short = sight.room.left() < self.headroom;
        let is_refused = sight.refused && (sight.room.freeable == 0 || self.full);
        is_refused
            || match self.when_full {
                WhenFull::DropOldest => is_short,
                WhenFull::Hold => self.full && is_short,
            }
    }

    fn order(&self, sight: &Sight) -> Order {
        let room = &sight.room;
        let missing = self.headroom.saturating_sub(room.left());
        // What is stored goes first; only if that was not enough is anything given up.
        let is_hopeless = sight.refused && room.freeable == 0;
        if self.when_full == WhenFull::DropOldest && (missing > 0 || is_hopeless) {
            return Order::GiveUp {
                bytes: missing.max(1),
            };
        }
        if sight.refused {
            return Order::Free { bytes: u64::MAX };
        }
        match self.short(room) {
            0 => Order::Keep,
            bytes => Order::Free { bytes },
        }
    }

    /// Bytes to delete until neither the budget nor the disk presses.
    fn short(&self, room: &Room) -> u64 {
        let budget = room
            .used
            .saturating_sub(percent(room.budget, PRESSED_PERCENT));
        let disk = self.headroom.saturating_mul(2).saturating_sub(room.free);
        budget.max(disk)
    }
}

fn percent(bytes: u64, percent: u64) -> u64 {
    bytes / 100 * percent
}

#[cfg(test)]
mod tests;
