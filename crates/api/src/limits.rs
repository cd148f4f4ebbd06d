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
    /// The same for the same limits, bit by bit.
    fn bits(&self) -> [u64; 9] {
        let Self {
            high_high,
            high,
            low,
            low_low,
            deadband,
        } = *self;
        let mut bits = [0; 9];
        for (at, limit) in [high_high, high, low, low_low].into_iter().enumerate() {
            bits[2 * at] = u64::from(limit.is_some());
            bits[2 * at + 1] = limit.map_or(0, f64::to_bits);
        }
        bits[8] = deadband.to_bits();
        bits
    }

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
///
/// Most points share their limits with those of other devices of their type, so each set of
/// limits is kept once.
#[derive(Debug, Default)]
pub struct LimitsBook {
    /// Ascending by place.
    points: Vec<Entry>,
    sets: Vec<PointLimits>,
    by_id: HashMap<PointId, u32>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    at: PointRef,
    set: u32,
}

impl LimitsBook {
    /// The book of `limits`; points that `directory` does not have are left out.
    pub fn new(
        directory: &Directory,
        limits: impl IntoIterator<Item = (PointIndex, PointLimits)>,
    ) -> Self {
        let mut book = Self::default();
        let mut sets: HashMap<[u64; 9], u32> = HashMap::new();
        for (index, limits) in limits {
            let Some(at) = directory.locate(index) else {
                continue;
            };
            let set = *sets.entry(limits.bits()).or_insert_with(|| {
                book.sets.push(limits);
                last(&book.sets)
            });
            book.points.push(Entry { at, set });
        }
        book.points.sort_by_key(|entry| entry.at.index);
        book.points.shrink_to_fit();
        let ids = book.points.iter().zip(0..).filter_map(|(entry, place)| {
            let layout = directory.device(entry.at.device).whole();
            Some((layout.point_id(entry.at.position as usize)?, place))
        });
        book.by_id = ids.collect();
        book
    }

    /// The limits of the point at `index`, if it has any.
    pub fn get(&self, index: PointIndex) -> Option<&PointLimits> {
        let found = self
            .points
            .binary_search_by_key(&index, |entry| entry.at.index);
        self.limits(self.points.get(found.ok()?)?)
    }

    /// Where the point of that id is and its limits, if it has any.
    pub fn find(&self, id: PointId) -> Option<(PointRef, &PointLimits)> {
        let place = *self.by_id.get(&id)?;
        let entry = self.points.get(place as usize)?;
        Some((entry.at, self.limits(entry)?))
    }

    fn limits(&self, entry: &Entry) -> Option<&PointLimits> {
        self.sets.get(entry.set as usize)
    }

    /// All of them, in the order of their places.
    pub fn iter(&self) -> impl Iterator<Item = (PointRef, &PointLimits)> {
        let limits = |entry: &Entry| Some((entry.at, self.limits(entry)?));
        self.points.iter().filter_map(limits)
    }

    /// How many points have limits.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether no point has any.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }
}

/// The place of the last set; there are as many points as fit in 32 bits, and no more sets.
fn last(sets: &[PointLimits]) -> u32 {
    u32::try_from(sets.len().saturating_sub(1)).unwrap_or(u32::MAX)
}
