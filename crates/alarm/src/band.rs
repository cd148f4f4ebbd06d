//! Bands: per point, the open interval in which no value changes the point's level.
//!
//! Limits, deadband and current level fold into two numbers, so the common case needs two
//! comparisons whatever the number of limits; what falls outside is only a suspect.

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
    pub(crate) fn holds(self, value: f64) -> bool {
        value > self.low && value < self.high
    }
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
}
