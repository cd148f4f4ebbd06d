//! The view of minutes: what is before a stream's last turn is in it once, and nothing else.

use std::collections::BTreeMap;

use gridos_model::Quality;

use crate::row::{Number, Row};

const MINUTE_MICROS: i64 = 60_000_000;

/// What one point did in one minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Minute {
    pub(crate) count: u64,
    pub(crate) good: u64,
    pub(crate) min: Number,
    pub(crate) max: Number,
}

/// The minutes of points by name and beginning, in microseconds since 1970.
pub(crate) type Minutes = BTreeMap<(String, i64), Minute>;

/// Adds a row, if it is a reading.
pub(crate) fn add(minutes: &mut Minutes, row: &Row) {
    let Row::Reading {
        point,
        micros,
        value,
        quality,
    } = row
    else {
        return;
    };
    let start = micros.div_euclid(MINUTE_MICROS) * MINUTE_MICROS;
    let minute = minutes.entry((point.clone(), start)).or_default();
    minute.count += 1;
    let is_bad = Quality::from_bits_retain(*quality).is_bad();
    if !is_bad && value.0.is_some_and(f64::is_finite) {
        minute.good += 1;
        minute.max = minute.max.max(*value);
        minute.min = match minute.min {
            Number(None) => *value,
            min => min.min(*value),
        };
    }
}

/// The first difference, in words.
pub(crate) fn difference(expected: &Minutes, found: &Minutes) -> Result<(), String> {
    let places = expected.keys().chain(found.keys());
    for place in places {
        let (expected, found) = (expected.get(place), found.get(place));
        if expected != found {
            return Err(format!(
                "minute {place:?}: {found:?} instead of {expected:?}"
            ));
        }
    }
    Ok(())
}
