//! Whether many values are numbers.

/// Whether all of `values` are finite: neither infinite nor NaN.
///
/// There is no way out in the middle, so that several are looked at at once.
#[inline]
pub fn are_finite(values: &[f64]) -> bool {
    let values = values.iter();
    values.fold(true, |are, value| are & is_finite(*value))
}

/// The same as [`f64::is_finite`], by the one comparison that vectors are made with.
#[inline]
fn is_finite(value: f64) -> bool {
    value.abs() <= f64::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_that_is_no_number_is_found_wherever_it_stands() {
        let odd = [f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        for (at, value) in (0..9).flat_map(|at| odd.map(|value| (at, value))) {
            let mut values = [f64::MAX, f64::MIN, -0.0, 5e-324, 1.0, 0.0, -1.0, 2.0, 3.0];
            assert!(are_finite(&values) && are_finite(&values[..at]));
            values[at] = value;
            assert!(!are_finite(&values), "{value} at {at}");
            assert_eq!(is_finite(value), value.is_finite());
        }
    }
}
