//! The limits of a point, and what they make of a value.

mod spec;

use gridos_model::Level;
use serde::{Deserialize, Serialize};

pub use self::spec::{Deadbands, LimitsError, LimitsErrors, LimitsSpec};
use crate::band::Band;

/// Up to four limits of one point, with a deadband.
///
/// A value reaches a level at its limit or beyond it, and leaves it at the limit less the deadband
/// (for the low limits: plus the deadband) or beyond that; without a deadband it leaves as soon as
/// it is no longer at the limit. The deadband acts on the way out only.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "LimitsSpec", into = "LimitsSpec")]
pub struct Limits {
    spec: LimitsSpec,
}

impl TryFrom<LimitsSpec> for Limits {
    type Error = LimitsErrors;

    fn try_from(spec: LimitsSpec) -> Result<Self, LimitsErrors> {
        LimitsErrors::of(spec.errors()).map(|()| Self { spec })
    }
}

impl From<Limits> for LimitsSpec {
    fn from(limits: Limits) -> Self {
        limits.spec
    }
}

impl Limits {
    /// Limits in the point's engineering unit, `None` for those it has not got, with one deadband
    /// for all.
    ///
    /// # Errors
    /// Everything that is wrong: there is no limit, one is not finite, they do not rise from `low_low`
    /// to `high_high`, or the deadband is negative, not finite, or as wide as the gap between two
    /// neighbours.
    pub fn new(
        high_high: Option<f64>,
        high: Option<f64>,
        low: Option<f64>,
        low_low: Option<f64>,
        deadband: f64,
    ) -> Result<Self, LimitsErrors> {
        Self::try_from(LimitsSpec {
            high_high,
            high,
            low,
            low_low,
            deadband,
            deadbands: Deadbands::default(),
        })
    }

    /// The limit of `level`, if there is one; normal has none.
    pub fn limit(&self, level: Level) -> Option<f64> {
        self.spec.limit(level)
    }

    /// How far a value must come back from a limit that has no deadband of its own.
    pub fn deadband(&self) -> f64 {
        self.spec.deadband
    }

    /// How far a value must come back from the limit of `level`.
    pub fn deadband_of(&self, level: Level) -> f64 {
        self.spec.deadband(level)
    }

    /// The numbers that tell values apart: two finite values of which the same ones are reached
    /// (`value >= edge`) lead to the same level from any level.
    ///
    /// Whoever passes on only some of a point's values must pass on the first one behind an edge,
    /// or alarms come late.
    pub fn edges(&self) -> impl Iterator<Item = f64> {
        let has = |level: &Level| self.limit(*level).is_some();
        let highs = [Level::HighHigh, Level::High].into_iter().filter(has);
        let highs = highs.flat_map(|level| [self.reach(level), self.leave(level).next_up()]);
        let lows = [Level::Low, Level::LowLow].into_iter().filter(has);
        let lows = lows.flat_map(|level| [self.reach(level).next_up(), self.leave(level)]);
        highs.chain(lows).filter(|edge| edge.is_finite())
    }

    /// The level that a finite `value` leads to from the level `from`.
    pub fn next(&self, from: Level, value: f64) -> Level {
        let was_high = matches!(from, Level::High | Level::HighHigh);
        let was_low = matches!(from, Level::Low | Level::LowLow);
        let is_beyond = |level, was| self.is_beyond(level, was, value);
        if is_beyond(Level::HighHigh, from == Level::HighHigh) {
            Level::HighHigh
        } else if is_beyond(Level::High, was_high) {
            Level::High
        } else if is_beyond(Level::LowLow, from == Level::LowLow) {
            Level::LowLow
        } else if is_beyond(Level::Low, was_low) {
            Level::Low
        } else {
            Level::Normal
        }
    }

    /// Whether `value` is at the limit of `level` or beyond it, or is still held by its deadband if
    /// it `was`.
    pub(crate) fn is_beyond(&self, level: Level, was: bool, value: f64) -> bool {
        match level {
            Level::Normal | Level::Abnormal => false,
            Level::High | Level::HighHigh => {
                value >= self.reach(level) || (was && value > self.leave(level))
            }
            Level::Low | Level::LowLow => {
                value <= self.reach(level) || (was && value < self.leave(level))
            }
        }
    }

    /// The values that do not change whether a value is beyond the limit of `level`.
    pub(crate) fn band_of(&self, level: Level, is_beyond: bool) -> Band {
        let (low, high) = match (level, is_beyond) {
            (Level::Normal | Level::Abnormal, _) => (f64::NEG_INFINITY, f64::INFINITY),
            (Level::High | Level::HighHigh, true) => (self.leave(level), f64::INFINITY),
            (Level::High | Level::HighHigh, false) => (f64::NEG_INFINITY, self.reach(level)),
            (Level::Low | Level::LowLow, true) => (f64::NEG_INFINITY, self.leave(level)),
            (Level::Low | Level::LowLow, false) => (self.reach(level), f64::INFINITY),
        };
        Band { low, high }
    }

    /// The values that do not change `level`: those for which `next` gives `level` again.
    pub(crate) fn band(&self, level: Level) -> Band {
        let of = |level, is_beyond| self.band_of(level, is_beyond);
        match level {
            Level::Normal | Level::Abnormal => {
                let highs = of(Level::High, false).and(of(Level::HighHigh, false));
                highs
                    .and(of(Level::Low, false))
                    .and(of(Level::LowLow, false))
            }
            Level::High => of(Level::High, true).and(of(Level::HighHigh, false)),
            Level::HighHigh => of(Level::HighHigh, true),
            Level::Low => of(Level::Low, true).and(of(Level::LowLow, false)),
            Level::LowLow => of(Level::LowLow, true),
        }
    }

    /// Where a level begins; a limit that is not there is never reached.
    fn reach(&self, level: Level) -> f64 {
        self.limit(level).unwrap_or(match level {
            Level::Low | Level::LowLow => f64::NEG_INFINITY,
            Level::Normal | Level::Abnormal | Level::High | Level::HighHigh => f64::INFINITY,
        })
    }

    /// A high level holds above this, a low one below it. A limit that is gone holds nothing, so
    /// that an alarm whose limit was taken away ends with the next value.
    fn leave(&self, level: Level) -> f64 {
        let Some(limit) = self.limit(level) else {
            return self.reach(level);
        };
        let deadband = self.spec.deadband(level);
        match level {
            Level::Low | Level::LowLow => (limit + deadband).max(limit.next_up()),
            Level::Normal | Level::Abnormal | Level::High | Level::HighHigh => {
                (limit - deadband).min(limit.next_down())
            }
        }
    }
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
        let all = |hh, h, l, ll, deadband| Limits::new(hh, h, l, ll, deadband).unwrap_err();
        let new = |hh, h, l, ll, deadband| {
            let errors = all(hh, h, l, ll, deadband);
            assert_eq!(errors.as_slice().len(), 1, "{errors}");
            errors.as_slice()[0]
        };
        assert_eq!(new(None, None, None, None, 0.0), LimitsError::NoLimit);
        let error = new(None, Some(f64::INFINITY), None, None, 0.0);
        let text = "the high limit is inf; it must be a finite number";
        assert_eq!((error.to_string().as_str(), error.key()), (text, "high"));
        let error = new(Some(5.0), Some(5.0), None, None, 0.0);
        assert!(matches!(error, LimitsError::Order { .. }), "{error}");
        assert_eq!(error.key(), "high_high");
        let error = new(Some(5.0), None, Some(7.0), None, 0.0);
        assert!(error.to_string().contains("low limit 7"), "{error}");
        for deadband in [-0.1, f64::NAN, f64::INFINITY] {
            let error = new(None, Some(5.0), None, None, deadband);
            assert!(matches!(error, LimitsError::Deadband { .. }), "{error}");
        }
        for deadband in [2.0, 3.0] {
            let errors = all(Some(9.0), None, Some(7.0), None, deadband);
            for error in errors.as_slice() {
                assert!(matches!(error, LimitsError::DeadbandTooWide { .. }));
                assert_eq!(error.key(), "deadband");
            }
        }
    }

    #[test]
    fn all_that_is_wrong_with_a_ladder_is_told_at_once() {
        let spec = LimitsSpec {
            high_high: Some(80.0),
            high: Some(90.0),
            low: Some(10.0),
            low_low: Some(f64::NAN),
            deadband: -1.0,
            deadbands: Deadbands {
                high: Some(85.0),
                ..Deadbands::default()
            },
        };
        let errors = Limits::try_from(spec).unwrap_err();
        let errors = errors.as_slice().iter();
        let keys: Vec<_> = errors.map(|e| (e.key(), e.is_of_deadbands())).collect();
        let expected = [
            ("deadband", false),
            ("low_low", false),
            ("high", true),
            ("high_high", false),
        ];
        assert_eq!(keys, expected);
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
