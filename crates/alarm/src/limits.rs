//! The limits of a point, and what they make of a value.

use gridos_model::Level;

use crate::band::Band;

/// Up to four limits of one point, with a deadband.
///
/// A value reaches a level at its limit or beyond it, and leaves it at the limit less the deadband
/// (for the low limits: plus the deadband) or beyond that; without a deadband it leaves as soon as
/// it is no longer at the limit. The deadband acts on the way out only.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    high_high: Option<f64>,
    high: Option<f64>,
    low: Option<f64>,
    low_low: Option<f64>,
    deadband: f64,
}

/// Why limits cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum LimitsError {
    /// There is none.
    #[error("no limit is given; give at least one of high_high, high, low, low_low")]
    NoLimit,
    /// A limit is NaN or infinite.
    #[error("the {limit} limit is {value}; it must be a finite number")]
    NotFinite {
        /// Which limit.
        limit: Level,
        /// Its value.
        value: f64,
    },
    /// Two limits are equal or the wrong way round.
    #[error(
        "the {lower} limit {lower_value} is not below the {upper} limit {upper_value}; \
         limits must rise from low_low over low and high to high_high"
    )]
    Order {
        /// Which limit should be the lower one.
        lower: Level,
        /// Its value.
        lower_value: f64,
        /// Which limit should be the upper one.
        upper: Level,
        /// Its value.
        upper_value: f64,
    },
    /// The deadband is negative, NaN or infinite.
    #[error("the deadband is {deadband}; it must be a finite number of at least 0")]
    Deadband {
        /// The deadband.
        deadband: f64,
    },
    /// An alarm at one limit could never clear before the next limit is reached.
    #[error(
        "the deadband {deadband} is not smaller than the gap from the {lower} limit {lower_value} \
         to the {upper} limit {upper_value}"
    )]
    DeadbandTooWide {
        /// The deadband.
        deadband: f64,
        /// The lower one of the two limits.
        lower: Level,
        /// Its value.
        lower_value: f64,
        /// The upper one.
        upper: Level,
        /// Its value.
        upper_value: f64,
    },
}

impl Limits {
    /// Limits in the point's engineering unit, `None` for those it has not got.
    ///
    /// # Errors
    /// If there is no limit, one is not finite, they do not rise from `low_low` to `high_high`, or
    /// the deadband is negative, not finite, or as wide as the gap between two neighbours.
    pub fn new(
        high_high: Option<f64>,
        high: Option<f64>,
        low: Option<f64>,
        low_low: Option<f64>,
        deadband: f64,
    ) -> Result<Self, LimitsError> {
        let ladder = [
            (Level::LowLow, low_low),
            (Level::Low, low),
            (Level::High, high),
            (Level::HighHigh, high_high),
        ];
        if !(deadband.is_finite() && deadband >= 0.0) {
            return Err(LimitsError::Deadband { deadband });
        }
        let mut below = None;
        for (limit, value) in ladder {
            let Some(value) = value else { continue };
            if !value.is_finite() {
                return Err(LimitsError::NotFinite { limit, value });
            }
            if let Some(below) = below {
                check_neighbours(below, (limit, value), deadband)?;
            }
            below = Some((limit, value));
        }
        if below.is_none() {
            return Err(LimitsError::NoLimit);
        }
        Ok(Self {
            high_high,
            high,
            low,
            low_low,
            deadband,
        })
    }

    /// The limit of `level`, if there is one; normal has none.
    pub fn limit(&self, level: Level) -> Option<f64> {
        match level {
            Level::Normal => None,
            Level::High => self.high,
            Level::HighHigh => self.high_high,
            Level::Low => self.low,
            Level::LowLow => self.low_low,
        }
    }

    /// How far a value must come back from a limit to leave its level.
    pub fn deadband(&self) -> f64 {
        self.deadband
    }

    /// The numbers that tell values apart: two finite values of which the same ones are reached
    /// (`value >= edge`) lead to the same level from any level.
    ///
    /// Whoever passes on only some of a point's values must pass on the first one behind an edge,
    /// or alarms come late.
    pub fn edges(&self) -> impl Iterator<Item = f64> {
        let highs = [self.high_high, self.high].into_iter().flatten();
        let highs = highs.flat_map(|limit| [limit, self.leave_high(Some(limit)).next_up()]);
        let lows = [self.low, self.low_low].into_iter().flatten();
        let lows = lows.flat_map(|limit| [limit.next_up(), self.leave_low(Some(limit))]);
        highs.chain(lows).filter(|edge| edge.is_finite())
    }

    /// The level that a finite `value` leads to from the level `from`.
    pub(crate) fn next(&self, from: Level, value: f64) -> Level {
        let was_high = matches!(from, Level::High | Level::HighHigh);
        let was_low = matches!(from, Level::Low | Level::LowLow);
        let high =
            |limit, was| value >= reach_high(limit) || (was && value > self.leave_high(limit));
        let low = |limit, was| value <= reach_low(limit) || (was && value < self.leave_low(limit));
        if high(self.high_high, from == Level::HighHigh) {
            Level::HighHigh
        } else if high(self.high, was_high) {
            Level::High
        } else if low(self.low_low, from == Level::LowLow) {
            Level::LowLow
        } else if low(self.low, was_low) {
            Level::Low
        } else {
            Level::Normal
        }
    }

    /// The values that do not change `level`: those for which `next` gives `level` again.
    pub(crate) fn band(&self, level: Level) -> Band {
        match level {
            Level::Normal => Band {
                low: reach_low(self.low.or(self.low_low)),
                high: reach_high(self.high.or(self.high_high)),
            },
            Level::High => Band {
                low: self.leave_high(self.high),
                high: reach_high(self.high_high),
            },
            Level::HighHigh => Band {
                low: self.leave_high(self.high_high),
                high: f64::INFINITY,
            },
            Level::Low => Band {
                low: reach_low(self.low_low),
                high: self.leave_low(self.low),
            },
            Level::LowLow => Band {
                low: f64::NEG_INFINITY,
                high: self.leave_low(self.low_low),
            },
        }
    }

    /// A high level holds above this. A limit that is gone holds nothing, so that an alarm whose
    /// limit was taken away ends with the next value.
    fn leave_high(&self, limit: Option<f64>) -> f64 {
        limit.map_or(f64::INFINITY, |limit| {
            (limit - self.deadband).min(limit.next_down())
        })
    }

    /// A low level holds below this.
    fn leave_low(&self, limit: Option<f64>) -> f64 {
        limit.map_or(f64::NEG_INFINITY, |limit| {
            (limit + self.deadband).max(limit.next_up())
        })
    }
}

/// A high level begins here; a limit that is not there is never reached.
fn reach_high(limit: Option<f64>) -> f64 {
    limit.unwrap_or(f64::INFINITY)
}

/// A low level begins here.
fn reach_low(limit: Option<f64>) -> f64 {
    limit.unwrap_or(f64::NEG_INFINITY)
}

fn check_neighbours(
    (lower, lower_value): (Level, f64),
    (upper, upper_value): (Level, f64),
    deadband: f64,
) -> Result<(), LimitsError> {
    if lower_value >= upper_value {
        return Err(LimitsError::Order {
            lower,
            lower_value,
            upper,
            upper_value,
        });
    }
    // As the evaluator computes it, rounding and all: the gap itself may round to the deadband.
    if upper_value - deadband <= lower_value || lower_value + deadband >= upper_value {
        return Err(LimitsError::DeadbandTooWide {
            deadband,
            lower,
            lower_value,
            upper,
            upper_value,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LEVELS: [Level; 5] = [
        Level::Normal,
        Level::High,
        Level::HighHigh,
        Level::Low,
        Level::LowLow,
    ];

    fn limits(deadband: f64) -> Limits {
        Limits::new(Some(110.0), Some(100.0), Some(10.0), Some(0.0), deadband).unwrap()
    }

    #[test]
    fn a_limit_belongs_to_its_level() {
        let limits = limits(2.0);
        let from_normal = |value| limits.next(Level::Normal, value);
        assert_eq!(from_normal(100.0_f64.next_down()), Level::Normal);
        assert_eq!(from_normal(100.0), Level::High);
        assert_eq!(from_normal(110.0), Level::HighHigh);
        assert_eq!(from_normal(10.0), Level::Low);
        assert_eq!(from_normal(0.0), Level::LowLow);
    }

    #[test]
    fn the_deadband_acts_on_the_way_out_only() {
        let limits = limits(2.0);
        assert_eq!(limits.next(Level::Normal, 99.0), Level::Normal);
        assert_eq!(limits.next(Level::High, 99.0), Level::High);
        assert_eq!(limits.next(Level::High, 98.0), Level::Normal);
        assert_eq!(limits.next(Level::HighHigh, 109.0), Level::HighHigh);
        assert_eq!(limits.next(Level::HighHigh, 108.0), Level::High);
        assert_eq!(limits.next(Level::Low, 11.0), Level::Low);
        assert_eq!(limits.next(Level::Low, 12.0), Level::Normal);
        assert_eq!(limits.next(Level::LowLow, 2.0), Level::Low);
    }

    #[test]
    fn a_fall_from_high_high_still_holds_high_within_its_deadband() {
        assert_eq!(limits(2.0).next(Level::HighHigh, 99.0), Level::High);
        assert_eq!(limits(2.0).next(Level::LowLow, 11.0), Level::Low);
    }

    #[test]
    fn without_a_deadband_a_value_at_the_limit_holds() {
        let band = limits(0.0).band(Level::High);
        assert!(band.holds(100.0));
        assert!(!band.holds(100.0_f64.next_down()));
        let one = Limits::new(None, Some(1.0), None, None, 0.0).unwrap();
        assert!(one.band(Level::High).holds(1.0));
        assert!(!one.band(Level::High).holds(0.0));
    }

    #[test]
    fn a_level_without_its_limit_ends_with_the_next_value() {
        let only_low = Limits::new(None, None, Some(1.0), None, 0.0).unwrap();
        assert!(!only_low.band(Level::HighHigh).holds(f64::MAX));
        assert_eq!(only_low.next(Level::HighHigh, f64::MAX), Level::Normal);
    }

    #[test]
    fn unusable_limits_are_refused_with_the_reason() {
        let new = |hh, h, l, ll, deadband| Limits::new(hh, h, l, ll, deadband).unwrap_err();
        assert_eq!(new(None, None, None, None, 0.0), LimitsError::NoLimit);
        let error = new(None, Some(f64::INFINITY), None, None, 0.0);
        let text = "the high limit is inf; it must be a finite number";
        assert_eq!(error.to_string(), text);
        let error = new(Some(5.0), Some(5.0), None, None, 0.0);
        assert!(matches!(error, LimitsError::Order { .. }), "{error}");
        let error = new(Some(5.0), None, Some(7.0), None, 0.0);
        assert!(error.to_string().contains("low limit 7"), "{error}");
        for deadband in [-0.1, f64::NAN, f64::INFINITY] {
            let error = new(None, Some(5.0), None, None, deadband);
            assert!(matches!(error, LimitsError::Deadband { .. }), "{error}");
        }
        for deadband in [2.0, 3.0] {
            let error = new(Some(9.0), None, Some(7.0), None, deadband);
            assert!(matches!(error, LimitsError::DeadbandTooWide { .. }));
        }
    }

    #[test]
    fn extreme_limits_do_not_overflow_into_nonsense() {
        let limits = Limits::new(None, Some(f64::MAX), Some(f64::MIN), None, 1e300).unwrap();
        assert_eq!(limits.next(Level::Normal, f64::MAX), Level::High);
        assert_eq!(limits.next(Level::High, 0.0), Level::Normal);
        assert!(Limits::new(Some(1e300), None, None, Some(-1e300), f64::MAX).is_err());
    }

    /// A grid fine enough for equality, coarse enough to hit it.
    fn grid() -> impl Strategy<Value = f64> {
        (-20_i32..=20).prop_map(|n| f64::from(n) / 2.0)
    }

    proptest! {
        /// The band is exactly where the level stays: nothing more and nothing less.
        #[test]
        fn the_band_is_where_the_level_stays(
            ladder in prop::collection::vec(prop::option::of(grid()), 4),
            deadband in prop::sample::select(vec![0.0, 0.5, 1.0, f64::MIN_POSITIVE]),
            value in grid(),
        ) {
            if let Ok(limits) = Limits::new(ladder[0], ladder[1], ladder[2], ladder[3], deadband) {
                for level in LEVELS {
                    for value in [value, value.next_up(), value.next_down(), f64::MAX, f64::MIN] {
                        let stays = limits.next(level, value) == level;
                        prop_assert_eq!(limits.band(level).holds(value), stays, "{} {}", level, value);
                    }
                }
            }
        }
    }

    fn reached(edges: &[f64], value: f64) -> Vec<bool> {
        edges.iter().map(|edge| value >= *edge).collect()
    }

    proptest! {
        #[test]
        fn values_between_the_same_edges_are_alike(
            deadband in proptest::sample::select(vec![0.0, 0.5, 2.0, 9.0]),
            missing in 0..15_u8,
            quarters in proptest::collection::vec(-20..500_i32, 2..40),
        ) {
            let given = |bit: u8, limit| (missing >> bit & 1 == 0).then_some(limit);
            let limits =
                Limits::new(given(0, 110.0), given(1, 100.0), given(2, 10.0), given(3, 0.0), deadband);
            let limits = limits.unwrap();
            let edges: Vec<f64> = limits.edges().collect();
            let near = |edge: &f64| [edge.next_down(), *edge, edge.next_up()];
            let mut values: Vec<f64> = quarters.iter().map(|n| f64::from(*n) / 4.0).collect();
            values.extend(edges.iter().flat_map(near));
            for (a, b) in values.iter().zip(values.iter().skip(1)).chain(values.iter().zip(values.iter().rev())) {
                if reached(&edges, *a) == reached(&edges, *b) {
                    for level in LEVELS {
                        let after = limits.next(level, *a);
                        prop_assert_eq!(after, limits.next(level, *b), "{} {} {}", level, a, b);
                        prop_assert_eq!(after, limits.next(after, *b), "{} {} {}", level, a, b);
                    }
                }
            }
        }
    }
}
