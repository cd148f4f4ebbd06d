//! Columns from minutes: a year of readings is half a million of them for each point.
//!
//! Where a column is many minutes long, it is made of the rows of the table `minute` instead of
//! readings: counts, min, max, average and last are what the readings give, once the minutes are
//! closed; the first is the last of the column's first minute, and times of min and max are those
//! of their minutes. What minutes do not tell, the ends of the range, the last moments, and where
//! nobody rolled them up, is still read as it is.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::order::{Cursor, Shape};
use super::scan::{Micros, Place};
use super::trend::{Grid, Placed, Reducer};

const MINUTE: i64 = 60_000_000;
/// A column that is made of minutes has at least so many: less than a pixel's thirtieth is blurred.
const MINUTES_MIN: i128 = 30;
/// Minutes at the end of those that are there, which may be open still.
const OPEN_MINUTES: i64 = 2;

/// Spans without rows that are looked into, the longest ones: a point that seldom changes has many.
const HOLES_MAX: usize = 256;

/// A row of the table `minute`; a column that is not there is empty.
#[derive(Debug, Default)]
pub(crate) struct MinuteRow {
    pub(crate) begin: i64,
    pub(crate) received: i64,
    pub(crate) count: Option<i64>,
    pub(crate) lag: Option<i64>,
    /// The points' positions; `None`: all, in order.
    pub(crate) points: Option<Vec<u32>>,
    pub(crate) counts: Vec<Option<i64>>,
    pub(crate) goods: Vec<Option<i64>>,
    pub(crate) lags: Vec<Option<i64>>,
    pub(crate) min: Vec<Option<f64>>,
    pub(crate) max: Vec<Option<f64>>,
    pub(crate) average: Vec<Option<f64>>,
    pub(crate) last: Vec<Option<f64>>,
}

/// What a point did in a minute, or in a part of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct PointMinute {
    pub(super) count: u64,
    pub(super) good: u64,
    /// What the good ones come to.
    pub(super) values: Option<MinuteValues>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct MinuteValues {
    pub(super) min: Placed,
    pub(super) max: Placed,
    pub(super) last: Placed,
    pub(super) average: f64,
}

impl MinuteRow {
    /// The minute of the point at `position`, if it is in the row.
    fn point(&self, layout: i64, position: u32) -> Option<PointMinute> {
        let nth = match &self.points {
            None => position as usize,
            Some(points) => points.iter().position(|own| *own == position)?,
        };
        let whole = |column: &[Option<i64>]| column.get(nth).copied().flatten();
        let count = self.count.or(whole(&self.counts))?;
        let good = whole(&self.goods).unwrap_or(count);
        let last = self.last.get(nth).copied().flatten();
        let lag = self.lag.or(whole(&self.lags)).unwrap_or_default();
        let values = last.map(|last| {
            let number = |column: &[Option<f64>]| column.get(nth).copied().flatten();
            let at = |lag| Cursor {
                time: self.begin.saturating_add(lag),
                received: self.received,
                layout,
                shape: Shape::Sweep,
                table: 0,
                row: 0,
                ordinal: 0,
            };
            let placed = |lag, value| Placed { at: at(lag), value };
            MinuteValues {
                min: placed(0, number(&self.min).unwrap_or(last)),
                max: placed(0, number(&self.max).unwrap_or(last)),
                last: placed(lag, last),
                average: number(&self.average).unwrap_or(last),
            }
        });
        Some(PointMinute {
            count: u64::try_from(count).unwrap_or(0),
            good: u64::try_from(good).unwrap_or(0),
            values: values.filter(|_| good > 0),
        })
    }
}

/// The minutes of a layout, on their way into a reducer, the oldest first.
#[derive(Debug)]
pub(crate) struct Minutes {
    /// From the first minute to the end of the last.
    pub(crate) span: Micros,
    /// Where the row before ended.
    told: i64,
    /// Length and beginning of spans without rows, the shortest on top.
    holes: BinaryHeap<Reverse<(i64, i64)>>,
}

impl Minutes {
    /// Whether columns are long enough for minutes, and what part of the range these can tell.
    pub(crate) fn of(grid: Grid, range: Micros) -> Option<Self> {
        if grid.span < MINUTES_MIN * i128::from(MINUTE) * i128::from(grid.columns) {
            return None;
        }
        let span = Micros {
            from: ceiling(range.from),
            until: range.until.div_euclid(MINUTE).saturating_mul(MINUTE),
        };
        (!span.is_empty()).then(|| Self {
            span,
            told: span.from,
            holes: BinaryHeap::new(),
        })
    }

    /// The same with nothing of the open minutes, if `last` is when the last one begins that is
    /// there; `None` if nothing is left.
    pub(crate) fn closed(mut self, last: Option<i64>) -> Option<Self> {
        let end = last?.saturating_sub(OPEN_MINUTES * MINUTE);
        self.span.until = self.span.until.min(end);
        (!self.span.is_empty()).then_some(self)
    }

    /// Gives the next row to `reducer`.
    pub(crate) fn take(&mut self, place: &Place, row: &MinuteRow, reducer: &mut Reducer) {
        self.tell(row.begin, row.begin.saturating_add(MINUTE));
        for pick in &place.picks {
            if let Some(minute) = row.point(place.layout, pick.position) {
                reducer.take_minute(pick.point, row.begin, &minute);
            }
        }
    }

    /// The parts of `range` that must be read as they are: before and behind the minutes, and spans
    /// without a row, where perhaps nobody rolled them up.
    pub(crate) fn rest(mut self, range: Micros) -> Vec<Micros> {
        let Micros { from, until } = self.span;
        self.tell(until, until);
        let hole = |Reverse((length, from))| Micros {
            from,
            until: from + length,
        };
        let mut rest: Vec<_> = self.holes.into_iter().map(hole).collect();
        rest.push(range.up_to(from.saturating_sub(1)));
        rest.push(range.since(until));
        rest.retain(|part| !part.is_empty());
        rest
    }

    /// There is a row from `begin` to `end`, and none before it that was not told.
    fn tell(&mut self, begin: i64, end: i64) {
        if begin > self.told {
            self.holes.push(Reverse((begin - self.told, self.told)));
            if self.holes.len() > HOLES_MAX {
                self.holes.pop();
            }
        }
        self.told = self.told.max(end);
    }
}

/// The beginning of the first whole minute from `time` on.
fn ceiling(time: i64) -> i64 {
    let whole = time.div_euclid(MINUTE).saturating_mul(MINUTE);
    if whole == time {
        time
    } else {
        whole.saturating_add(MINUTE)
    }
}

#[cfg(test)]
mod tests {
    use gridos_model::Timestamp;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Each minute of the range is told once: by a row, or as it is.
        #[test]
        fn what_minutes_do_not_tell_is_read(
            from in 0_i64..600, seconds in 3_600_i64..90_000, columns in 1_u32..12,
            rows in prop::collection::btree_set(0_i64..1_600, 0..40), last in 0_i64..1_600,
        ) {
            let second = 1_000_000;
            let range = Micros { from: from * second, until: (from + seconds) * second };
            let micros = Timestamp::from_micros;
            let grid = Grid::pixels(micros(range.from), micros(range.until), columns);
            let minutes = Minutes::of(grid, range).and_then(|all| all.closed(Some(last * MINUTE)));
            let Some(mut minutes) = minutes else { return Ok(()) };
            let place = Place { layout: 1, picks: Vec::new() };
            let query = crate::TrendQuery {
                points: Vec::new(),
                from: micros(range.from),
                until: micros(range.until),
                grid,
            };
            let mut reducer = Reducer::new(&query);
            let span = minutes.span;
            let told: Vec<i64> =
                rows.iter().map(|n| n * MINUTE).filter(|begin| span.contains(*begin)).collect();
            for begin in &told {
                let row = MinuteRow { begin: *begin, ..MinuteRow::default() };
                minutes.take(&place, &row, &mut reducer);
            }
            let rest = minutes.rest(range);
            let ways = |time: i64| rest.iter().filter(|part| part.contains(time)).count();
            for second in (from..from + seconds).step_by(7) {
                let time = second * 1_000_000;
                let is_told = told.contains(&(time.div_euclid(MINUTE) * MINUTE));
                let is_covered = span.contains(time) && is_told;
                prop_assert_eq!(ways(time), usize::from(!is_covered), "{}", second);
            }
        }
    }
}
