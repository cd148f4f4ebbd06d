//! A row of the table `minute`.

use gridos_model::{LayoutId, Timestamp};

/// What points of one layout did in one minute, or a part of it.
///
/// What is alike for all points is told once, and what can be told from another column not at all.
#[derive(Clone, Debug, PartialEq)]
pub struct MinuteRow {
    /// The layout that the columns follow.
    pub layout: LayoutId,
    /// When the minute begins.
    pub time: Timestamp,
    /// When the engine had the last byte of the reading that came last.
    pub received: Timestamp,
    /// The positions of the points in the layout, ascending; empty: all points in order.
    pub points: Vec<u32>,
    /// How many readings each point has.
    pub counts: Column,
    /// How many good readings each point has; empty: all are good.
    pub goods: Vec<u32>,
    /// Microseconds from the beginning of the minute to the last good reading of each point.
    pub lags: Column,
    /// Minima, maxima, means and last values, one after the other; NaN without a good reading.
    pub(super) values: Box<[f64]>,
}

/// Numbers of the points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// All points have the same.
    Same(u32),
    /// One number for each point.
    Each(Vec<u32>),
}

impl Column {
    /// The shorter way to tell `numbers`.
    pub(super) fn of(numbers: Vec<u32>) -> Self {
        match numbers.first() {
            Some(first) if numbers.iter().all(|number| number == first) => Self::Same(*first),
            _ => Self::Each(numbers),
        }
    }
}

impl MinuteRow {
    /// The minimum of each point; `None` if all are their last values.
    pub fn min(&self) -> Option<&[f64]> {
        self.unless_last(0)
    }

    /// The maximum of each point; `None` if all are their last values.
    pub fn max(&self) -> Option<&[f64]> {
        self.unless_last(1)
    }

    /// The mean of each point; `None` if all are their last values.
    pub fn avg(&self) -> Option<&[f64]> {
        self.unless_last(2)
    }

    /// The last value of each point.
    pub fn last(&self) -> &[f64] {
        self.column(3)
    }

    fn column(&self, nth: usize) -> &[f64] {
        let points = self.values.len() / 4;
        &self.values[nth * points..(nth + 1) * points]
    }

    fn unless_last(&self, nth: usize) -> Option<&[f64]> {
        let column = self.column(nth);
        let pairs = column.iter().zip(self.last());
        let is_last = pairs.into_iter().all(|(a, b)| a.to_bits() == b.to_bits());
        (!is_last).then_some(column)
    }
}
