//! Bands: per point, the open interval in which no value changes the point's level.
//!
//! Limits, deadband and current level fold into two numbers, so the common case needs two
//! comparisons whatever the number of limits; what falls outside is only a suspect.

/// How many values are looked at before any suspect is: one bit of a word each.
pub(crate) const CHUNK: usize = 64;

/// An open interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Band {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Band {
    /// Every finite value is in it.
    pub(crate) const ALL: Self = Self {
        low: f64::NEG_INFINITY,
        high: f64::INFINITY,
    };

    /// No value is in it.
    pub(crate) const NONE: Self = Self {
        low: f64::INFINITY,
        high: f64::NEG_INFINITY,
    };

    /// `value` alone is in it; nothing is if it is not finite.
    pub(crate) fn only(value: f64) -> Self {
        if !value.is_finite() {
            return Self::NONE;
        }
        Self {
            low: value.next_down(),
            high: value.next_up(),
        }
    }

    /// What lies in both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            low: self.low.max(other.low),
            high: self.high.min(other.high),
        }
    }

    /// Whether `value` lies inside; NaN and the infinities never do.
    #[inline]
    pub(crate) fn holds(self, value: f64) -> bool {
        // Not `&&`: one expression without a branch is what the compiler can vectorise.
        (value > self.low) & (value < self.high)
    }
}

/// The bands of all points, in two columns.
#[derive(Debug)]
pub(crate) struct Bands {
    low: Vec<f64>,
    high: Vec<f64>,
}

impl Bands {
    /// `points` bands that hold every finite value.
    pub(crate) fn new(points: usize) -> Self {
        Self {
            low: vec![Band::ALL.low; points],
            high: vec![Band::ALL.high; points],
        }
    }

    /// Adds bands that hold every finite value, up to `points` in all.
    pub(crate) fn grow(&mut self, points: usize) {
        let points = points.max(self.low.len());
        self.low.resize(points, Band::ALL.low);
        self.high.resize(points, Band::ALL.high);
    }

    #[inline]
    pub(crate) fn get(&self, point: usize) -> Option<Band> {
        let (low, high) = (*self.low.get(point)?, *self.high.get(point)?);
        Some(Band { low, high })
    }

    pub(crate) fn set(&mut self, point: usize, band: Band) {
        if let (Some(low), Some(high)) = (self.low.get_mut(point), self.high.get_mut(point)) {
            (*low, *high) = (band.low, band.high);
        }
    }

    /// Whether each of `values` lies inside the band of its point, which stands at `first` and its
    /// position; one past the last point has none.
    #[inline]
    pub(crate) fn hold_each(&self, first: usize, positions: &[u32], values: &[f64]) -> bool {
        // All of them, without a branch: what comes next is loaded meanwhile.
        positions.iter().zip(values).fold(true, |all, (at, value)| {
            let band = self.get(first + *at as usize);
            all & band.unwrap_or(Band::NONE).holds(*value)
        })
    }

    /// One bit, lowest first, for each of up to [`CHUNK`] `values` of the points from `first` that
    /// lies outside its band. Values past the last point are not looked at.
    #[inline]
    pub(crate) fn suspects(&self, first: usize, values: &[f64]) -> u64 {
        let low = self.low.get(first..).unwrap_or_default();
        let high = self.high.get(first..).unwrap_or_default();
        let chunks = (
            values.first_chunk::<CHUNK>(),
            low.first_chunk::<CHUNK>(),
            high.first_chunk::<CHUNK>(),
        );
        let inside = match chunks {
            // The known length lets the compiler unroll and vectorise.
            (Some(values), Some(low), Some(high)) => all_inside(values, low, high),
            _ => all_inside(values, low, high),
        };
        if inside {
            0
        } else {
            outside(values, low, high)
        }
    }
}

#[inline(always)]
fn all_inside(values: &[f64], low: &[f64], high: &[f64]) -> bool {
    let lanes = values.iter().zip(low).zip(high);
    lanes.fold(true, |all, ((value, low), high)| {
        let band = Band {
            low: *low,
            high: *high,
        };
        all & band.holds(*value)
    })
}

fn outside(values: &[f64], low: &[f64], high: &[f64]) -> u64 {
    let lanes = values.iter().zip(low).zip(high).take(CHUNK).enumerate();
    lanes.fold(0, |suspects, (lane, ((value, low), high))| {
        let band = Band {
            low: *low,
            high: *high,
        };
        suspects | (u64::from(!band.holds(*value)) << lane)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_bounds_nor_nan_nor_infinities_are_inside() {
        let band = Band {
            low: 1.0,
            high: 2.0,
        };
        assert!(band.holds(1.5));
        for value in [1.0, 2.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(!band.holds(value), "{value}");
        }
        assert!(!Band::ALL.holds(f64::INFINITY) && !Band::ALL.holds(f64::NAN));
        assert!(Band::ALL.holds(f64::MAX) && Band::ALL.holds(f64::MIN));
    }

    #[test]
    fn every_lane_of_every_length_is_found() {
        let mut bands = Bands::new(100);
        (0..100).for_each(|point| {
            bands.set(
                point,
                Band {
                    low: 0.0,
                    high: 1.0,
                },
            )
        });
        for length in 1..=CHUNK {
            for lane in 0..length {
                let mut values = vec![0.5; length];
                assert_eq!(bands.suspects(3, &values), 0);
                values[lane] = if lane % 2 == 0 { f64::NAN } else { 1.0 };
                assert_eq!(bands.suspects(3, &values), 1 << lane);
            }
        }
    }

    #[test]
    fn values_past_the_last_point_are_not_looked_at() {
        let bands = Bands::new(2);
        let values = [f64::NAN; CHUNK];
        assert_eq!(bands.suspects(0, &values), 0b11);
        assert_eq!(bands.suspects(1, &values), 0b1);
        assert_eq!(bands.suspects(2, &values), 0);
        assert_eq!(bands.suspects(usize::MAX, &values), 0);
        assert_eq!(bands.get(2), None);
    }
}
