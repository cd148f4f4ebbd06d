//! How many alarms there are, and what about them is allowed, but probably not meant.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use gridos_alarm::{Condition, Definition, Limits};
use gridos_collect::dnp3::PointKind;
use gridos_modbus::{Kind, RegisterPoint};
use gridos_model::{AlarmKind, Level, Priority};

use crate::config::bounds::quantity;
use crate::config::{Config, Device, Fleet, Profile, Protocol, show_duration};

/// More alarms of one device than this are seldom looked at one by one when they are configured.
const ALARMS_PER_DEVICE: usize = 200;

/// The alarms of a fleet, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlarmCounts {
    /// Those that are switched on, by kind.
    pub kinds: BTreeMap<AlarmKind, usize>,
    /// What they can tell, by priority: a limit alarm with high and high-high counts twice.
    pub priorities: BTreeMap<Priority, usize>,
    /// Those that are switched off.
    pub disabled: usize,
}

impl AlarmCounts {
    pub(super) fn of(fleet: &Fleet) -> Self {
        let mut counts = Self::default();
        for alarm in fleet.alarms() {
            let definition = &alarm.defined.definition;
            if !definition.is_enabled {
                counts.disabled += 1;
                continue;
            }
            *counts.kinds.entry(alarm.kind()).or_default() += 1;
            for level in levels(&definition.condition) {
                let priority = definition.priority.of(level);
                *counts.priorities.entry(priority).or_default() += 1;
            }
        }
        counts
    }

    /// How many are switched on.
    pub fn enabled(&self) -> usize {
        self.kinds.values().sum()
    }

    /// The share of each priority beside that which EEMUA 191 suggests; empty without alarms.
    pub(super) fn split(&self) -> String {
        let all: usize = self.priorities.values().sum();
        let share = |(priority, count): (&Priority, &usize)| {
            format!(
                "{:.0} % {priority}",
                quantity(*count) / quantity(all) * 100.0
            )
        };
        let shares: Vec<String> = self.priorities.iter().map(share).collect();
        match all {
            0 => String::new(),
            _ => format!(
                "{} (EEMUA 191 suggests 80 % low, 15 % medium, 5 % high)",
                shares.join(", ")
            ),
        }
    }
}

impl fmt::Display for AlarmCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.enabled())?;
        let kinds = self.kinds.iter();
        let kinds: Vec<String> = kinds
            .map(|(kind, count)| format!("{count} {kind}"))
            .collect();
        if !kinds.is_empty() {
            write!(f, ": {}", kinds.join(", "))?;
        }
        match self.disabled {
            0 => Ok(()),
            count => write!(f, " ({count} more are switched off)"),
        }
    }
}

/// The levels that an alarm can have, but for normal.
fn levels(condition: &Condition) -> Vec<Level> {
    let ladder = [Level::HighHigh, Level::High, Level::Low, Level::LowLow];
    match limits_of(condition) {
        Some(limits) => {
            let has = |level: &Level| limits.limit(*level).is_some();
            ladder.into_iter().filter(has).collect()
        }
        None => vec![Level::Abnormal],
    }
}

fn limits_of(condition: &Condition) -> Option<&Limits> {
    match condition {
        Condition::Limit(limits)
        | Condition::Deviation { limits, .. }
        | Condition::Rate { limits, .. } => Some(limits),
        Condition::State(_)
        | Condition::Chatter(_)
        | Condition::Quality
        | Condition::Stale { .. }
        | Condition::Frozen { .. }
        | Condition::Link => None,
    }
}

/// Warnings of the profiles of `config`, and of its enabled devices.
pub(super) fn warnings(config: &Config, fleet: &Fleet, enabled: &[&Device]) -> Vec<String> {
    let mut warnings = Vec::new();
    for profile in &config.profiles {
        warnings.extend(trembling(profile));
        warnings.extend(hasty(profile));
    }
    warnings.extend(too_many(fleet, enabled));
    warnings
}

/// A value that trembles around its limit raises an alarm each time.
fn trembling(profile: &Profile) -> Option<String> {
    let is_trembling = |definition: &Definition| {
        let is_immediate = definition.on_delay.is_zero() && definition.off_delay.is_zero();
        let limits = limits_of(&definition.condition);
        let mut levels = levels(&definition.condition).into_iter();
        let is_sharp = |level| limits.is_some_and(|limits| limits.deadband_of(level) == 0.0);
        definition.is_enabled && is_immediate && levels.any(is_sharp)
    };
    let found = profile.alarms().iter();
    let found = found.filter(|(at, alarm)| is_trembling(alarm) && is_analog(profile, *at));
    let names: Vec<&str> = found.filter_map(|(at, _)| name_of(profile, *at)).collect();
    let first = names.first()?;
    Some(format!(
        "profile '{}': {} alarms ('{first}' first) have limits without a deadband and without a \
         delay: a value that trembles around its limit floods the operator; write a deadband",
        profile.name,
        names.len()
    ))
}

/// A value that is not a bit or one of some states.
fn is_analog(profile: &Profile, position: usize) -> bool {
    let has_states = |states: &[(usize, _)]| states.iter().any(|(at, _)| *at == position);
    match &profile.protocol {
        Protocol::Modbus(map) => {
            let kind = map.plan.points().get(position).map(|point| point.kind);
            !matches!(kind, Some(Kind::Bool | Kind::Bit(_))) && !has_states(&map.states)
        }
        Protocol::Dnp3(map) => {
            let kind = map.map.points().get(position).map(|point| point.kind);
            let is_state = matches!(
                kind,
                Some(PointKind::Binary | PointKind::DoubleBit | PointKind::BinaryOutput)
            );
            !is_state && !has_states(&map.states)
        }
        Protocol::Push(_) => true,
    }
}

/// An alarm that no reading came in less time than readings may be apart is false.
fn hasty(profile: &Profile) -> Option<String> {
    let found = profile.alarms().iter().filter_map(|(at, alarm)| {
        let (Condition::Stale { after } | Condition::Frozen { after }) = &alarm.condition else {
            return None;
        };
        let period = period(profile, *at)?;
        let is_hasty = alarm.is_enabled && *after < period * 2;
        is_hasty.then_some((*at, alarm.condition.kind(), *after, period))
    });
    let found: Vec<_> = found.collect();
    let (at, kind, after, period) = *found.first()?;
    Some(format!(
        "profile '{}': {} alarms ('{}:{kind}' first, after {}) are shorter than twice the time \
         that two readings may be apart ({}); one lost reading is an alarm",
        profile.name,
        found.len(),
        name_of(profile, at)?,
        show_duration(after),
        show_duration(period)
    ))
}

/// How far two readings of a point may be apart though all is well, before a device's own factor.
fn period(profile: &Profile, position: usize) -> Option<Duration> {
    match &profile.protocol {
        Protocol::Modbus(map) => {
            let point: &RegisterPoint = map.plan.points().get(position)?;
            let scan = *map.scan_periods.get(point.scan)?;
            let report = point.report.as_ref();
            Some(report.map_or(scan, |report| report.at_least.max(scan)))
        }
        Protocol::Dnp3(map) => map.treatment.config.integrity_period,
        Protocol::Push(_) => None,
    }
}

fn too_many(fleet: &Fleet, enabled: &[&Device]) -> Option<String> {
    let count = |at: usize| {
        let device = fleet.devices.get(at)?;
        let alarms = device.alarms.iter().map(|(_, alarm)| alarm);
        let alarms = alarms.chain(&device.link_alarm);
        Some(alarms.filter(|alarm| alarm.is_enabled).count())
    };
    let devices = enabled.iter().enumerate();
    let devices = devices.filter_map(|(at, device)| Some((*device, count(at)?)));
    let over: Vec<_> = devices
        .filter(|(_, count)| *count > ALARMS_PER_DEVICE)
        .collect();
    let (first, count) = over.first()?;
    Some(format!(
        "{} devices ('{}' first, with {count}) have more than {ALARMS_PER_DEVICE} alarms each: \
         each should have a reason, and somebody who does something about it",
        over.len(),
        first.name
    ))
}

fn name_of(profile: &Profile, position: usize) -> Option<&str> {
    profile.point_names().get(position).copied()
}

#[cfg(test)]
mod tests {
    use super::super::Report;
    use super::*;

    fn report(points: &str) -> Report {
        let text = format!(
            "[[profile]]\nname = \"p\"\nprotocol = \"modbus\"\npoint = [{points}]\n\
             [[device]]\nname = \"d\"\nprofile = \"p\"\naddress = \"h\"\n"
        );
        let no_files = |_: &std::path::Path| Ok(Vec::new());
        let config = Config::parse(&text, "g.toml", [("", ""); 0], &no_files);
        Report::of(&config.unwrap_or_else(|faults| panic!("{faults}"))).unwrap()
    }

    #[test]
    fn alarms_are_counted_by_kind_and_by_what_they_can_tell() {
        let report = report(
            "{ name = \"a\", input = 0, limits = { high = 1, high_high = 2, deadband = 0.1 } },\
             { name = \"b\", input = 1, limits = { high = 1, deadband = 0.1, enabled = false }, \
             alarm = [{ kind = \"state\", abnormal = [1], priority = \"urgent\" }] }",
        );
        let text = report.to_string();
        let lines = "\nalarms                  3: 1 limit, 1 state, 1 link (1 more are switched off)\n\
                     alarm priorities        25 % low, 25 % medium, 25 % high, 25 % urgent (EEMUA";
        assert!(text.contains(lines), "{text}");
    }

    #[test]
    fn limits_that_flood_are_warned_of() {
        let is_warned = |point: &str| {
            let warnings = report(&format!("{{ name = \"a\", {point} }}")).warnings;
            warnings.iter().any(|warning| warning.contains("trembles"))
        };
        assert!(is_warned("input = 0, limits = { high = 1 }"));
        assert!(is_warned(
            "input = 0, alarm = [{ kind = \"rate\", high = 1 }]"
        ));
        for point in [
            "input = 0, limits = { high = 1, deadband = 0.1 }",
            "input = 0, limits = { high = 1, on_delay = \"1s\" }",
            "input = 0, limits = { high = 1, off_delay = \"1s\" }",
            "input = 0, limits = { high = 1, enabled = false }",
            "discrete = 0, limits = { high = 1 }",
            "input = 0, type = \"bit3\", limits = { high = 1 }",
            "input = 0, states = { 0 = \"x\" }, limits = { high = 1 }",
        ] {
            assert!(!is_warned(point), "{point}");
        }
    }

    #[test]
    fn an_age_below_two_scans_is_warned_of() {
        let is_warned = |point: &str| {
            let warnings = report(&format!("{{ name = \"a\", input = 0, {point} }}")).warnings;
            warnings
                .iter()
                .any(|warning| warning.contains("shorter than twice"))
        };
        let stale = |after: &str| format!("alarm = [{{ kind = \"stale\", after = \"{after}\" }}]");
        assert!(is_warned(&stale("1999ms")));
        assert!(!is_warned(&stale("2s")));
        assert!(is_warned(&format!("scan = \"slow\", {}", stale("119s"))));
        assert!(is_warned(&format!("report = {{}}, {}", stale("19min"))));
        assert!(!is_warned(&format!("report = {{}}, {}", stale("20min"))));
    }

    #[test]
    fn a_device_with_too_many_alarms_is_warned_of() {
        let count = |points: usize| {
            let point = |at: usize| {
                format!("{{ name = \"a{at}\", input = {at}, alarm = [{{ kind = \"quality\" }}] }}")
            };
            let points: Vec<String> = (0..points).map(point).collect();
            let warnings = report(&points.join(", ")).warnings;
            warnings
                .iter()
                .filter(|warning| warning.contains("have more than 200"))
                .count()
        };
        assert_eq!((count(199), count(200)), (0, 1));
    }
}
