//! The engineering range of a point, and the raw range it is mapped from.

use gridos_model::Quality;

/// The values a point can have, in its unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// The lowest value; finite.
    pub low: f64,
    /// The highest value; finite, above `low`.
    pub high: f64,
    /// The raw numbers that mean `low` and `high`, instead of scale and offset; finite, different.
    pub raw: Option<(f64, f64)>,
    /// Whether a value outside becomes the bound next to it; it is flagged all the same.
    pub clamp: bool,
}

impl Span {
    /// The range from `low` to `high`, which keeps what lies outside.
    pub const fn new(low: f64, high: f64) -> Self {
        Self {
            low,
            high,
            raw: None,
            clamp: false,
        }
    }

    /// How far it is from `low` to `high`, in the point's unit.
    pub fn width(&self) -> f64 {
        self.high - self.low
    }

    pub(crate) fn is_valid(&self) -> bool {
        let is_mapped = |(low, high): (f64, f64)| (high - low).is_finite() && low != high;
        self.width().is_finite() && self.low < self.high && self.raw.is_none_or(is_mapped)
    }

    /// The value of the number `raw`, which `scale` would make, and whether it lies outside.
    pub(crate) fn judge(&self, raw: f64, scale: impl FnOnce(f64) -> f64) -> (f64, Quality) {
        let (value, is_outside) = match self.raw {
            Some(ends) => self.map(raw, ends),
            None => {
                let value = scale(raw);
                (value, value < self.low || value > self.high)
            }
        };
        if !is_outside || !value.is_finite() {
            return (value, Quality::GOOD);
        }
        let kept = if self.clamp {
            value.clamp(self.low, self.high)
        } else {
            value
        };
        (kept, Quality::OUT_OF_RANGE)
    }

    /// Judged by the raw number: rounding must not push the value of an end over the bound.
    fn map(&self, raw: f64, (start, end): (f64, f64)) -> (f64, bool) {
        let is_outside = raw < start.min(end) || raw > start.max(end);
        if raw == end {
            return (self.high, false);
        }
        // Multiplied first: whole raw numbers then keep whole values whole.
        let value = self.low + (raw - start) * self.width() / (end - start);
        if is_outside || value.is_nan() {
            (value, is_outside)
        } else {
            (value.clamp(self.low, self.high), false)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: Quality = Quality::GOOD;
    const OUTSIDE: Quality = Quality::OUT_OF_RANGE;

    fn mapped(raw: (f64, f64), low: f64, high: f64) -> Span {
        Span {
            raw: Some(raw),
            ..Span::new(low, high)
        }
    }

    #[test]
    fn ends_are_exact_and_inside() {
        let span = mapped((0.0, 32_767.0), 0.0, 500.0);
        let judge = |raw| span.judge(raw, |_| unreachable!());
        assert_eq!(judge(0.0), (0.0, GOOD));
        assert_eq!(judge(32_767.0), (500.0, GOOD));
        assert_eq!(judge(32_768.0), (500.0 * 32_768.0 / 32_767.0, OUTSIDE));
        assert_eq!(judge(-1.0), (-500.0 / 32_767.0, OUTSIDE));
        // A transmitter of 4 to 20 mA that measures downwards.
        let span = mapped((20.0, 4.0), -10.0, 10.0);
        assert_eq!(span.judge(20.0, |raw| raw), (-10.0, GOOD));
        assert_eq!(span.judge(12.0, |raw| raw), (0.0, GOOD));
        assert_eq!(span.judge(4.0, |raw| raw), (10.0, GOOD));
        assert_eq!(span.judge(3.6, |raw| raw).1, OUTSIDE);
    }

    #[test]
    fn what_lies_outside_is_kept_or_clamped_and_always_flagged() {
        let mut span = Span::new(0.0, 100.0);
        let scale = |raw: f64| raw * 0.1;
        assert_eq!(span.judge(1_000.0, scale), (100.0, GOOD));
        assert_eq!(span.judge(1_001.0, scale), (1_001.0 * 0.1, OUTSIDE));
        span.clamp = true;
        assert_eq!(span.judge(1_001.0, scale), (100.0, OUTSIDE));
        assert_eq!(span.judge(-1.0, scale), (0.0, OUTSIDE));
        // No measurement is made of what is none.
        assert_eq!(
            span.judge(f64::INFINITY, scale),
            (f64::INFINITY, Quality::GOOD)
        );
        assert!(span.judge(f64::NAN, scale).0.is_nan());
    }

    proptest! {
        #[test]
        fn a_raw_number_inside_maps_inside(
            start in -70_000..70_000_i32, steps in 1..70_000_i32, at in 0..70_000_i32,
            low in -1e6..1e6_f64, width in 1e-3..1e6_f64, downwards: bool,
        ) {
            let (start, end) = (f64::from(start), f64::from(start + steps));
            let raw = start + f64::from(at % (steps + 1));
            let ends = if downwards { (end, start) } else { (start, end) };
            let span = mapped(ends, low, low + width);
            let (value, quality) = span.judge(raw, |raw| raw);
            prop_assert!(quality.is_good() && (span.low..=span.high).contains(&value));
            let share = (raw - ends.0) / (ends.1 - ends.0);
            prop_assert!((value - (low + share * width)).abs() <= (low.abs() + width) * 1e-12);
        }
    }
}
