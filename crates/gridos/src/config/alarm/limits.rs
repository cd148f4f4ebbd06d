//! `limits = { … }`: the alarm limits of one point.

use gridos_alarm::{Condition, Deadbands, Limits, LimitsError, LimitsSpec};

use super::super::section::Section;
use super::behaviour;
use super::entry::Entry;

pub(in super::super) const KEYS: &[&str] = &[
    "high_high",
    "high",
    "low",
    "low_low",
    "deadband",
    "deadbands",
    "priority",
    "on_delay",
    "off_delay",
    "count",
    "needs_acknowledgement",
    "latches",
    "re_alarm",
    "enabled",
    "response",
];

const LIMITS: [&str; 4] = ["high_high", "high", "low", "low_low"];

/// The keys of the deadbands of single limits.
pub(in super::super) const DEADBAND_KEYS: &[&str] = &LIMITS;

/// The alarm under `limits` in `point`, if it is given and possible.
pub(super) fn read(point: &Section<'_>) -> Option<Entry> {
    let title = format!("{} limits", point.title());
    let section = point.table("limits", KEYS, title)?;
    let definition = behaviour::read(&section, read_ladder(&section).map(Condition::Limit))?;
    Some(Entry::new(&section, definition))
}

/// The limits among the keys of `section`, if they are possible.
pub(super) fn read_ladder(section: &Section<'_>) -> Option<Limits> {
    let number = |key| section.number(key).map(|found| found.value);
    let limits = LIMITS.map(number);
    let title = format!("{} deadbands", section.title());
    let table = section.table("deadbands", DEADBAND_KEYS, title);
    let own = |key| {
        let own = table.as_ref()?.number(key)?.value;
        // Of a limit that cannot be read it is nobody's fault.
        let is_unread = number(key).is_none() && section.has(key);
        (!is_unread).then_some(own)
    };
    let [high_high, high, low, low_low] = limits;
    let [high_high_own, high_own, low_own, low_low_own] = LIMITS.map(own);
    let spec = LimitsSpec {
        high_high,
        high,
        low,
        low_low,
        deadband: number("deadband").unwrap_or(0.0),
        deadbands: Deadbands {
            high_high: high_high_own,
            high: high_own,
            low: low_own,
            low_low: low_low_own,
        },
    };
    match Limits::try_from(spec) {
        Ok(limits) => Some(limits),
        Err(errors) => {
            let errors = errors.as_slice().iter();
            errors.for_each(|error| tell(section, table.as_ref(), error));
            None
        }
    }
}

/// Reports `error` at its key. What cannot be read was reported: it is not missing.
fn tell(section: &Section<'_>, deadbands: Option<&Section<'_>>, error: &LimitsError) {
    let is_given = || LIMITS.iter().any(|key| section.has(key));
    match (error, deadbands) {
        (LimitsError::NoLimit, _) if is_given() => {}
        (LimitsError::NoLimit, _) => section.report(error),
        (_, Some(own)) if error.is_of_deadbands() => own.fault(error.key(), error),
        _ => section.fault(error.key(), error),
    }
}
