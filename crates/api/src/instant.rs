//! Instants as clients write them: RFC 3339, or relative to now.

use std::time::Duration;

use gridos_model::Timestamp;

/// The text is neither RFC 3339 nor relative.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is no time; write RFC 3339 (2026-11-23T06:12:26.5Z), 'now', or a time ago such as -30s, \
     -15m, -2h or -7d"
)]
pub struct ParseInstantError;

/// The instant that `text` means at `now`: RFC 3339, `now`, or a time ago such as `-15m`.
///
/// # Errors
/// If it is neither.
pub fn parse_instant(text: &str, now: Timestamp) -> Result<Timestamp, ParseInstantError> {
    if text == "now" {
        return Ok(now);
    }
    if let Some(ago) = text.strip_prefix('-')
        && let Some(ago) = parse_span(ago)
    {
        return Ok(now.saturating_sub(ago));
    }
    let absolute = text.parse().or_else(|error| {
        // A '+' that was not encoded as %2B arrives as a space; it stands before the zone.
        let (time, zone) = text.rsplit_once(' ').ok_or(error)?;
        format!("{time}+{zone}").parse()
    });
    absolute.map_err(|_| ParseInstantError)
}

/// A span as in a time ago: `30s`, `15m`, `2h`, `7d`, `1w`.
pub(crate) fn parse_span(text: &str) -> Option<Duration> {
    let unit = text.chars().next_back()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 7 * 86_400,
        _ => return None,
    };
    let count = &text[..text.len() - unit.len_utf8()];
    if !count.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u64 = count.parse().ok()?;
    count.checked_mul(seconds).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_414_346_000);

    #[test]
    fn absolute_and_relative_times_are_understood() {
        let at = |text: &str| parse_instant(text, NOW).unwrap().to_string();
        assert_eq!(at("2026-11-23T06:12:26.5Z"), "2026-11-23T06:12:26.5Z");
        assert_eq!(at("2026-11-23T07:12:26+01:00"), "2026-11-23T06:12:26Z");
        assert_eq!(at("2026-11-23T07:12:26 01:00"), "2026-11-23T06:12:26Z");
        assert_eq!(parse_instant("now", NOW), Ok(NOW));
        for (text, seconds) in [
            ("-30s", 30),
            ("-15m", 900),
            ("-2h", 7_200),
            ("-1w", 604_800),
        ] {
            let ago = NOW.since(parse_instant(text, NOW).unwrap());
            assert_eq!(ago, Duration::from_secs(seconds), "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "-",
            "-m",
            "15m",
            "-1.5h",
            "--1h",
            "-+1h",
            "-5µ",
            "yesterday",
            " ",
        ] {
            assert_eq!(parse_instant(text, NOW), Err(ParseInstantError), "{text}");
        }
        assert!(parse_instant("-99999999999999999999s", NOW).is_err());
        assert!(parse_instant("-18446744073709551615s", NOW).unwrap() < Timestamp::EPOCH);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = parse_instant(&text, NOW);
        }

        #[test]
        fn what_is_shown_is_understood(nanos in any::<i64>()) {
            let time = Timestamp::from_nanos(nanos);
            prop_assert_eq!(parse_instant(&time.to_string(), NOW), Ok(time));
        }
    }
}
