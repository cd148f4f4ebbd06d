//! How an alarm behaves, whatever it watches for: priority, delays, acknowledgement, latch.

use std::ops::RangeInclusive;
use std::time::Duration;

use gridos_alarm::{COUNT_MAX, Condition, CountRule, DELAY_MAX, Definition, Priorities};
use gridos_model::Priority;

use super::super::section::Section;

/// The keys of a priority that is not the same for all levels.
pub(in super::super) const PRIORITY_KEYS: &[&str] = &["outer", "inner"];

/// The keys of a count rule.
pub(in super::super) const COUNT_KEYS: &[&str] = &["times", "within"];

/// What a delay may be.
const DELAYS: RangeInclusive<Duration> = Duration::ZERO..=DELAY_MAX;

/// What a window or an age may be.
pub(super) const PERIODS: RangeInclusive<Duration> = Duration::from_millis(1)..=DELAY_MAX;

const PRIORITIES: [(&str, Priority); 4] = [
    (Priority::Low.name(), Priority::Low),
    (Priority::Medium.name(), Priority::Medium),
    (Priority::High.name(), Priority::High),
    (Priority::Urgent.name(), Priority::Urgent),
];

/// The definition of an alarm that watches for `condition` and behaves as `section` says. Without a
/// condition, which was reported, there is none, but the faults of the rest are told.
pub(super) fn read(section: &Section<'_>, condition: Option<Condition>) -> Option<Definition> {
    let is_known = condition.is_some();
    let definition = Definition::new(condition.unwrap_or(Condition::Quality));
    Some(amended(section, definition)).filter(|_| is_known)
}

/// `definition` with what `section` says instead of its own.
pub(super) fn amended(section: &Section<'_>, definition: Definition) -> Definition {
    let delay = |key, own| {
        let found = section.duration(key, &DELAYS);
        found.map_or(own, |found| found.value)
    };
    let flag = |key, own| section.flag(key).unwrap_or(own);
    let re_alarms = Duration::from_secs(60)..=DELAY_MAX;
    let re_alarm = section.duration("re_alarm", &re_alarms);
    let response = section.text("response");
    let definition = Definition {
        priority: read_priority(section).unwrap_or(definition.priority),
        on_delay: delay("on_delay", definition.on_delay),
        off_delay: delay("off_delay", definition.off_delay),
        count: read_count(section).or(definition.count),
        needs_acknowledgement: flag("needs_acknowledgement", definition.needs_acknowledgement),
        latches: flag("latches", definition.latches),
        re_alarm: re_alarm.map(|found| found.value).or(definition.re_alarm),
        is_enabled: flag("enabled", definition.is_enabled),
        response: response.map_or(definition.response, |found| found.value.to_owned()),
        condition: definition.condition,
    };
    if let Err(errors) = definition.check() {
        // What is in a table was read within its bounds.
        let errors = errors.iter();
        errors.for_each(|error| section.fault(error.key(), error));
    }
    definition
}

/// A word for all levels, or a table of those of the outer and of the inner ones.
fn read_priority(section: &Section<'_>) -> Option<Priorities> {
    if !section.is_table("priority") {
        let all = section.choice("priority", &PRIORITIES)?.value;
        return Some(Priorities {
            outer: all,
            inner: all,
        });
    }
    let title = format!("{} priority", section.title());
    let levels = section.table("priority", PRIORITY_KEYS, title)?;
    let level = |key| levels.choice(key, &PRIORITIES).map(|found| found.value);
    let default = Priorities::default();
    Some(Priorities {
        outer: level("outer").unwrap_or(default.outer),
        inner: level("inner").unwrap_or(default.inner),
    })
}

fn read_count(section: &Section<'_>) -> Option<CountRule> {
    let title = format!("{} count", section.title());
    read_rule(&section.table("count", COUNT_KEYS, title)?)
}

/// The keys `times` and `within` of `section`, both of which must be there.
pub(super) fn read_rule(section: &Section<'_>) -> Option<CountRule> {
    let times = section.whole("times", 2..=COUNT_MAX);
    let times = section.demand("times", times, "times = 5");
    let within = section.duration("within", &PERIODS);
    let within = section.demand("within", within, "within = \"1min\"");
    Some(CountRule {
        times: times?.value,
        within: within?.value,
    })
}
