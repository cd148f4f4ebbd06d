//! One minute of sweeps of one layout: all points are there each time.

use gridos_model::{LayoutId, Quality, Sweep, Timestamp, are_finite};

use super::row::Column;
use super::{Minute, MinuteRow, SUM_SCALE, is_good, mean};

/// The sweeps of a layout in a minute, added up.
#[derive(Debug)]
pub(super) struct SweepMinute {
    values: Values,
    sweeps: u32,
    /// When the last good value of each point was true, as long as that is one time for all.
    lag: u32,
    doubts: Option<Box<Doubts>>,
    received: Timestamp,
}

/// The good readings of the points.
#[derive(Debug)]
enum Values {
    /// Every sweep was this one: states, and what is read once a minute.
    Steady(Box<[f64]>),
    /// Minima, maxima, scaled sums and last values, one after the other.
    Varied(Box<[f64]>),
}

/// What is told point by point once something is not good, or comes late.
#[derive(Debug, Default)]
struct Doubts {
    /// When the last good value of each point was true; empty while that is one time for all.
    lags: Box<[u32]>,
    /// Readings that are not good; empty if there are none.
    bad: Box<[u32]>,
}

impl SweepMinute {
    /// A minute that begins with a sweep whose time is `lag` microseconds after its beginning.
    pub(super) fn new(sweep: &Sweep<'_>, lag: u32) -> Self {
        let is_steady = are_good(sweep);
        let mut open = Self {
            values: match is_steady {
                true => Values::Steady(sweep.values.into()),
                false => Values::none(sweep.values.len()),
            },
            sweeps: 1,
            lag: if is_steady { lag } else { 0 },
            doubts: None,
            received: sweep.received,
        };
        if !is_steady {
            open.add_mixed(sweep, lag);
        }
        open
    }

    /// Adds a sweep whose time is `lag` microseconds after the minute's beginning.
    pub(super) fn add(&mut self, sweep: &Sweep<'_>, lag: u32) {
        if sweep.values.len() != self.values.points() {
            return;
        }
        let is_latest = lag >= self.latest();
        if is_latest && are_good(sweep) {
            if !self.values.are(sweep.values) {
                self.values.vary(self.sweeps);
                self.values.add(sweep.values);
            }
            self.lag = lag;
            if let Some(doubts) = &mut self.doubts {
                doubts.lags = Box::default();
            }
        } else {
            self.values.vary(self.sweeps);
            self.add_mixed(sweep, lag);
        }
        self.sweeps = self.sweeps.saturating_add(1);
        self.received = sweep.received;
    }

    /// When the last good value of any point was true.
    fn latest(&self) -> u32 {
        let lags = self.doubts.iter().flat_map(|doubts| doubts.lags.iter());
        lags.max().copied().unwrap_or(self.lag)
    }

    /// Adds a sweep point by point to values that are varied.
    fn add_mixed(&mut self, sweep: &Sweep<'_>, lag: u32) {
        let Values::Varied(values) = &mut self.values else {
            return;
        };
        let points = sweep.values.len();
        let Doubts { lags, bad } = &mut **self.doubts.get_or_insert_default();
        if lags.is_empty() {
            *lags = vec![self.lag; points].into_boxed_slice();
        }
        let (min, rest) = values.split_at_mut(points);
        let (max, rest) = rest.split_at_mut(points);
        let (sum, last) = rest.split_at_mut(points);
        for (nth, &value) in sweep.values.iter().enumerate() {
            let quality = sweep.qualities.get(nth).copied();
            if !is_good(value, quality.unwrap_or(Quality::GOOD)) {
                if bad.is_empty() {
                    *bad = vec![0; points].into_boxed_slice();
                }
                bad[nth] = bad[nth].saturating_add(1);
                continue;
            }
            min[nth] = min[nth].min(value);
            max[nth] = max[nth].max(value);
            sum[nth] += value * SUM_SCALE;
            if lag >= lags[nth] || last[nth].is_nan() {
                (last[nth], lags[nth]) = (value, lag);
            }
        }
    }

    /// The row of the minute.
    pub(super) fn into_row(self, layout: LayoutId, minute: Minute) -> MinuteRow {
        let Doubts { lags, bad } = *self.doubts.unwrap_or_default();
        let goods = bad.iter().map(|bad| self.sweeps.saturating_sub(*bad));
        MinuteRow {
            layout,
            time: minute.start(),
            received: self.received,
            points: Vec::new(),
            counts: Column::Same(self.sweeps),
            goods: goods.collect(),
            lags: match lags.is_empty() {
                true => Column::Same(self.lag),
                false => Column::of(lags.into_vec()),
            },
            values: self.values.into_columns(self.sweeps, &bad),
        }
    }

    /// Bytes of memory beside its own size.
    pub(super) fn bytes(&self) -> usize {
        let (Values::Steady(values) | Values::Varied(values)) = &self.values;
        let doubts = self.doubts.as_ref().map_or(0, |doubts| {
            size_of::<Doubts>() + 4 * (doubts.lags.len() + doubts.bad.len())
        });
        8 * values.len() + doubts
    }
}

impl Values {
    /// No values of so many points.
    fn none(points: usize) -> Self {
        let mut values = vec![0.0; 4 * points].into_boxed_slice();
        values[..points].fill(f64::INFINITY);
        values[points..2 * points].fill(f64::NEG_INFINITY);
        values[3 * points..].fill(f64::NAN);
        Self::Varied(values)
    }

    fn points(&self) -> usize {
        match self {
            Self::Steady(values) => values.len(),
            Self::Varied(values) => values.len() / 4,
        }
    }

    /// Whether all sweeps were `values`, to the bit.
    fn are(&self, values: &[f64]) -> bool {
        match self {
            Self::Steady(steady) => is_same(steady, values),
            Self::Varied(_) => false,
        }
    }

    /// Gives steady values of so many sweeps room to vary.
    fn vary(&mut self, sweeps: u32) {
        if let Self::Steady(steady) = self {
            let sums = steady
                .iter()
                .map(|value| value * SUM_SCALE * f64::from(sweeps));
            let sums: Vec<_> = sums.collect();
            *self = Self::Varied([&**steady, &**steady, &*sums, &**steady].concat().into());
        }
    }

    /// Adds values that are all good and later than those before.
    fn add(&mut self, values: &[f64]) {
        let Self::Varied(columns) = self else { return };
        let points = values.len();
        let (min, rest) = columns.split_at_mut(points);
        let (max, rest) = rest.split_at_mut(points);
        let (sum, last) = rest.split_at_mut(points);
        for (min, value) in min.iter_mut().zip(values) {
            *min = if *value < *min { *value } else { *min };
        }
        for (max, value) in max.iter_mut().zip(values) {
            *max = if *value > *max { *value } else { *max };
        }
        for (sum, value) in sum.iter_mut().zip(values) {
            *sum += value * SUM_SCALE;
        }
        last.copy_from_slice(values);
    }

    /// Minima, maxima, means and last values of so many sweeps, of which some are `bad`.
    fn into_columns(self, sweeps: u32, bad: &[u32]) -> Box<[f64]> {
        let mut columns = match self {
            Self::Steady(values) => return values.repeat(4).into(),
            Self::Varied(columns) => columns,
        };
        let points = columns.len() / 4;
        let (min, rest) = columns.split_at_mut(points);
        let (max, rest) = rest.split_at_mut(points);
        let sum = &mut rest[..points];
        for nth in 0..points {
            let bad = bad.get(nth).copied().unwrap_or(0);
            match sweeps.saturating_sub(bad) {
                0 => (min[nth], max[nth], sum[nth]) = (f64::NAN, f64::NAN, f64::NAN),
                good => sum[nth] = mean(sum[nth], good, min[nth], max[nth]),
            }
        }
        columns
    }
}

fn is_same(one: &[f64], other: &[f64]) -> bool {
    let differ = |(a, b): (&f64, &f64)| a.to_bits() ^ b.to_bits();
    // Without a way out in the middle, so that several are compared at once.
    one.iter()
        .zip(other)
        .map(differ)
        .fold(0, |all, one| all | one)
        == 0
}

/// Whether all of a sweep are measured values.
fn are_good(sweep: &Sweep<'_>) -> bool {
    !sweep.qualities.iter().any(|quality| quality.is_bad()) && are_finite(sweep.values)
}
