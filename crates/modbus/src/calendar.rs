//! Calendar time in four registers (IEC 60870-5-101, 7.2.6.18: CP56Time2a).

/// Milliseconds since 1970 of the calendar time in `bits`, whose most significant bytes are a
/// reserved one and the year; `None` if the source calls it invalid or there is no such instant.
///
/// The time is taken as UTC; the flag for summer time is not looked at.
pub(crate) fn millis(bits: u64) -> Option<i64> {
    let [_, year, month, day, hour, minute, high, low] = bits.to_be_bytes();
    let is_invalid = minute & 0x80 != 0;
    let year = 2_000 + i64::from(year & 0x7f);
    let (month, day) = (i64::from(month & 0x0f), i64::from(day & 0x1f));
    let (hour, minute) = (i64::from(hour & 0x1f), i64::from(minute & 0x3f));
    let millis = i64::from(u16::from_be_bytes([high, low]));
    let is_time = hour < 24 && minute < 60 && millis < 60_000;
    if is_invalid || !is_time || !(1..=days_of(year, month)?).contains(&day) {
        return None;
    }
    let minutes = (days_since_1970(year, month, day) * 24 + hour) * 60 + minute;
    Some(minutes * 60_000 + millis)
}

/// How many days the month has, or `None` if there is no such month.
fn days_of(year: i64, month: i64) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => Some(if is_leap { 29 } else { 28 }),
        4 | 6 | 9 | 11 => Some(30),
        1..=12 => Some(31),
        _ => None,
    }
}

/// Days from 1970-01-01 to a day of the Gregorian calendar after the year 1600.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    // Years that begin in March have their leap day at the end.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days_before_month = (153 * month + 2) / 5;
    let days_before_year = year * 365 + year / 4 - year / 100 + year / 400;
    const DAYS_BEFORE_1970: i64 = 719_468;
    days_before_year + days_before_month + day - 1 - DAYS_BEFORE_1970
}

#[cfg(test)]
mod tests {
    use gridos_model::Timestamp;

    use super::*;

    /// The four registers in the order `abcd`.
    fn bits(words: [u16; 4]) -> u64 {
        words
            .into_iter()
            .fold(0, |bits, word| bits << 16 | u64::from(word))
    }

    fn shown(words: [u16; 4]) -> Option<String> {
        let millis = millis(bits(words))?;
        Some(Timestamp::from_millis(millis).to_string())
    }

    #[test]
    fn instants_are_those_of_the_calendar() {
        for (words, expected) in [
            ([26, 0x0b17, 0x060c, 26_123], "2026-11-23T06:12:26.123Z"),
            ([0, 0x0101, 0, 0], "2000-01-01T00:00:00Z"),
            ([24, 0x021d, 0x173b, 59_999], "2024-02-29T23:59:59.999Z"),
            ([100, 0x0301, 0, 0], "2100-03-01T00:00:00Z"),
            ([127, 0x0c1f, 0, 0], "2127-12-31T00:00:00Z"),
        ] {
            assert_eq!(shown(words).as_deref(), Some(expected));
        }
        // Day of the week and summer time beside day and hour change nothing.
        assert_eq!(
            shown([26, 0x0bf7, 0x860c, 26_123]),
            shown([26, 0x0b17, 0x060c, 26_123])
        );
    }

    #[test]
    fn what_is_no_instant_is_none() {
        for words in [
            [26, 0x0001, 0, 0],
            [26, 0x0d01, 0, 0],
            [26, 0x0100, 0, 0],
            [26, 0x021d, 0, 0],
            [100, 0x021d, 0, 0],
            [26, 0x0101, 0x1800, 0],
            [26, 0x0101, 0x003c, 0],
            [26, 0x0101, 0, 60_000],
            [26, 0x0101, 0x0080, 0],
            [0xffff; 4],
            [0; 4],
        ] {
            assert_eq!(shown(words), None, "{words:04x?}");
        }
    }
}
