//! `limits = { … }`: the alarm limits of one point.

use gridos_alarm::Limits;

use super::section::Section;

pub(super) const KEYS: &[&str] = &["high_high", "high", "low", "low_low", "deadband"];

const LIMITS: [&str; 4] = ["high_high", "high", "low", "low_low"];

/// The limits under `limits` in `point`, if they are given and possible.
pub(super) fn read(point: &Section<'_>) -> Option<Limits> {
    let title = format!("{} limits", point.title());
    let section = point.table("limits", KEYS, title)?;
    let number = |key| section.number(key).map(|found| found.value);
    let [high_high, high, low, low_low] = LIMITS.map(number);
    let deadband = number("deadband").unwrap_or(0.0);
    let none = [high_high, high, low, low_low].iter().all(Option::is_none);
    if none && LIMITS.iter().any(|key| section.has(key)) {
        // Given, but none can be read: that was reported.
        return None;
    }
    match Limits::new(high_high, high, low, low_low, deadband) {
        Ok(limits) => Some(limits),
        Err(error) => {
            section.report(error);
            None
        }
    }
}
