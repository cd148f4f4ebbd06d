//! The limits of points, as they are shown; the evaluator has its own.

use std::collections::HashMap;

use gridos_model::{Directory, Level, PointId, PointIndex, PointRef};

/// The limits of one point, in the point's unit; what is `None` does not exist.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PointLimits {
    /// At or above: high-high.
    pub high_high: Option<f64>,
    /// At or above: high.
    pub high: Option<f64>,
    /// At or below: low.
    pub low: Option<f64>,
    /// At or below: low-low.
    pub low_low: Option<f64>,
    /// How far the value must come back before the level is left.
    pub deadband: f64,
}

impl PointLimits {
    /// The limit that `level` is about; `None` for normal.
    pub fn of(&self, level: Level) -> Option<f64> {
        match level {
            Level::Normal => None,
            Level::High => self.high,
            Level::HighHigh => self.high_high,
            Level::Low => self.low,
            Level::LowLow => self.low_low,
        }
    }
}

/// Every point that has limits, by its place and by its id.
#[derive(Debug, Default)]
pub struct LimitsBook {
    points: Vec<(PointRef, PointLimits)>,
    by_index: HashMap<PointIndex, usize>,
    by_id: HashMap<PointId, usize>,
}

impl LimitsBook {
    /// The book of `limits`; points that `directory` does not have are left out.
    pub fn new(
        directory: &Directory,
        limits: impl IntoIterator<Item = (PointIndex, PointLimits)>,
    ) -> Self {
        let mut book = Self::default();
        for (index, limits) in limits {
            let Some(at) = directory.locate(index) else {
                continue;
            };
            let layout = directory.device(at.device).whole();
            let Some(id) = layout.point_id(at.position as usize) else {
                continue;
            };
            book.by_index.insert(index, book.points.len());
            book.by_id.insert(id, book.points.len());
            book.points.push((at, limits));
        }
        book
    }

    /// The limits of the point at `index`, if it has any.
    pub fn get(&self, index: PointIndex) -> Option<&PointLimits> {
        let place = *self.by_index.get(&index)?;
        self.points.get(place).map(|(_, limits)| limits)
    }

    /// Where the point of that id is and its limits, if it has any.
    pub fn find(&self, id: PointId) -> Option<(PointRef, &PointLimits)> {
        let place = *self.by_id.get(&id)?;
        self.points.get(place).map(|(at, limits)| (*at, limits))
    }

    /// All of them, in the order they were given.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (PointRef, &PointLimits)> {
        self.points.iter().map(|(at, limits)| (*at, limits))
    }
}
