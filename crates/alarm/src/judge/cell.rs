//! Cells: one truth each, with its delays.

use std::collections::VecDeque;
use std::time::Duration;

use gridos_model::Level;

use super::at::At;
use crate::{Condition, CountRule, Definition, Limits};

/// How long a truth must persist before it counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delays {
    on: Duration,
    off: Duration,
    count: Option<CountRule>,
}

impl Delays {
    pub(super) fn of(definition: &Definition) -> Self {
        let Definition {
            on_delay,
            off_delay,
            count,
            ..
        } = *definition;
        // A change lasts no time: only counting can hold it back.
        let is_impulse = matches!(&definition.condition, Condition::State(s) if s.on_change_only);
        Self {
            on: match is_impulse && count.is_none() {
                true => Duration::ZERO,
                false => on_delay,
            },
            off: off_delay,
            count,
        }
    }

    /// Whether every truth counts at once.
    pub(super) fn are_none(&self) -> bool {
        self.on.is_zero() && self.off.is_zero() && self.count.is_none()
    }
}

/// A truth and what counts of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Cell {
    /// What the last reading said.
    is_true: bool,
    /// What counts, after the delays.
    is_active: bool,
    /// Since when it is true, or is not any more, if that does not count yet.
    since: Option<At>,
    /// When it became true the last times, as many as are counted.
    comings: VecDeque<At>,
}

impl Cell {
    fn set(&mut self, is_true: bool, at: At, delays: &Delays) {
        if is_true == self.is_true {
            return;
        }
        self.is_true = is_true;
        self.since = Some(at);
        if let Some(rule) = delays.count.filter(|_| is_true) {
            self.count(at, rule);
        }
        if self.is_active == is_true {
            self.since = None;
        }
    }

    /// Counts a coming; enough of them within the time count at once.
    fn count(&mut self, at: At, rule: CountRule) {
        self.comings.push_back(at);
        while self.comings.len() > rule.times as usize {
            self.comings.pop_front();
        }
        if held_until(&self.comings, rule).is_some_and(|until| !at.passes(&until)) {
            self.is_active = true;
        }
    }

    /// When the truth counts, if it does not yet and nothing else comes.
    fn due(&self, delays: &Delays) -> Option<At> {
        let since = self.since?;
        if self.is_true {
            return Some(since.after(delays.on));
        }
        let off = since.after(delays.off);
        let held = delays
            .count
            .and_then(|rule| held_until(&self.comings, rule));
        Some(held.map_or(off, |held| off.later(held)))
    }

    /// Begins as another stands, of which it is true whenever that is.
    fn begin_as(&mut self, other: &Self) {
        if self.is_true || !other.is_true {
            return;
        }
        self.is_true = true;
        self.is_active |= other.is_active;
        self.since = other.since.filter(|_| !self.is_active);
        self.comings.clone_from(&other.comings);
    }

    fn switch(&mut self) {
        self.is_active = self.is_true;
        self.since = None;
    }
}

/// How long the last comings are enough, if there were so many.
pub(super) fn held_until(comings: &VecDeque<At>, rule: CountRule) -> Option<At> {
    let first = comings.len().checked_sub(rule.times as usize)?;
    Some(comings.get(first)?.after(rule.within))
}

/// Where the cells of a ladder stand.
const HIGH_HIGH: usize = 0;
const HIGH: usize = 1;
const LOW: usize = 2;
const LOW_LOW: usize = 3;

/// The cells of one alarm: one for each limit, or one alone, which is the first.
///
/// At most one side counts: a high limit that counts ends what is held of the low ones, and the
/// other way round.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Cells {
    cells: [Cell; 4],
    is_ladder: bool,
}

/// What a cell will do if nothing else comes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    pub(super) at: At,
    cell: usize,
    /// Whether it begins to count, and not ends.
    is_on: bool,
}

impl Due {
    /// Whether it comes before a reading at `at`. At the same instant an alarm begins, but does not
    /// end: the reading may hold it.
    pub(super) fn is_before(&self, at: &At) -> bool {
        match self.is_on {
            true => at.reaches(&self.at),
            false => at.passes(&self.at),
        }
    }
}

impl Cells {
    /// The cells of an alarm that is at `level` with nothing pending.
    pub(super) fn of(level: Level, condition: &Condition) -> Self {
        let mut cells = Self::default();
        let Some(limits) = condition.limits() else {
            cells.hold(HIGH_HIGH, level != Level::Normal);
            return cells;
        };
        cells.is_ladder = true;
        let has = |level| limits.limit(level).is_some();
        match level {
            Level::HighHigh => {
                cells.hold(HIGH_HIGH, true);
                cells.hold(HIGH, has(Level::High));
            }
            Level::High => cells.hold(HIGH, true),
            Level::Low => cells.hold(LOW, true),
            Level::LowLow => {
                cells.hold(LOW_LOW, true);
                cells.hold(LOW, has(Level::Low));
            }
            Level::Normal | Level::Abnormal => {}
        }
        cells
    }

    fn hold(&mut self, cell: usize, is_held: bool) {
        self.cells[cell].is_true = is_held;
        self.cells[cell].is_active = is_held;
    }

    /// An alarm that counts although it is over, and ends `off` later than `at`.
    pub(super) fn ending(at: At) -> Self {
        let mut cells = Self::default();
        cells.cells[0].is_active = true;
        cells.cells[0].since = Some(at);
        cells
    }

    /// Nothing is true or counts any more.
    pub(super) fn end(&mut self) {
        self.cells = Default::default();
    }

    /// The worst level that counts.
    pub(super) fn level(&self) -> Level {
        let counts = |cell: usize| self.cells[cell].is_active;
        match self.is_ladder {
            false if counts(0) => Level::Abnormal,
            false => Level::Normal,
            true if counts(HIGH_HIGH) => Level::HighHigh,
            true if counts(LOW_LOW) => Level::LowLow,
            true if counts(HIGH) => Level::High,
            true if counts(LOW) => Level::Low,
            true => Level::Normal,
        }
    }

    /// What each cell's last reading said: high-high, high, low and low-low, or the one alone first.
    pub(super) fn truths(&self) -> [bool; 4] {
        self.cells.each_ref().map(|cell| cell.is_true)
    }

    /// Goes on by other limits. One that was not there begins as the one beyond it stands: who was
    /// beyond that was beyond it, for as long.
    pub(super) fn redefine(&mut self, was: &Limits, is: &Limits) {
        for (inner, outer, level) in [(HIGH, HIGH_HIGH, Level::High), (LOW, LOW_LOW, Level::Low)] {
            if was.limit(level).is_none() && is.limit(level).is_some() {
                let outer = self.cells[outer].clone();
                self.cells[inner].begin_as(&outer);
            }
        }
    }

    /// Takes in what a reading at `at` says.
    pub(super) fn set(&mut self, truths: [bool; 4], at: At, delays: &Delays) {
        let counted = self.cells.each_ref().map(|cell| cell.is_active);
        for (cell, is_true) in self.cells.iter_mut().zip(truths) {
            cell.set(is_true, at, delays);
        }
        for (place, counted) in counted.into_iter().enumerate() {
            if self.cells[place].is_active && !counted {
                self.end_other_side(place);
            }
        }
    }

    /// What comes if nothing else does.
    pub(super) fn dues(&self, delays: &Delays) -> impl Iterator<Item = Due> {
        self.cells.iter().enumerate().filter_map(|(cell, found)| {
            let at = found.due(delays)?;
            Some(Due {
                at,
                cell,
                is_on: found.is_true,
            })
        })
    }

    /// One of those, if there is any.
    pub(super) fn any_due(&self, delays: &Delays, is_wanted: impl Fn(&Due) -> bool) -> Option<Due> {
        self.dues(delays).find(is_wanted)
    }

    /// When, by the monotonic clock, something counts at the latest.
    pub(super) fn deadline(&self, delays: &Delays) -> Option<Duration> {
        self.dues(delays).map(|due| due.at.mono).min()
    }

    /// Does what is due.
    pub(super) fn switch(&mut self, due: Due) {
        self.cells[due.cell].switch();
        if due.is_on {
            self.end_other_side(due.cell);
        }
    }

    fn end_other_side(&mut self, cell: usize) {
        if !self.is_ladder {
            return;
        }
        let others = if cell <= HIGH {
            [LOW, LOW_LOW]
        } else {
            [HIGH_HIGH, HIGH]
        };
        for other in others {
            if !self.cells[other].is_true {
                self.cells[other].switch();
            }
        }
    }
}
