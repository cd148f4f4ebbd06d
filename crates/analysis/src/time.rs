//! Durations as Go writes them.

use std::time::Duration;

/// Reads `5m`, `1m30s`, `500ms`, `1.5h`; `None` if it is none, or negative.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut sum = Duration::ZERO;
    if text == "0" {
        return Some(sum);
    }
    if text.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let number_ends = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let (number, unit) = rest.split_at(number_ends);
        let unit_ends = unit.find(|letter: char| letter.is_ascii_digit() || letter == '.');
        let (unit, next) = unit.split_at(unit_ends.unwrap_or(unit.len()));
        let seconds = match unit {
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            _ => return None,
        };
        let part = number.parse::<f64>().ok()? * seconds;
        sum = sum.checked_add(Duration::try_from_secs_f64(part).ok()?)?;
        rest = next;
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_writes_them() {
        let seconds = |text: &str| duration(text).map(|time| time.as_secs_f64());
        assert_eq!(seconds("5m"), Some(300.0));
        assert_eq!(seconds("1m30s"), Some(90.0));
        assert_eq!(seconds("500ms"), Some(0.5));
        assert_eq!(seconds("1.5h"), Some(5_400.0));
        assert_eq!(seconds("0"), Some(0.0));
        for wrong in [
            "",
            "5",
            "m",
            "5 m",
            "-5m",
            "5d",
            "1..5s",
            "∞s",
            "99999999999999999999999h",
        ] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }
}
