//! The values of fields that are no texts, as numbers.

/// A float holds each whole number of so many digits, and ten to the power of so many: the quotient of
/// two such is rounded once, so it is the float nearest to what is written (Clinger, "How to Read
/// Floating Point Numbers Accurately", 1990).
const EXACT_DIGITS: usize = 15;

/// The powers of ten up to [`EXACT_DIGITS`].
const TENS: [f64; EXACT_DIGITS + 1] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
];

/// Whether a value ends before `byte`.
pub(crate) fn is_end(byte: u8) -> bool {
    matches!(byte, b',' | b' ' | b'\n' | b'\r')
}

/// The number that `text` begins with, and its length, if it is written as most are: few digits, perhaps
/// with a sign and a point, or an `i`. What it says is what [`of`] says of these bytes.
#[inline]
pub(crate) fn plain(text: &[u8]) -> Option<(f64, usize)> {
    let is_negative = text.first() == Some(&b'-');
    let begin = usize::from(is_negative);
    let (mut digits, whole) = digits_behind(0, text.get(begin..)?);
    let (mut at, mut decimals) = (begin + whole, 0);
    if text.get(at) == Some(&b'.') {
        (digits, decimals) = digits_behind(digits, text.get(at + 1..)?);
        at += 1 + decimals;
    }
    let is_integer = at == begin + whole && text.get(at) == Some(&b'i');
    at += usize::from(is_integer);
    let ends = text.get(at).is_none_or(|byte| is_end(*byte));
    if whole == 0 || whole + decimals > EXACT_DIGITS || !ends {
        return None;
    }
    let number = digits as f64 / TENS[decimals];
    let number = match is_negative {
        false => number,
        // An integer has no -0.
        true if is_integer => 0.0 - number,
        true => -number,
    };
    Some((number, at))
}

/// The digits that `text` begins with, written behind those of `number`, and how many they are.
fn digits_behind(mut number: i64, text: &[u8]) -> (i64, usize) {
    let mut count = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        number = number.wrapping_mul(10).wrapping_add(i64::from(digit));
        count += 1;
    }
    (number, count)
}

/// The number, integer or boolean that is written as `text`.
pub(crate) fn of(text: &str) -> Option<f64> {
    let digits = |text: &str| {
        let is_whole = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty();
        is_whole.then_some(())
    };
    match text {
        "t" | "T" | "true" | "True" | "TRUE" => return Some(1.0),
        "f" | "F" | "false" | "False" | "FALSE" => return Some(0.0),
        _ => {}
    }
    // A reading is a float; beyond 2^53 it is the nearest one.
    if let Some(integer) = text.strip_suffix('i') {
        return integer.parse::<i64>().ok().map(|number| number as f64);
    } else if let Some(integer) = text.strip_suffix('u') {
        digits(integer)?;
        return integer.parse::<u64>().ok().map(|number| number as f64);
    }
    // Rust's own grammar has names of numbers besides; the protocol has not.
    let is_number =
        |byte: u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E');
    let number = text.parse().ok().filter(|_| text.bytes().all(is_number));
    number.filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_most_write_is_plain_and_the_rest_is_left() {
        for (text, number) in [
            ("0", 0.0_f64),
            ("-0", -0.0),
            ("-0i", 0.0),
            ("7i,b=1", 7.0),
            ("-12i", -12.0),
            ("230.25 17", 230.25),
            ("0.1\n", 0.1),
            ("5.", 5.0),
            ("-999999999999999", -999_999_999_999_999.0),
            ("0.00000000000001", 0.000_000_000_000_01),
        ] {
            let found = plain(text.as_bytes()).map(|(found, _)| found.to_bits());
            assert_eq!(found, Some(number.to_bits()), "{text}");
        }
        for text in [
            "",
            "-",
            ".5",
            "+1",
            "1e3",
            "7u",
            "7.0i",
            "7ii",
            "1000000000000000",
            "1.2.3",
            "true",
            "\"1\"",
        ] {
            assert_eq!(plain(text.as_bytes()), None, "{text}");
        }
    }

    fn written() -> impl Strategy<Value = String> {
        prop_oneof![
            "-?[0-9]{1,16}i?",
            "-?[0-9]{0,9}[.]?[0-9]{0,9}[iue]?",
            any::<f64>().prop_map(|number| number.to_string()),
            (any::<i32>(), 0_i32..12)
                .prop_map(|(number, tens)| (f64::from(number) / 10_f64.powi(tens)).to_string()),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn what_is_plain_is_what_the_whole_grammar_makes_of_it(
            text in written(),
            behind in "([, \n\r].{0,3})?",
        ) {
            let body = text.clone() + &behind;
            if let Some((number, length)) = plain(body.as_bytes()) {
                prop_assert_eq!(length, text.len());
                prop_assert_eq!(Some(number.to_bits()), of(&text).map(f64::to_bits));
            }
        }
    }
}
