//! Timestamps as text: `2026-11-23 06:12:26.500000`, UTC, always of this length.

use std::fmt::Write as _;
use std::ops::Range;

use gridos_model::Timestamp;

const DAY_SECONDS: i64 = 86_400;
/// A day: beyond it nothing is asked for.
const MARGIN_MICROS: i64 = DAY_SECONDS * 1_000_000;

/// Appends `time`, rounded to the microsecond before; its years, 1677 to 2262, have four digits.
pub(crate) fn push_time(time: Timestamp, out: &mut String) {
    push_micros(time.as_micros(), out);
}

fn push_micros(micros: i64, out: &mut String) {
    let (seconds, fraction) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    let (days, second) = (
        seconds.div_euclid(DAY_SECONDS),
        seconds.rem_euclid(DAY_SECONDS),
    );
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{fraction:06}"
    );
}

/// `time` as text.
pub(crate) fn time_text(time: Timestamp) -> String {
    let mut text = String::with_capacity(26);
    push_time(time, &mut text);
    text
}

/// The microsecond as text; those just outside the range of times have one, too, which sorts
/// where it should.
pub(crate) fn micros_text(micros: i64) -> String {
    let least = Timestamp::MIN.as_micros() - MARGIN_MICROS;
    let most = Timestamp::MAX.as_micros() + MARGIN_MICROS;
    let mut text = String::with_capacity(26);
    push_micros(micros.clamp(least, most), &mut text);
    text
}

/// The inverse of [`push_time`]; the epoch for what is no such text.
pub(crate) fn parse_time(text: &str) -> Timestamp {
    parse_micros(text).map_or(Timestamp::EPOCH, Timestamp::from_micros)
}

/// The microsecond that such a text means, if it is one.
pub(crate) fn parse_micros(text: &str) -> Option<i64> {
    let number = |range: Range<usize>| text.get(range)?.parse::<i64>().ok();
    let days = days(number(0..4)?, number(5..7)?, number(8..10)?);
    let seconds = number(11..13)? * 3_600 + number(14..16)? * 60 + number(17..19)?;
    Some((days * DAY_SECONDS + seconds) * 1_000_000 + number(20..26)?)
}

/// Year, month and day of the `days`-th day since 1970-01-01, in the Gregorian calendar.
///
/// Years begin in March here, so that the leap day is the last (Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms", civil_from_days).
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// The inverse of [`civil`] (ibid., days_from_civil).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let shifted_month = (month + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_instant_reads_back_and_sorts(a in any::<i64>(), b in any::<i64>()) {
            let (a, b) = (Timestamp::from_nanos(a), Timestamp::from_nanos(b));
            let (text_a, text_b) = (time_text(a), time_text(b));
            prop_assert_eq!(text_a.len(), 26);
            let whole = Timestamp::from_micros(a.as_micros());
            prop_assert_eq!(parse_time(&text_a), whole);
            prop_assert_eq!(text_a.cmp(&text_b), a.as_micros().cmp(&b.as_micros()));
        }

        #[test]
        fn it_is_the_time_that_the_model_shows(seconds in -9_000_000_000_i64..9_000_000_000) {
            let time = Timestamp::from_millis(seconds * 1_000);
            let shown = time.to_string().replace('T', " ").replace('Z', ".000000");
            prop_assert_eq!(time_text(time), shown);
        }
    }

    #[test]
    fn nonsense_is_no_time() {
        for text in [
            "",
            "yesterday",
            "2026-11-23",
            "2026-11-23 06:12:26",
            "ääääääääääääää",
        ] {
            assert_eq!(parse_time(text), Timestamp::EPOCH, "{text}");
        }
    }

    #[test]
    fn the_ends_of_time_have_a_text() {
        assert_eq!(time_text(Timestamp::MIN), "1677-09-21 00:12:43.145224");
        assert_eq!(time_text(Timestamp::MAX), "2262-04-11 23:47:16.854775");
    }
}
