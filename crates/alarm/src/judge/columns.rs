//! What is remembered of all points, in columns.

use std::time::Duration;

use gridos_model::Quality;

/// What keeps a value from driving an alarm: it is no measurement, or a younger one came before.
pub(super) const IGNORED: Quality = Quality::BAD.union(Quality::LATE);

/// The last good value of each point, and when it came.
#[derive(Debug)]
pub(super) struct Columns {
    values: Vec<f64>,
    /// Nanoseconds of the monotonic clock; no column if no alarm asks for it.
    seen: Vec<u64>,
}

impl Columns {
    /// Columns of `points` points.
    pub(super) fn new(points: usize, is_seen_kept: bool) -> Self {
        Self {
            values: vec![f64::NAN; points],
            seen: if is_seen_kept {
                vec![0; points]
            } else {
                Vec::new()
            },
        }
    }

    /// Adds points, up to `points` in all, of which none was read at `mono`; if it is asked for now
    /// when readings came, none came before that.
    pub(super) fn grow(&mut self, points: usize, is_seen_kept: bool, mono: u64) {
        let points = points.max(self.values.len());
        self.values.resize(points, f64::NAN);
        if is_seen_kept || !self.seen.is_empty() {
            self.seen.resize(points, mono);
        }
    }

    /// The last good value of a point; NaN if none came yet.
    pub(super) fn value(&self, point: usize) -> f64 {
        self.values.get(point).copied().unwrap_or(f64::NAN)
    }

    /// When it came, since the engine's start; zero if none did.
    pub(super) fn seen(&self, point: usize) -> Duration {
        Duration::from_nanos(self.seen.get(point).copied().unwrap_or(0))
    }

    /// Takes the good value of one point.
    #[inline]
    pub(super) fn take(&mut self, point: usize, value: f64, mono: u64) {
        if let Some(last) = self.values.get_mut(point) {
            *last = value;
        }
        if let Some(seen) = self.seen.get_mut(point) {
            *seen = mono;
        }
    }

    /// Takes the good values of the points from `first`.
    #[inline]
    pub(super) fn take_all(&mut self, first: usize, values: &[f64], mono: u64) {
        let len = values.len().min(self.values.len().saturating_sub(first));
        if let Some(last) = self.values.get_mut(first..first + len) {
            last.copy_from_slice(&values[..len]);
        }
        if let Some(seen) = self.seen.get_mut(first..first + len) {
            seen.fill(mono);
        }
    }

    /// Takes the good values of points, in their order, which stand at `first` and their positions.
    #[inline]
    pub(super) fn take_each(&mut self, first: usize, positions: &[u32], values: &[f64], mono: u64) {
        let places = || positions.iter().map(|at| first + *at as usize);
        for (place, value) in places().zip(values) {
            if let Some(last) = self.values.get_mut(place) {
                *last = *value;
            }
        }
        if self.seen.is_empty() {
            return;
        }
        for place in places() {
            if let Some(seen) = self.seen.get_mut(place) {
                *seen = mono;
            }
        }
    }

    /// Takes those values of the points from `first` whose bit in `chosen` is set.
    pub(super) fn take_some(&mut self, first: usize, values: &[f64], chosen: u64, mono: u64) {
        for (lane, value) in values.iter().enumerate() {
            if chosen >> lane & 1 == 1 {
                self.take(first + lane, *value, mono);
            }
        }
    }
}

/// Nanoseconds since the engine's start.
pub(super) fn nanos(mono: Duration) -> u64 {
    u64::try_from(mono.as_nanos()).unwrap_or(u64::MAX)
}

/// One bit, lowest first, for each of up to 64 qualities that keeps its value from being used.
pub(super) fn ignored(qualities: &[Quality]) -> u64 {
    let lanes = qualities.iter().enumerate();
    lanes.fold(0, |bits, (lane, quality)| {
        bits | (u64::from(quality.intersects(IGNORED)) << lane)
    })
}
