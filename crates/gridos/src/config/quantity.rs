//! Durations and sizes with their units, as they are written in the configuration.
//!
//! A number without a unit is refused: nobody should have to guess whether 5 is seconds.

use std::time::Duration;

/// Why a text is no duration or size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// A bare number; an example of what to write.
    #[error("has no unit; write for example \"{0}\"")]
    NoUnit(&'static str),
    /// It does not start with digits; an example of what to write.
    #[error("must start with a whole number; write for example \"{0}\"")]
    NoNumber(&'static str),
    /// A unit nobody knows.
    #[error("has the unknown unit '{unit}'; allowed are {allowed}")]
    Unit {
        /// The unit.
        unit: String,
        /// What is known.
        allowed: &'static str,
    },
    /// Beyond what 64 bits hold.
    #[error("is too large")]
    TooLarge,
}

/// Reads `250ms`: whole numbers of us, ms, s, m (or min), h and d.
pub fn parse_duration(text: &str) -> Result<Duration, QuantityError> {
    let (number, unit) = split(text, "250ms")?;
    let nanos = match unit {
        "us" | "µs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" | "min" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "d" => 86_400_000_000_000,
        _ => {
            return Err(QuantityError::Unit {
                unit: unit.to_owned(),
                allowed: "us, ms, s, min, h, d",
            });
        }
    };
    let nanos = number.checked_mul(nanos).ok_or(QuantityError::TooLarge)?;
    Ok(Duration::from_nanos(nanos))
}

/// Reads `64MiB`: whole numbers of B, KiB, MiB, GiB and TiB.
pub(super) fn parse_size(text: &str) -> Result<u64, QuantityError> {
    let (number, unit) = split(text, "64MiB")?;
    let shift = match unit {
        "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        "TiB" => 40,
        _ => {
            return Err(QuantityError::Unit {
                unit: unit.to_owned(),
                allowed: "B, KiB, MiB, GiB, TiB",
            });
        }
    };
    number
        .checked_mul(1 << shift)
        .ok_or(QuantityError::TooLarge)
}

/// Writes a duration as it would be read.
pub fn show_duration(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    if nanos == 0 {
        return "0s".to_owned();
    }
    let units = [
        ("d", 86_400_000_000_000),
        ("h", 3_600_000_000_000),
        ("min", 60_000_000_000),
        ("s", 1_000_000_000),
        ("ms", 1_000_000),
    ];
    for (unit, size) in units {
        if nanos >= size && nanos.is_multiple_of(size) {
            return format!("{}{unit}", nanos / size);
        }
    }
    format!("{}us", duration.as_micros())
}

/// Writes a size in the largest unit that divides it.
pub fn show_size(bytes: u64) -> String {
    for (unit, shift) in [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)] {
        if bytes >= 1 << shift && bytes.is_multiple_of(1 << shift) {
            return format!("{}{unit}", bytes >> shift);
        }
    }
    format!("{bytes}B")
}

fn split<'a>(text: &'a str, example: &'static str) -> Result<(u64, &'a str), QuantityError> {
    let digits = text
        .find(|letter: char| !letter.is_ascii_digit() && letter != '_')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number = number.replace('_', "");
    if number.is_empty() || unit.starts_with('.') {
        return Err(QuantityError::NoNumber(example));
    }
    let number = number.parse().map_err(|_| QuantityError::TooLarge)?;
    match unit.trim() {
        "" => Err(QuantityError::NoUnit(example)),
        unit => Ok((number, unit)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn units_are_demanded() {
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse_duration("1 min"), Ok(Duration::from_secs(60)));
        assert_eq!(parse_duration("5"), Err(QuantityError::NoUnit("250ms")));
        assert_eq!(
            parse_duration("1.5s"),
            Err(QuantityError::NoNumber("250ms"))
        );
        assert_eq!(parse_duration("-1s"), Err(QuantityError::NoNumber("250ms")));
        assert!(matches!(
            parse_duration("5 weeks"),
            Err(QuantityError::Unit { .. })
        ));
        assert_eq!(
            parse_duration("99999999999999999999s"),
            Err(QuantityError::TooLarge)
        );
        assert_eq!(parse_size("64MiB"), Ok(64 << 20));
        assert!(matches!(
            parse_size("64MB"),
            Err(QuantityError::Unit { .. })
        ));
        assert_eq!(parse_size("99999999TiB"), Err(QuantityError::TooLarge));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(micros in 0_u64..10_000_000_000, bytes in 0_u64..1 << 50) {
            let duration = Duration::from_micros(micros);
            prop_assert_eq!(parse_duration(&show_duration(duration)), Ok(duration));
            prop_assert_eq!(parse_size(&show_size(bytes)), Ok(bytes));
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = (parse_duration(&text), parse_size(&text));
        }
    }
}
