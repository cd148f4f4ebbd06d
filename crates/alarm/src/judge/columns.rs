//! What is remembered of all points.

use std::time::Duration;

use gridos_model::Quality;

use super::quad::{LANES, Quad};
use crate::band::Band;

/// What keeps a value from driving an alarm: it is no measurement, or a younger one came before.
pub(super) const IGNORED: Quality = Quality::BAD.union(Quality::LATE);

/// Of each point the values that change nothing, the last good value, and when that came.
#[derive(Debug)]
pub(super) struct Columns {
    /// Beyond the last point nothing is inside.
    quads: Vec<Quad>,
    points: usize,
    /// Nanoseconds of the monotonic clock; no column if no alarm asks for it.
    seen: Vec<u64>,
}

impl Columns {
    /// Columns of `points` points of which no value changes anything.
    pub(super) fn new(points: usize, is_seen_kept: bool) -> Self {
        let mut columns = Self {
            quads: Vec::new(),
            points: 0,
            seen: Vec::new(),
        };
        columns.grow(points, is_seen_kept, 0);
        columns
    }

    /// Adds points, up to `points` in all, of which none was read at `mono`; if it is asked for now
    /// when readings came, none came before that.
    pub(super) fn grow(&mut self, points: usize, is_seen_kept: bool, mono: u64) {
        let added = self.points..points.max(self.points);
        self.points = added.end;
        self.quads.resize(self.points.div_ceil(LANES), Quad::NEW);
        added.for_each(|point| self.set_band(point, Band::ALL));
        if is_seen_kept || !self.seen.is_empty() {
            self.seen.resize(self.points, mono);
        }
    }

    /// Whether there is such a point.
    pub(super) fn have(&self, point: usize) -> bool {
        point < self.points
    }

    /// Those of the values of the points from `first` whose points there are.
    pub(super) fn known_of<'a>(&self, first: usize, values: &'a [f64]) -> &'a [f64] {
        &values[..values.len().min(self.points.saturating_sub(first))]
    }

    /// The last good value of a point; NaN if none came yet.
    pub(super) fn value(&self, point: usize) -> f64 {
        let quad = self.quads.get(point / LANES);
        quad.map_or(f64::NAN, |quad| quad.value(point % LANES))
    }

    /// When it came, since the engine's start; zero if none did.
    pub(super) fn seen(&self, point: usize) -> Duration {
        Duration::from_nanos(self.seen.get(point).copied().unwrap_or(0))
    }

    /// Gives a point the values that change nothing.
    pub(super) fn set_band(&mut self, point: usize, band: Band) {
        if self.have(point) {
            self.quads[point / LANES].set_band(point % LANES, band);
        }
    }

    /// Takes the good value of one point, whose band has to be set anew.
    pub(super) fn take(&mut self, point: usize, value: f64, mono: u64) {
        if self.have(point) {
            self.quads[point / LANES].take(point % LANES, value);
        }
        if let Some(seen) = self.seen.get_mut(point) {
            *seen = mono;
        }
    }

    /// Takes the good values of the points from `first`, up to one that may change something;
    /// returns how many.
    #[inline]
    pub(super) fn take_run(&mut self, first: usize, values: &[f64], mono: u64) -> usize {
        let quads = self.quads.get_mut(first / LANES..).unwrap_or_default();
        let taken = take_neighbours(quads, first % LANES, values);
        if let Some(seen) = self.seen.get_mut(first..first + taken) {
            seen.fill(mono);
        }
        taken
    }

    /// Takes the good values of the points at `first` and their positions, in their order, up to one
    /// that may change something or is of no point; returns how many.
    #[inline]
    pub(super) fn take_each(
        &mut self,
        first: usize,
        positions: &[u32],
        values: &[f64],
        mono: u64,
    ) -> usize {
        let place = |position: &u32| first + *position as usize;
        let events = positions.iter().map(place).zip(values);
        let taken = events.take_while(|(place, value)| {
            let quad = self.quads.get_mut(place / LANES);
            quad.is_some_and(|quad| quad.try_take(place % LANES, **value))
        });
        let taken = taken.count();
        if !self.seen.is_empty() {
            for place in positions.iter().take(taken).map(place) {
                self.seen[place] = mono;
            }
        }
        taken
    }
}

/// Takes values from that lane of the first quad on, up to one that may change something; returns
/// how many.
#[inline]
fn take_neighbours(quads: &mut [Quad], first: usize, values: &[f64]) -> usize {
    let mut taken = 0;
    loop {
        let (place, rest) = (first + taken, &values[taken..]);
        let quads = quads.get_mut(place / LANES..).unwrap_or_default();
        if place.is_multiple_of(LANES) {
            let fours = quads.iter_mut().zip(rest.as_chunks::<LANES>().0);
            let inside = fours.map_while(|(quad, values)| quad.try_take_all(values).then_some(()));
            let count = inside.count() * LANES;
            if count > 0 {
                taken += count;
                continue;
            }
        }
        // One by one: at both ends, and where not all four are inside.
        let next = quads.first_mut().zip(rest.first());
        if !next.is_some_and(|(quad, value)| quad.try_take(place % LANES, *value)) {
            return taken;
        }
        taken += 1;
    }
}

/// Nanoseconds since the engine's start.
pub(super) fn nanos(mono: Duration) -> u64 {
    u64::try_from(mono.as_nanos()).unwrap_or(u64::MAX)
}

/// Where, from `start` to `end`, the first reading is that is not usable; an empty column means that
/// all are.
#[inline]
pub(super) fn usable_until(qualities: &[Quality], start: usize, end: usize) -> usize {
    let rest = qualities.get(start..end).unwrap_or_default();
    let is_ignored = |quality: &Quality| quality.intersects(IGNORED);
    let ignored = rest.iter().position(is_ignored);
    ignored.map_or(end, |offset| start + offset)
}
