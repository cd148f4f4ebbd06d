//! `[[profile]]`: what devices of one type have in common.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use gridos_alarm::Definition;
use gridos_modbus::{Clock, Order, Plan, PlanError, PlanErrors, RegisterPoint, Report};
use gridos_model::POINTS_PER_LAYOUT_MAX;

use super::alarm::{self, AlarmsByPosition, Entry, LinkAlarm, Named};
use super::belonging::{self, Owner};
use super::dnp3::OutstationMap;
use super::judgement::StateTexts;
use super::modbus::Asking;
use super::name::Name;
use super::names::Names;
use super::point::{self, Common, ModbusPoint, PushPoint};
use super::scan::ScanClasses;
use super::section::Section;
use super::source_time;
use super::tls::{Tls, TlsFiles};

pub(super) const KEYS: &[&str] = &[
    "name",
    "protocol",
    "scan",
    "order",
    "source_time",
    "point",
    "alarm_defaults",
    "link_alarm",
    "timeout",
    "connect_timeout",
    "reconnect_max",
    "probe_max",
    "connections",
    "max_gap_registers",
    "max_gap_bits",
    "max_registers",
    "max_bits",
    "round_trip",
    "line_baud",
    "forbidden",
    "tls",
    "confirm",
    "outstation_confirm_timeout",
    "response_timeout",
    "unsolicited",
    "disable_unsolicited",
    "early_events",
    "integrity_period",
    "integrity_on_reconnect",
    "class_poll",
    "reads",
    "assign_class",
    "time_sync",
    "keep_alive",
    "fragment_max",
];

/// The scan class of points that name none.
const SCAN_DEFAULT: &str = "fast";

/// The texts of states by position in a device's whole layout, ascending.
pub type StatesByPosition = Arc<[(usize, StateTexts)]>;

/// What devices of one type have in common.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Its name.
    pub name: Name,
    /// How its devices are reached.
    pub protocol: Protocol,
    /// The certificates with which its devices are dialled, if over TLS.
    pub tls: Option<Tls>,
    /// The alarm of a device that is polled and whose communication is lost.
    pub link_alarm: LinkAlarm,
    /// The points that alarms of others name.
    pub(super) references: Vec<Named>,
}

/// How the devices of a profile are reached.
#[derive(Clone, Debug)]
pub enum Protocol {
    /// They are polled.
    Modbus(RegisterMap),
    /// They tell what changes, and are asked.
    Dnp3(OutstationMap),
    /// Somebody posts their readings.
    Push(PointList),
}

/// The register map of a profile, planned once for all its devices.
#[derive(Clone, Debug)]
pub struct RegisterMap {
    /// How the devices are asked.
    pub asking: Asking,
    /// The points in the order of the columns, and the requests.
    pub plan: Arc<Plan>,
    /// The period of each scan class of the plan, before a device's own factor.
    pub scan_periods: Vec<Duration>,
    /// The alarms by position in the plan's points.
    pub alarms: AlarmsByPosition,
    /// What the numbers of points are called, by position in the plan's points, ascending.
    pub states: StatesByPosition,
    /// The device's own clock, if its values have its time.
    pub clock: Option<Clock>,
}

/// The points of a profile whose readings are pushed.
#[derive(Clone, Debug)]
pub struct PointList {
    /// The points in the order of the columns.
    pub points: Vec<ListedPoint>,
    /// The alarms by position.
    pub alarms: AlarmsByPosition,
}

/// A point without a register.
#[derive(Clone, Debug)]
pub struct ListedPoint {
    /// Its name within the device.
    pub name: Name,
    /// Its unit; empty if there is none.
    pub unit: String,
    /// Whether its readings are texts.
    pub is_text: bool,
}

/// The alarms of a profile while its points are read.
#[derive(Debug)]
pub(super) struct ProfileAlarms {
    /// Those that all points have unless they say otherwise.
    defaults: Vec<Entry>,
    /// The points that were named.
    references: Vec<Named>,
}

impl ProfileAlarms {
    /// The alarms of a point, and notes the points that they name.
    pub(super) fn of(&mut self, point: &Common) -> Vec<Arc<Definition>> {
        let named = Named::of(&point.name.value, &point.alarms);
        self.references.extend(named);
        point.alarms.with(&self.defaults)
    }
}

/// What points of a profile have unless they say otherwise.
#[derive(Clone, Debug)]
pub(super) struct Defaults {
    pub(super) scan: Name,
    pub(super) order: Order,
}

impl Profile {
    pub(super) fn read(
        section: &mut Section<'_>,
        names: &mut Names,
        classes: &ScanClasses,
        asking: &Asking,
        tls: &TlsFiles<'_>,
    ) -> Option<Self> {
        let name = section.word("name", Name::plain);
        let name = section.demand("name", name, "name = \"feeder\"");
        if let Some(name) = &name {
            section.rename(format!("profile '{}'", name.value));
            names.note(section, name);
        }
        let owners = [
            ("modbus", Owner::Modbus),
            ("dnp3", Owner::Dnp3),
            ("push", Owner::Push),
        ];
        let owner = section.choice("protocol", &owners);
        let example = "protocol = \"modbus\", \"dnp3\" or \"push\"";
        // Without a protocol the points cannot be judged.
        let owner = section.demand("protocol", owner, example)?.value;
        belonging::refuse_of_profile(section, owner);
        let mut alarms = ProfileAlarms {
            defaults: alarm::read_defaults(section),
            references: Vec::new(),
        };
        let protocol = match owner {
            Owner::Modbus => {
                RegisterMap::read(section, classes, asking, &mut alarms).map(Protocol::Modbus)
            }
            Owner::Dnp3 => OutstationMap::read(section, &mut alarms).map(Protocol::Dnp3),
            Owner::Push => PointList::read(section, &mut alarms).map(Protocol::Push),
        };
        let link_alarm = LinkAlarm::read(section).unwrap_or_default();
        let tls = tls.read(section);
        let name = name?;
        Some(Self {
            name: name.value,
            protocol: protocol?,
            tls,
            link_alarm,
            references: alarms.references,
        })
    }

    /// How many points each of its devices has.
    pub fn points(&self) -> usize {
        match &self.protocol {
            Protocol::Modbus(map) => map.plan.points().len(),
            Protocol::Dnp3(map) => map.points.len(),
            Protocol::Push(list) => list.points.len(),
        }
    }

    /// The alarms of its devices' points, unless a device has its own.
    pub fn alarms(&self) -> &AlarmsByPosition {
        match &self.protocol {
            Protocol::Modbus(map) => &map.alarms,
            Protocol::Dnp3(map) => &map.alarms,
            Protocol::Push(list) => &list.alarms,
        }
    }

    /// The names of its devices' points, in the order of the columns.
    pub(crate) fn point_names(&self) -> Vec<&str> {
        match &self.protocol {
            Protocol::Modbus(map) => map.plan.points().iter().map(|p| p.name.as_str()).collect(),
            Protocol::Dnp3(map) => map.points.iter().map(|p| p.name.as_str()).collect(),
            Protocol::Push(list) => list.points.iter().map(|p| p.name.as_str()).collect(),
        }
    }

    /// What the numbers of the point called `name` are called, if they are.
    pub(super) fn states_of(&self, name: &str) -> Option<&StateTexts> {
        let states = match &self.protocol {
            Protocol::Modbus(map) => &map.states,
            Protocol::Dnp3(map) => &map.states,
            Protocol::Push(_) => return None,
        };
        let position = self.point_names().iter().position(|own| *own == name)?;
        let found = states.iter().find(|(at, _)| *at == position);
        found.map(|(_, texts)| texts)
    }

    /// How the point called `name` is reported by exception, if it is.
    pub(super) fn report_of(&self, name: &str) -> Option<&Report> {
        let Protocol::Modbus(map) = &self.protocol else {
            return None;
        };
        let mut points = map.plan.points().iter();
        points.find(|point| point.name == name)?.report.as_ref()
    }

    /// Whether the readings of the point called `name` are texts.
    pub(super) fn is_text(&self, name: &str) -> bool {
        let listed = match &self.protocol {
            Protocol::Modbus(map) => {
                let mut points = map.plan.points().iter();
                return points.any(|point| point.name == name && point.kind.is_text());
            }
            Protocol::Dnp3(map) => &map.points,
            Protocol::Push(list) => &list.points,
        };
        let mut points = listed.iter();
        points.any(|point| point.name.as_str() == name && point.is_text)
    }
}

impl RegisterMap {
    fn read(
        section: &Section<'_>,
        classes: &ScanClasses,
        asking: &Asking,
        alarms: &mut ProfileAlarms,
    ) -> Option<Self> {
        let asking = Asking::of_profile(section, asking);
        let order = section.word("order", str::parse::<Order>);
        let scan = classes.chosen(section, "scan");
        let defaults = Defaults {
            scan: match scan {
                Some(found) => found.value.name.clone(),
                None => classes.find(SCAN_DEFAULT)?.name.clone(),
            },
            order: order.map_or(Order::ABCD, |found| found.value),
        };
        let title = section.title();
        let mut names = Names::default();
        let mut source_time = source_time::read(section, defaults.order, &defaults.scan, classes);
        let mut points: Vec<ModbusPoint> = point_sections(section)
            .iter_mut()
            .flat_map(|point| {
                point::read_modbus(point, title, &mut names, &defaults, &asking, classes)
            })
            .collect();
        let used = |name: &Name| points.iter().any(|point| point.scan == *name);
        let used: Vec<_> = classes
            .as_slice()
            .iter()
            .filter(|class| used(&class.name))
            .collect();
        let place_of = |scan: &Name| used.iter().position(|class| class.name == *scan);
        for point in &mut points {
            point.register.scan = place_of(&point.scan).unwrap_or(0);
        }
        if let Some(source_time) = &mut source_time {
            // A class without points is none of the plan, which then says so.
            source_time.clock.scan = place_of(&source_time.scan).unwrap_or(used.len());
        }
        let clock = source_time.map(|source_time| source_time.clock);
        let registers: Vec<RegisterPoint> = points.iter().map(|p| p.register.clone()).collect();
        let plan = Plan::with_clock(registers, clock.clone(), &asking.plan);
        let plan = plan
            .map_err(|errors| report(section, &points, &errors))
            .ok()?;
        let of_points = by_position(&plan, &points, |point| Some(alarms.of(&point.common)));
        Some(Self {
            asking,
            scan_periods: used.iter().map(|class| class.period).collect(),
            alarms: alarm::by_position(of_points),
            states: by_position(&plan, &points, |point| point.states.clone()).into(),
            plan: Arc::new(plan),
            clock,
        })
    }

    /// Why the point called `name` cannot be scaled by a device, if it cannot.
    pub(super) fn refuses_scale(&self, name: &str) -> Option<&'static str> {
        let points = || self.plan.points().iter();
        let point = points().find(|point| point.name == name)?;
        if point.span.is_some_and(|span| span.raw.is_some()) {
            Some("cannot stand beside the raw range of the profile's point; remove it")
        } else if !point.states.is_empty() {
            Some("cannot stand beside the states of the profile's point; remove it")
        } else if points().any(|other| other.exponent.as_deref() == Some(name)) {
            Some("would change a power of ten that other points are scaled by; remove it")
        } else {
            None
        }
    }
}

/// Reports what is wrong with the map as a whole, at the line of its point where it is of one.
fn report(section: &Section<'_>, points: &[ModbusPoint], errors: &PlanErrors) {
    for error in &errors.0 {
        let own = |known: &&ModbusPoint| matches!(error, PlanError::Exponent { point, .. } if known.register.name == *point);
        match points.iter().find(own) {
            Some(point) => section.report_at(&point.common.name.place, error),
            None => section.report(error),
        }
    }
}

/// What `of` finds at the points, by their positions in the plan.
fn by_position<T>(
    plan: &Plan,
    points: &[ModbusPoint],
    mut of: impl FnMut(&ModbusPoint) -> Option<T>,
) -> Vec<(usize, T)> {
    let mut found: HashMap<&str, T> = points
        .iter()
        .filter_map(|point| Some((point.common.name.value.as_str(), of(point)?)))
        .collect();
    let positions = plan.points().iter().enumerate();
    positions
        .filter_map(|(at, point)| Some((at, found.remove(point.name.as_str())?)))
        .collect()
}

impl PointList {
    fn read(section: &Section<'_>, alarms: &mut ProfileAlarms) -> Option<Self> {
        let mut names = Names::default();
        let points: Vec<PushPoint> = point_sections(section)
            .iter_mut()
            .filter_map(|point| point::read_push(point, section.title(), &mut names))
            .collect();
        let of_points = points.iter().map(|point| alarms.of(&point.common));
        let listed = |point: PushPoint| ListedPoint {
            name: point.common.name.value,
            unit: point.common.unit,
            is_text: point.is_text,
        };
        Some(Self {
            alarms: alarm::by_position(of_points.enumerate()),
            points: points.into_iter().map(listed).collect(),
        })
    }
}

/// The tables of its points.
pub(super) fn point_sections<'a>(profile: &Section<'a>) -> Vec<Section<'a>> {
    let points = profile.tables("point", point::KEYS, &format!("{} point", profile.title()));
    if points.is_empty() && !profile.has("point") {
        profile.report("has no points; write at least one [[profile.point]]");
    }
    if points.len() > POINTS_PER_LAYOUT_MAX {
        let what = format!(
            "has {} points; allowed are {POINTS_PER_LAYOUT_MAX}",
            points.len()
        );
        profile.report(what);
    }
    points
}
