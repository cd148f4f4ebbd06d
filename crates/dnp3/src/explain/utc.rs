//! Milliseconds as a date.

use std::fmt;

/// Milliseconds since 1970-01-01 00:00 UTC, shown as `2023-11-14 22:13:20.000 UTC`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Utc(pub u64);

const DAY: u64 = 86_400_000;
/// Days of 400 years: the calendar repeats after them.
const ERA_DAYS: u64 = 146_097;
/// Days from 0000-03-01 to 1970-01-01.
const DAYS_BEFORE_1970: u64 = 719_468;

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, rest) = (self.0 / DAY, self.0 % DAY);
        let (year, month, day) = date(days);
        let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60);
        let (second, milli) = (rest / 1_000 % 60, rest % 1_000);
        write!(
            f,
            "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{milli:03} UTC"
        )
    }
}

/// Year, month and day, so many days after 1970-01-01. Years are counted from March on, so that
/// the day which not all of them have is their last.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + DAYS_BEFORE_1970;
    let (era, day) = (days / ERA_DAYS, days % ERA_DAYS);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let is_next_year = month >= 10;
    let month = if is_next_year { month - 9 } else { month + 3 };
    (400 * era + year + u64::from(is_next_year), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_dates() {
        for (milliseconds, shown) in [
            (0, "1970-01-01 00:00:00.000 UTC"),
            (951_782_399_999, "2000-02-28 23:59:59.999 UTC"),
            (951_782_400_000, "2000-02-29 00:00:00.000 UTC"),
            (1_700_000_000_002, "2023-11-14 22:13:20.002 UTC"),
            (1_735_689_599_999, "2024-12-31 23:59:59.999 UTC"),
            (4_107_542_400_000, "2100-03-01 00:00:00.000 UTC"),
            ((1 << 48) - 1, "10889-08-02 05:31:50.655 UTC"),
        ] {
            assert_eq!(Utc(milliseconds).to_string(), shown);
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut last = date(0);
        for days in 1..400 * 366 {
            let next = date(days);
            let is_next_day = next.0 == last.0 && next.1 == last.1 && next.2 == last.2 + 1;
            let is_next_month = next.2 == 1 && last.2 >= 28;
            assert!(is_next_day || is_next_month, "{last:?} {next:?}");
            last = next;
        }
    }
}
