//! An alert: one occurrence of one alarm, as it is told outside.

use gridos_alarm::{Case, Condition, Definition};
use gridos_model::{AlarmId, AlarmKind, Level, Priority, Timestamp};
use gridos_pipeline::BookEntry;
use serde::{Deserialize, Serialize};

/// One occurrence of one alarm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// The alarm's name: `device.point:kind`, or `device:link`.
    pub alarm: String,
    /// Its occurrence.
    pub occurrence: u64,
    /// The device.
    pub device: String,
    /// The point; empty for an alarm of the device.
    pub point: String,
    /// The operators' area.
    pub area: String,
    /// What it watches for.
    pub kind: String,
    /// The priority of the worst level.
    pub priority: String,
    /// The worst level.
    pub level: String,
    /// The value that brought it; absent if none did.
    pub value: Option<f64>,
    /// The limit of the worst level; absent where there are none.
    #[serde(default)]
    pub limit: Option<f64>,
    /// The point's unit.
    pub unit: String,
    /// What it means and what to do.
    pub response: String,
    /// When it was raised, on the engine's clock, in nanoseconds since 1970.
    pub starts_ns: i64,
    /// When it returned to normal; absent while it is active.
    pub ends_ns: Option<i64>,
}

impl Alert {
    /// The present or last occurrence of `case`, whose alarm is `entry`. `unit` is its point's.
    ///
    /// The level of an occurrence that is over is `normal`: [`Self::follow`] gives it the worst one.
    pub fn of(case: &Case, entry: &BookEntry, unit: &str) -> Self {
        let owner = entry.owner();
        let (device, point) = match entry.point {
            Some(_) => owner.rsplit_once('.').unwrap_or((&owner, "")),
            None => (&owner[..], ""),
        };
        let worst = case.worst.or(case.raised);
        let ended = case.returned.filter(|_| !case.facts.is_active());
        Self {
            alarm: entry.name(),
            occurrence: case.occurrence,
            device: device.to_owned(),
            point: point.to_owned(),
            area: entry.area.to_string(),
            kind: entry.kind().name().to_owned(),
            priority: case.facts.priority.name().to_owned(),
            level: case.facts.worst.name().to_owned(),
            value: worst
                .map(|moment| moment.value)
                .filter(|value| value.is_finite()),
            limit: limit(&entry.definition, case.facts.worst),
            unit: unit.to_owned(),
            response: entry.definition.response.clone(),
            starts_ns: case.raised.map_or(0, |moment| moment.received.as_nanos()),
            ends_ns: ended.map(|moment| moment.received.as_nanos()),
        }
    }

    /// Whose occurrence is over takes over how bad it was, as far as it was told `before`: the case
    /// has forgotten its worst level, and what happened while it was hidden nobody knows.
    pub(crate) fn follow(&mut self, before: &Self) {
        if self.ends_ns.is_some() {
            self.level.clone_from(&before.level);
            self.priority.clone_from(&before.priority);
            (self.value, self.limit) = (before.value, before.limit);
        }
    }

    /// Whether it is of the same occurrence as what was known `before`. A number alone does not say so:
    /// it comes again if an engine died before what it counted was durable.
    pub(crate) fn is_of_occurrence(&self, before: &Self) -> bool {
        self.occurrence == before.occurrence && self.starts_ns <= before.starts_ns
    }

    /// When it was raised.
    pub fn starts(&self) -> Timestamp {
        Timestamp::from_nanos(self.starts_ns)
    }

    /// When it returned to normal.
    pub fn ends(&self) -> Option<Timestamp> {
        self.ends_ns.map(Timestamp::from_nanos)
    }

    /// How urgent it is.
    pub fn urgency(&self) -> Priority {
        Priority::of_name(&self.priority).unwrap_or_default()
    }

    /// The alarm's id.
    pub fn id(&self) -> Option<AlarmId> {
        AlarmId::of_name(&self.alarm)
    }

    /// It in a line, as it is read on a pager: what, where, how much.
    pub fn summary(&self) -> String {
        let owner = match &self.point[..] {
            "" => self.device.clone(),
            point => format!("{}.{point}", self.device),
        };
        let what = self.what();
        match self.ends_ns {
            Some(_) => format!("{owner}: back to normal, was {what}"),
            None => format!("{owner}: {what}"),
        }
    }

    fn what(&self) -> String {
        let level = self.level.replace('_', "-");
        let value = self.value.map(|value| with_unit(value, &self.unit));
        let at = |what: String| match &value {
            Some(value) => format!("{what} at {value}"),
            None => what,
        };
        let unit = &self.unit;
        match AlarmKind::of_name(&self.kind) {
            Some(AlarmKind::Limit) => self.beyond(at(level), unit),
            Some(AlarmKind::Deviation) => self.beyond(at(format!("deviation {level}")), unit),
            Some(AlarmKind::Rate) => {
                self.beyond(at(format!("change {level}")), &format!("{unit}/s"))
            }
            Some(AlarmKind::State) => match self.value {
                Some(state) => format!("in state {}", readable(state)),
                None => "in an abnormal state".to_owned(),
            },
            Some(AlarmKind::Chatter) => "changing too often".to_owned(),
            Some(AlarmKind::Quality) => "of bad quality".to_owned(),
            Some(AlarmKind::Stale) => "without readings".to_owned(),
            Some(AlarmKind::Frozen) => at("frozen".to_owned()),
            Some(AlarmKind::Link) => "communication lost".to_owned(),
            None => at(format!("{} {level}", self.kind)),
        }
    }

    fn beyond(&self, what: String, unit: &str) -> String {
        match self.limit {
            Some(limit) => format!("{what}, limit {}", with_unit(limit, unit)),
            None => what,
        }
    }
}

/// The limit of `level`, where the definition has limits.
fn limit(definition: &Definition, level: Level) -> Option<f64> {
    match &definition.condition {
        Condition::Limit(limits)
        | Condition::Deviation { limits, .. }
        | Condition::Rate { limits, .. } => limits.limit(level),
        Condition::State(_)
        | Condition::Chatter(_)
        | Condition::Quality
        | Condition::Stale { .. }
        | Condition::Frozen { .. }
        | Condition::Link => None,
    }
}

fn with_unit(value: f64, unit: &str) -> String {
    let value = readable(value);
    match unit {
        "" => value,
        unit => format!("{value} {unit}"),
    }
}

/// Seven digits are more than any transducer has, and hide that 32 bits hold no 101.3.
fn readable(value: f64) -> String {
    let rounded = format!("{value:.6e}").parse().unwrap_or(value);
    let size = rounded.abs();
    match size == 0.0 || (1e-4..1e12).contains(&size) {
        true => format!("{rounded}"),
        false => format!("{rounded:e}"),
    }
}
