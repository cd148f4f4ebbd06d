//! Numbers as people read them.

/// A double tells every decimal number of 15 digits; three fewer hide what scaling adds.
const DIGITS: usize = 12;
/// Whole numbers up to here are exact in a double: 2^53.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// A value as it was meant: one that was a float of 32 bits as that, a whole one whole, and others
/// without what scaling by a decimal number adds (84.6, not 84.60000000000001).
pub(crate) fn meant(value: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whether it comes back is looked at"
    )]
    let single = value as f32;
    if value.fract() == 0.0 && value.abs() <= WHOLE_MAX {
        value.to_string()
    } else if f64::from(single) == value {
        // The shortest that is this float and no other.
        readable(value, single.to_string().parse().unwrap_or(value))
    } else {
        significant(value, DIGITS)
    }
}

/// A number to so many digits, without zeros at the end.
pub(crate) fn significant(value: f64, digits: usize) -> String {
    let rounded = format!("{value:.*e}", digits.saturating_sub(1));
    readable(value, rounded.parse().unwrap_or(value))
}

/// `rounded`, which is what is shown of `value`, without many zeros.
fn readable(value: f64, rounded: f64) -> String {
    if !value.is_finite() || rounded == 0.0 || (1e-5..1e16).contains(&rounded.abs()) {
        rounded.to_string()
    } else {
        format!("{rounded:e}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_as_long_as_they_are_precise() {
        assert_eq!(significant(f64::from(20.2_f32), 7), "20.2");
        assert_eq!(significant(1e300, 7), "1e300");
        assert_eq!(significant(f64::NAN, 7), "NaN");
        assert_eq!(significant(-0.000_001_25, 2), "-1.3e-6");
    }

    #[test]
    fn values_are_shown_as_they_were_meant() {
        for (value, shown) in [
            (846.0 * 0.1, "84.6"),
            (0.1 + 0.2, "0.3"),
            (f64::from(20.2_f32), "20.2"),
            (f64::from(1e-12_f32), "1e-12"),
            (1_234_567_890_123_456.0, "1234567890123456"),
            (-7.0, "-7"),
            (0.0, "0"),
            (1.5e300, "1.5e300"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(meant(value), shown);
        }
    }

    proptest! {
        #[test]
        fn a_float_is_shown_as_the_float_it_was(bits: u32) {
            let value = f32::from_bits(bits);
            prop_assume!(value.is_finite());
            prop_assert_eq!(meant(f64::from(value)).parse::<f32>(), Ok(value));
        }

        #[test]
        fn a_scaled_whole_number_is_shown_as_it_was_scaled(raw in -65_536_i32..65_536, places in 0_i32..4) {
            let scaled = f64::from(raw) * 10_f64.powi(-places);
            let shown = meant(scaled);
            prop_assert!(shown.len() <= 8 + usize::from(raw < 0), "{}", shown);
            prop_assert!((shown.parse::<f64>().unwrap() - scaled).abs() <= scaled.abs() * 1e-11);
        }
    }
}
