//! Quads: what a reading that changes nothing touches of four points, in one line of the cache.

use crate::band::Band;

/// Points of a quad.
pub(super) const LANES: usize = 4;

/// The bands and the last good values of four neighbouring points.
///
/// Bounds are kept rounded to `f32`, and values are rounded before they are compared. Rounding never
/// turns the order of two numbers round, so a value that is inside as rounded is inside; one that is
/// at a bound as rounded is looked at closely, which may find that nothing changes.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(super) struct Quad {
    low: [f32; LANES],
    high: [f32; LANES],
    last: [f64; LANES],
}

impl Quad {
    /// No value came yet, and none is inside.
    pub(super) const NEW: Self = Self {
        low: [f32::INFINITY; LANES],
        high: [f32::NEG_INFINITY; LANES],
        last: [f64::NAN; LANES],
    };

    /// The last good value; NaN if none came yet.
    pub(super) fn value(&self, lane: usize) -> f64 {
        self.last[lane]
    }

    /// Takes a good value; whoever takes one that was not inside sets the band anew.
    pub(super) fn take(&mut self, lane: usize, value: f64) {
        self.last[lane] = value;
    }

    /// Gives a point the values that change nothing.
    ///
    /// If the last value is not among them, none is until the next one: so the last one again never
    /// changes anything, unless nothing is inside.
    pub(super) fn set_band(&mut self, lane: usize, band: Band) {
        let last = self.last[lane];
        let is_usable = band.low < band.high && (last.is_nan() || band.holds(last));
        let band = if is_usable { band } else { Band::NONE };
        (self.low[lane], self.high[lane]) = (rounded(band.low), rounded(band.high));
    }

    /// Takes a good value if it changes nothing; returns whether it did.
    #[inline]
    pub(super) fn try_take(&mut self, lane: usize, value: f64) -> bool {
        let (low, high) = (self.low[lane], self.high[lane]);
        let rough = rounded(value);
        let is_inside = (rough > low) & (rough < high);
        if is_inside || (value == self.last[lane] && low <= high) {
            self.last[lane] = value;
            return true;
        }
        false
    }

    /// Takes the good values of all four if each is inside, else none; returns whether it did.
    #[inline]
    pub(super) fn try_take_all(&mut self, values: &[f64; LANES]) -> bool {
        let rough = values.map(rounded);
        // Bits, not `&&`: the compiler makes one comparison of four lanes of it.
        let inside = (0..LANES).fold(0, |bits, lane| {
            let is_inside = (rough[lane] > self.low[lane]) & (rough[lane] < self.high[lane]);
            bits | (u32::from(is_inside) << lane)
        });
        if inside != (1 << LANES) - 1 {
            return false;
        }
        self.last = *values;
        true
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "to the nearest: what is lost is looked at closely"
)]
#[inline]
fn rounded(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quad(last: f64, band: Band) -> Quad {
        let mut quad = Quad::NEW;
        quad.take(1, last);
        quad.set_band(1, band);
        quad
    }

    #[test]
    fn four_points_are_one_line() {
        assert_eq!((size_of::<Quad>(), align_of::<Quad>()), (64, 64));
    }

    #[test]
    fn nan_and_infinities_are_never_taken() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut quad = quad(f64::NAN, Band::ALL);
            assert!(!quad.try_take(1, value), "{value}");
            assert!(quad.value(1).is_nan());
        }
    }

    #[test]
    fn a_value_at_a_bound_is_taken_again_but_not_anew() {
        let band = Band {
            low: 100.0_f64.next_down(),
            high: f64::INFINITY,
        };
        assert!(quad(100.0, band).try_take(1, 100.0));
        assert!(!quad(101.0, band).try_take(1, 100.0));
        assert!(!quad(100.0, Band::NONE).try_take(1, 100.0));
        let mut outside = quad(50.0, band);
        assert!(!outside.try_take(1, 50.0) && !outside.try_take(1, 101.0));
    }

    #[test]
    fn one_value_alone_is_told_from_its_neighbours() {
        for value in [0.1, 1.0, f64::MAX, f64::from(1 << 25) + 1.0] {
            let mut quad = quad(value, Band::only(value));
            assert!(quad.try_take(1, value));
            assert!(!quad.try_take(1, value.next_up()) && !quad.try_take(1, value.next_down()));
        }
    }

    #[test]
    fn four_are_taken_together_or_not_at_all() {
        for lane in 0..LANES {
            let mut quad = Quad::NEW;
            (0..LANES).for_each(|lane| quad.set_band(lane, Band::ALL));
            let mut values = [1.0; LANES];
            assert!(quad.try_take_all(&values));
            values = [2.0; LANES];
            values[lane] = f64::NAN;
            assert!(!quad.try_take_all(&values));
            assert_eq!(quad.last, [1.0; LANES]);
        }
    }

    /// Numbers near each other as doubles, as floats, and far away.
    fn number() -> impl Strategy<Value = f64> {
        let near = (0..4_i32, -3..=3_i64).prop_map(|(whole, ulps)| {
            let bits = (f64::from(whole) * 0.1 + 1.0).to_bits();
            f64::from_bits(
                bits.saturating_add_signed(ulps << 28)
                    .saturating_add_signed(ulps),
            )
        });
        prop_oneof![near, any::<f64>()]
    }

    proptest! {
        #[test]
        fn what_is_taken_is_inside(low in number(), high in number(), last in number(), value in number()) {
            let band = Band { low, high };
            let mut quad = quad(last, band);
            if quad.try_take(1, value) {
                prop_assert!(band.holds(value));
                prop_assert_eq!(quad.value(1).to_bits(), value.to_bits());
            }
        }
    }
}
