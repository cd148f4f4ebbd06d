//! Readings of points reduced to the columns of a chart.

use std::time::Duration;

use gridos_model::Timestamp;

use super::minutes::PointMinute;
use super::order::Cursor;
use super::scan::{Direction, Found, Micros, Place, Sink};

/// The readings of points over a time range, in columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrendQuery {
    /// The points' full names, `device.point`, each once.
    pub points: Vec<String>,
    /// The first instant wanted.
    pub from: Timestamp,
    /// The first instant no longer wanted.
    pub until: Timestamp,
    /// Where one column ends and the next begins.
    pub grid: Grid,
}

impl TrendQuery {
    /// The stored times at which readings may be.
    pub(crate) fn range(&self) -> Micros {
        Micros::of(self.from, self.until)
    }
}

/// Equal columns over a span of time, the same for all points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Microseconds since 1970.
    pub(super) from: i64,
    pub(super) span: i128,
    pub(super) columns: u32,
}

impl Grid {
    /// As many columns as a chart of the range has pixels.
    pub fn pixels(from: Timestamp, until: Timestamp, columns: u32) -> Self {
        let (from, until) = (from.as_micros(), until.as_micros());
        Self {
            from,
            span: (i128::from(until) - i128::from(from)).max(1),
            columns: columns.max(1),
        }
    }

    /// Columns of `step` that begin at whole multiples of it since 1970: at full hours, for an hour.
    /// A step below a microsecond is one.
    pub fn steps(from: Timestamp, until: Timestamp, step: Duration) -> Self {
        let step = i128::try_from(step.as_micros()).unwrap_or(i128::MAX).max(1);
        // No step needs to be longer than all time.
        let step = step.min(i128::from(i64::MAX));
        let (from, until) = (i128::from(from.as_micros()), i128::from(until.as_micros()));
        let begin = from.div_euclid(step) * step;
        let columns = (until - begin + step - 1).div_euclid(step).max(1);
        let columns = u32::try_from(columns).unwrap_or(u32::MAX);
        Self {
            from: i64::try_from(begin).unwrap_or(i64::MIN),
            span: step * i128::from(columns),
            columns,
        }
    }

    /// How many columns it has.
    pub fn columns(&self) -> u32 {
        self.columns
    }

    /// How long a column is.
    pub fn column(&self) -> Duration {
        let nanos = self.span * 1_000 / i128::from(self.columns);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// The first microsecond of a column.
    pub(super) fn begin(&self, column: u32) -> i64 {
        let columns = i128::from(self.columns);
        let offset = (self.span * i128::from(column) + columns - 1).div_euclid(columns);
        i64::try_from(i128::from(self.from) + offset).unwrap_or(i64::MAX)
    }

    /// The column that a microsecond is in; the first or last for what is outside.
    pub(super) fn column_of(&self, time: i64) -> u32 {
        let offset = i128::from(time) - i128::from(self.from);
        let column = (offset * i128::from(self.columns)).div_euclid(self.span);
        let last = i128::from(self.columns - 1);
        u32::try_from(column.clamp(0, last)).unwrap_or(0)
    }
}

/// The readings of a point in one column.
///
/// All but the counts speak of its *usable* values alone: numbers, neither NaN nor infinite, whose
/// quality is not bad. A line through first, min, max and last of each column covers the same pixels
/// as one through all usable values. Columns of half an hour and more are made of minutes: then the
/// first is the last of their first minute, and min and max have the times of their minutes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Column {
    /// When the column begins.
    pub from: Timestamp,
    /// How many readings are in it, usable or not.
    pub count: u64,
    /// How many of them are usable.
    pub good: u64,
    /// What the usable values come to; `None` if there is none.
    pub values: Option<ColumnValues>,
}

/// The usable values of a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ColumnValues {
    /// The oldest.
    pub first: Sample,
    /// The youngest.
    pub last: Sample,
    /// The least; of several the oldest.
    pub min: Sample,
    /// The greatest; of several the oldest.
    pub max: Sample,
    /// Their average, each counting the same.
    pub average: f64,
}

/// A value and its time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// When.
    pub time: Timestamp,
    /// What.
    pub value: f64,
}

/// Reduces readings to columns as they come, in whatever order.
#[derive(Debug)]
pub(crate) struct Reducer {
    grid: Grid,
    /// For each point its columns, as far as they have anything; made when the first comes.
    points: Vec<Vec<Option<Box<Reduced>>>>,
}

#[derive(Default, Clone, Copy, Debug)]
struct Reduced {
    count: u64,
    good: u64,
    sum: Sum,
    extremes: Option<Extremes>,
}

#[derive(Clone, Copy, Debug)]
struct Extremes {
    first: Placed,
    last: Placed,
    min: Placed,
    max: Placed,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    pub(super) at: Cursor,
    pub(super) value: f64,
}

impl Reducer {
    pub(crate) fn new(query: &TrendQuery) -> Self {
        Self {
            grid: query.grid,
            points: vec![Vec::new(); query.points.len()],
        }
    }

    /// Takes a minute of a point that begins at `time`.
    pub(super) fn take_minute(&mut self, point: u32, time: i64, minute: &PointMinute) {
        if let Some(column) = self.column(point, time) {
            column.take_minute(minute);
        }
    }

    /// The column of a point that a microsecond is in.
    fn column(&mut self, point: u32, time: i64) -> Option<&mut Reduced> {
        let columns = self.points.get_mut(point as usize)?;
        if columns.is_empty() {
            columns.resize(self.grid.columns as usize, None);
        }
        let column = columns.get_mut(self.grid.column_of(time) as usize)?;
        Some(column.get_or_insert_default())
    }

    /// For each point the columns that have readings, in order.
    pub(crate) fn columns(self) -> Vec<Vec<Column>> {
        let grid = self.grid;
        let shown = |(column, reduced): (u32, Option<Box<Reduced>>)| {
            reduced.map(|reduced| reduced.shown(grid.begin(column)))
        };
        let columns = self.points.into_iter();
        columns
            .map(|columns| (0..).zip(columns).filter_map(shown).collect())
            .collect()
    }
}

impl Sink for Reducer {
    fn direction(&self) -> Direction {
        Direction::OldestFirst
    }

    fn rows_at_once(&self) -> u16 {
        1_000
    }

    fn take(&mut self, found: &Found) {
        if let Some(column) = self.column(found.point, found.at.time) {
            column.take(found);
        }
    }

    fn rest(&self, _: &Place, range: Micros) -> Micros {
        range
    }

    fn wants(&self, _: &Place, _: i64) -> bool {
        true
    }
}

impl Reduced {
    fn take(&mut self, found: &Found) {
        self.count += 1;
        let usable = found.value.filter(|value| value.is_finite());
        let Some(value) = usable.filter(|_| !found.quality.is_bad()) else {
            return;
        };
        self.good += 1;
        self.sum.add(value, 1);
        let placed = Placed {
            at: found.at,
            value,
        };
        self.extremes(placed).take(placed);
    }

    fn take_minute(&mut self, minute: &PointMinute) {
        self.count += minute.count;
        let Some(values) = minute.values else {
            return;
        };
        self.good += minute.good;
        self.sum.add(values.average, minute.good);
        let extremes = self.extremes(values.last);
        extremes.take_least(values.min);
        extremes.take_greatest(values.max);
        extremes.take_ends(values.last);
    }

    /// The extremes, which are all `placed` if there were none.
    fn extremes(&mut self, placed: Placed) -> &mut Extremes {
        self.extremes.get_or_insert(Extremes {
            first: placed,
            last: placed,
            min: placed,
            max: placed,
        })
    }

    fn shown(&self, from: i64) -> Column {
        let values = |extremes: Extremes| ColumnValues {
            first: extremes.first.sample(),
            last: extremes.last.sample(),
            min: extremes.min.sample(),
            max: extremes.max.sample(),
            average: self.sum.over(self.good),
        };
        Column {
            from: Timestamp::from_micros(from),
            count: self.count,
            good: self.good,
            values: self.extremes.map(values),
        }
    }
}

/// A sum that keeps what rounding takes from it (Neumaier 1974), of numbers made smaller, so that it
/// stays in the range of numbers.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    sum: f64,
    rest: f64,
}

/// 2^-64: with it nothing is rounded but what is next to 0.
const SCALE: f64 = 1.0 / (1_u128 << 64) as f64;

impl Sum {
    /// Adds `count` numbers whose average is `value`.
    fn add(&mut self, value: f64, count: u64) {
        let value = value * SCALE * number(count);
        let sum = self.sum + value;
        self.rest += match self.sum.abs() >= value.abs() {
            true => (self.sum - sum) + value,
            false => (value - sum) + self.sum,
        };
        self.sum = sum;
    }

    /// The average of so many numbers.
    fn over(self, count: u64) -> f64 {
        (self.sum + self.rest) / number(count) / SCALE
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a column has far less than 2^53 readings"
)]
fn number(count: u64) -> f64 {
    count as f64
}

impl Extremes {
    fn take(&mut self, new: Placed) {
        self.take_ends(new);
        self.take_least(new);
        self.take_greatest(new);
    }

    fn take_ends(&mut self, new: Placed) {
        if new.at < self.first.at {
            self.first = new;
        }
        if new.at > self.last.at {
            self.last = new;
        }
    }

    fn take_least(&mut self, new: Placed) {
        let min = self.min;
        if new.value < min.value || (new.value == min.value && new.at < min.at) {
            self.min = new;
        }
    }

    fn take_greatest(&mut self, new: Placed) {
        let max = self.max;
        if new.value > max.value || (new.value == max.value && new.at < max.at) {
            self.max = new;
        }
    }
}

impl Placed {
    fn sample(self) -> Sample {
        Sample {
            time: self.at.time(),
            value: self.value,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn columns_cover_the_range_without_holes(
            from in any::<i64>(), span in 1_i64..10_000_000_000, columns in 1_u32..300,
            offset in 0_i64..10_000_000_000,
        ) {
            let from = from / 2_000;
            let micros = Timestamp::from_micros;
            let grid = Grid::pixels(micros(from), micros(from + span), columns);
            let time = from + offset % span;
            let column = grid.column_of(time);
            prop_assert!(column < columns);
            prop_assert!(grid.begin(column) <= time);
            prop_assert!(column + 1 == columns || time < grid.begin(column + 1));
        }

        #[test]
        fn steps_begin_at_whole_multiples(
            from in -4_000_000_000_i64..4_000_000_000, span in 1_i64..5_000_000_000,
            step in 1_u64..4_000,
        ) {
            let from = Timestamp::from_millis(from);
            let until = Timestamp::from_millis(from.as_millis() + span);
            let grid = Grid::steps(from, until, Duration::from_millis(step));
            let step = i64::try_from(step).unwrap() * 1_000;
            let last = grid.begin(grid.columns() - 1);
            prop_assert_eq!(grid.begin(0).rem_euclid(step), 0);
            prop_assert_eq!(last.rem_euclid(step), 0);
            prop_assert!(grid.begin(0) <= from.as_micros());
            prop_assert!(from.as_micros() < grid.begin(0) + step);
            prop_assert!(last < until.as_micros() && until.as_micros() <= last + step);
            prop_assert_eq!(grid.column(), Duration::from_micros(step.unsigned_abs()));
        }
    }

    #[test]
    fn averages_are_exact_where_they_can_be() {
        let average = |values: &[f64]| {
            let mut sum = Sum::default();
            values.iter().for_each(|value| sum.add(*value, 1));
            sum.over(values.len() as u64)
        };
        let many: Vec<_> = (900..1_800).map(f64::from).collect();
        assert_eq!(average(&many), 1_349.5);
        assert_eq!(average(&[0.1; 10]), 0.1);
        assert_eq!(average(&[f64::MAX; 3]), f64::MAX);
        assert_eq!(average(&[1e100, 1.0, -1e100, 1.0]), 0.5);
    }

    #[test]
    fn all_time_has_a_grid() {
        for grid in [
            Grid::pixels(Timestamp::MIN, Timestamp::MAX, 4_000),
            Grid::pixels(Timestamp::MAX, Timestamp::MIN, 0),
            Grid::steps(Timestamp::MIN, Timestamp::MAX, Duration::ZERO),
            Grid::steps(Timestamp::MIN, Timestamp::MAX, Duration::MAX),
        ] {
            for time in [i64::MIN, 0, i64::MAX] {
                assert!(grid.column_of(time) < grid.columns());
            }
        }
    }
}
