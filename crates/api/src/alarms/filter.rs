//! Which alarms are wanted.

use gridos_alarm::Case;
use gridos_model::{
    AlarmFacts, AlarmFlags, AlarmKind, AlarmState, DeviceIndex, PointIndex, Priority,
};
use gridos_pipeline::BookEntry;

use crate::latest::unknown;
use crate::parameters::{Parameters, bad};
use crate::problem::Problem;
use crate::state::ApiState;

/// What is asked of an alarm; of each list that is not empty, one must fit.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Filter {
    states: Vec<AlarmState>,
    kinds: Vec<AlarmKind>,
    devices: Vec<DeviceIndex>,
    points: Vec<PointIndex>,
    areas: Vec<String>,
    priority_min: Option<Priority>,
    active: Option<bool>,
    acknowledged: Option<bool>,
    hidden: Option<bool>,
    /// A part of the name, in lower case.
    part: String,
}

impl Filter {
    /// The parameters that make a filter.
    pub(crate) const NAMES: [&str; 10] = [
        "state",
        "kind",
        "device",
        "point",
        "area",
        "priority_min",
        "active",
        "acknowledged",
        "hidden",
        "q",
    ];

    /// The filter that `parameters` ask for.
    pub(crate) fn of(state: &ApiState, parameters: &Parameters) -> Result<Self, Problem> {
        let flag = |name: &str| match parameters.one(name)? {
            None => Ok(None),
            Some(_) => parameters.flag(name, false).map(Some),
        };
        let find = |name: &str| state.directory.find_device(name);
        let device = |name| find(name).ok_or_else(|| unknown("device", name));
        let find = |name: &str| state.directory.find_point(name);
        let point = |name| Ok(find(name).ok_or_else(|| unknown("point", name))?.index);
        let priority = parameters.one("priority_min")?;
        Ok(Self {
            states: named(parameters, "state", AlarmState::of_name, &state_names())?,
            kinds: named(parameters, "kind", AlarmKind::of_name, &kind_names())?,
            devices: parameters
                .all("device")
                .map(device)
                .collect::<Result<_, _>>()?,
            points: parameters
                .all("point")
                .map(point)
                .collect::<Result<_, Problem>>()?,
            areas: parameters.all("area").map(str::to_owned).collect(),
            priority_min: priority
                .map(|name| Priority::of_name(name).ok_or_else(no_priority))
                .transpose()?,
            active: flag("active")?,
            acknowledged: flag("acknowledged")?,
            hidden: flag("hidden")?,
            part: parameters.one("q")?.unwrap_or_default().to_lowercase(),
        })
    }

    /// Whether the alarm of `case`, found in the book as `entry`, is wanted. One that is in no
    /// book has no place, so it is wanted only if none is asked for.
    pub(crate) fn wants(&self, case: &Case, entry: Option<&BookEntry>) -> bool {
        self.wants_facts(&case.facts) && self.wants_place(entry)
    }

    fn wants_facts(&self, facts: &AlarmFacts) -> bool {
        let is_acknowledged = !facts.flags.contains(AlarmFlags::UNACKNOWLEDGED);
        is_among(&self.states, &facts.state())
            && self
                .priority_min
                .is_none_or(|least| facts.priority >= least)
            && self.active.is_none_or(|wanted| facts.is_active() == wanted)
            && self
                .acknowledged
                .is_none_or(|wanted| is_acknowledged == wanted)
            && self.hidden.is_none_or(|wanted| facts.is_hidden() == wanted)
    }

    fn wants_place(&self, entry: Option<&BookEntry>) -> bool {
        entry.map_or_else(|| self.is_anywhere(), |entry| self.wants_entry(entry))
    }

    /// Whether the place and the kind of an alarm are wanted.
    pub(crate) fn wants_entry(&self, entry: &BookEntry) -> bool {
        let point = entry.point.map(|at| at.index);
        let is_of_point = || point.is_some_and(|point| self.points.contains(&point));
        is_among(&self.kinds, &entry.kind())
            && is_among(&self.devices, &entry.device)
            && (self.points.is_empty() || is_of_point())
            && (self.areas.is_empty() || self.areas.iter().any(|area| **area == *entry.area))
            && (self.part.is_empty() || entry.name().to_lowercase().contains(&self.part))
    }

    fn is_anywhere(&self) -> bool {
        self.kinds.is_empty()
            && self.devices.is_empty()
            && self.points.is_empty()
            && self.areas.is_empty()
            && self.part.is_empty()
    }
}

fn is_among<T: PartialEq>(wanted: &[T], own: &T) -> bool {
    wanted.is_empty() || wanted.contains(own)
}

fn named<T>(
    parameters: &Parameters,
    name: &str,
    of_name: fn(&str) -> Option<T>,
    known: &str,
) -> Result<Vec<T>, Problem> {
    let values = parameters.all(name);
    let found = values
        .map(|value| of_name(value).ok_or_else(|| bad(name, &format!("must be one of {known}"))));
    found.collect()
}

fn state_names() -> String {
    AlarmState::ALL.map(AlarmState::name).join(", ")
}

fn kind_names() -> String {
    AlarmKind::ALL.map(AlarmKind::name).join(", ")
}

fn no_priority() -> Problem {
    let known = Priority::ALL.map(Priority::name).join(", ");
    bad("priority_min", &format!("must be one of {known}"))
}
