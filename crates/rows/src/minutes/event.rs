//! One minute of events of some points of one layout: only those that changed are there.

use gridos_model::{LayoutId, Quality, Timestamp};

use super::row::Column;
use super::{Minute, MinuteRow, SUM_SCALE, is_good, mean};

/// Positions of a layout whose events are added up together, so that their row never gets long, and
/// that of one event does not look for room for all points.
const BLOCK: u32 = 64;

/// The events of a layout in a minute, added up.
#[derive(Debug, Default)]
pub(super) struct EventMinute {
    /// By position.
    blocks: Vec<Block>,
}

/// The events of a block of positions.
#[derive(Debug)]
pub(super) struct Block {
    nth: u32,
    /// Per position, one more than the place in `points`; 0 if it has none.
    places: [u8; BLOCK as usize],
    /// In order of arrival.
    points: Vec<PointMinute>,
    received: Timestamp,
}

/// The events of one point.
#[derive(Clone, Copy, Debug)]
struct PointMinute {
    position: u32,
    count: u32,
    good: u32,
    /// When the last good one was.
    lag: u32,
    min: f64,
    max: f64,
    scaled_sum: f64,
    last: f64,
}

impl EventMinute {
    /// Adds an event that was `lag` microseconds after the minute's beginning; returns whether it is
    /// the first of its point.
    #[inline]
    pub(super) fn add(
        &mut self,
        position: u32,
        lag: u32,
        received: Timestamp,
        (value, quality): (f64, Quality),
    ) -> bool {
        let (nth, offset) = (position / BLOCK, (position % BLOCK) as usize);
        let found = self.blocks.binary_search_by_key(&nth, |block| block.nth);
        let at = found.unwrap_or_else(|at| {
            // Most minutes of long ago have only one.
            self.blocks.reserve_exact(1);
            self.blocks.insert(at, Block::new(nth));
            at
        });
        let block = &mut self.blocks[at];
        block.received = received;
        let is_first = block.places[offset] == 0;
        if is_first {
            if block.points.is_empty() {
                block.points.reserve_exact(1);
            }
            block.points.push(PointMinute::new(position));
            // At most 64.
            block.places[offset] = u8::try_from(block.points.len()).unwrap_or(0);
        }
        let place = usize::from(block.places[offset]);
        if let Some(point) = place.checked_sub(1).and_then(|at| block.points.get_mut(at)) {
            point.add(lag, value, quality);
        }
        is_first
    }

    /// The blocks, each of which is a row.
    pub(super) fn into_blocks(self) -> Vec<Block> {
        self.blocks
    }

    /// Bytes of memory beside its own size.
    pub(super) fn bytes(&self) -> usize {
        let points = self.blocks.iter().map(|block| block.points.capacity());
        self.blocks.capacity() * size_of::<Block>()
            + points.sum::<usize>() * size_of::<PointMinute>()
    }
}

impl Block {
    fn new(nth: u32) -> Self {
        Self {
            nth,
            places: [0; BLOCK as usize],
            points: Vec::new(),
            received: Timestamp::EPOCH,
        }
    }

    /// Which block of its layout it is.
    pub(super) fn nth(&self) -> u32 {
        self.nth
    }

    /// The row of the minute.
    pub(super) fn into_row(mut self, layout: LayoutId, minute: Minute) -> MinuteRow {
        self.points.sort_unstable_by_key(|point| point.position);
        let points = &self.points;
        let numbers = |of: fn(&PointMinute) -> u32| points.iter().map(of).collect::<Vec<_>>();
        let mut values = Vec::with_capacity(4 * points.len());
        values.extend(points.iter().map(|p| p.if_any(p.min)));
        values.extend(points.iter().map(|p| p.if_any(p.max)));
        values.extend(points.iter().map(PointMinute::avg));
        values.extend(points.iter().map(|p| p.last));
        let are_good = points.iter().all(|p| p.good == p.count);
        MinuteRow {
            layout,
            time: minute.start(),
            received: self.received,
            points: numbers(|p| p.position),
            counts: Column::of(numbers(|p| p.count)),
            goods: if are_good {
                Vec::new()
            } else {
                numbers(|p| p.good)
            },
            lags: Column::of(numbers(|p| p.lag)),
            values: values.into_boxed_slice(),
        }
    }
}

impl PointMinute {
    fn new(position: u32) -> Self {
        Self {
            position,
            count: 0,
            good: 0,
            lag: 0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            scaled_sum: 0.0,
            last: f64::NAN,
        }
    }

    fn add(&mut self, lag: u32, value: f64, quality: Quality) {
        self.count = self.count.saturating_add(1);
        if !is_good(value, quality) {
            return;
        }
        self.good = self.good.saturating_add(1);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.scaled_sum += value * SUM_SCALE;
        if self.good == 1 || lag >= self.lag {
            (self.last, self.lag) = (value, lag);
        }
    }

    fn avg(&self) -> f64 {
        match self.good {
            0 => f64::NAN,
            good => mean(self.scaled_sum, good, self.min, self.max),
        }
    }

    fn if_any(&self, value: f64) -> f64 {
        if self.good == 0 { f64::NAN } else { value }
    }
}
