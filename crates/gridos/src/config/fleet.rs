//! The fleet: what the engine is to poll and judge, built from the configuration.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use gridos_alarm::{Condition, Definition, Limits};
use gridos_collect::dnp3::PointMap;
use gridos_collect::modbus::{Peer, TlsClient};
use gridos_modbus::{Plan, RegisterPoint};
use gridos_model::{DeviceIndex, Directory, DirectoryBuilder, Point, PointId, PointIndex};

use super::address::Address;
use super::alarm::{self, AlarmsByPosition, PointAlarms};
use super::device::Device;
use super::dnp3::{LinkPair, OutstationMap, Station, Treatment};
use super::fault::{FaultLog, Faults, Place};
use super::guest::Guest;
use super::judgement::StateTexts;
use super::load::Config;
use super::name::Name;
use super::profile::{ListedPoint, Protocol, RegisterMap, StatesByPosition};

/// All enabled devices with their points, plans and alarms.
#[derive(Clone, Debug)]
pub struct Fleet {
    /// Every device, layout and point; the groups of a device are the layouts of its requests'
    /// sweeps, without the requests that have none, or those of an outstation's map.
    pub directory: Arc<Directory>,
    /// The devices, in the order of the configuration: that of the directory, unless it is of a later
    /// generation.
    pub devices: Vec<FleetDevice>,
}

/// One enabled device.
#[derive(Clone, Debug)]
pub struct FleetDevice {
    /// Its place in the directory.
    pub index: DeviceIndex,
    /// How it is polled, if it is a Modbus device and does not write its registers.
    pub modbus: Option<ModbusLink>,
    /// How it is listened to and asked, if it is an outstation.
    pub dnp3: Option<Dnp3Link>,
    /// How it writes its registers; `None` if it does not.
    pub pushed: Option<PushedLink>,
    /// The alarms of its points by position in its whole layout.
    pub alarms: AlarmsByPosition,
    /// The alarm of its lost communication, if it is polled and has one.
    pub link_alarm: Option<Arc<Definition>>,
    /// Whose operators its alarms are for.
    pub area: Arc<str>,
    /// What the numbers of points are called, by position in its whole layout, ascending.
    pub states: StatesByPosition,
}

impl FleetDevice {
    /// What it speaks, as its profile calls it.
    pub fn protocol(&self) -> &'static str {
        match self {
            Self { dnp3: Some(_), .. } => "dnp3",
            Self {
                modbus: None,
                pushed: None,
                ..
            } => "push",
            Self { .. } => "modbus",
        }
    }
}

/// How a Modbus device is polled.
#[derive(Clone, Debug)]
pub struct ModbusLink {
    /// Host and port.
    pub address: Address,
    /// The unit id.
    pub unit: u8,
    /// The requests; shared with all devices that have no scales of their own.
    pub plan: Arc<Plan>,
    /// The period of each scan class of the plan.
    pub scan_periods: Vec<Duration>,
    /// How long to wait for an answer.
    pub timeout: Duration,
    /// How long to wait for a connection.
    pub connect_timeout: Duration,
    /// The longest wait before a connection is tried again.
    pub reconnect_max: Duration,
    /// How often a device that keeps failing is asked at least.
    pub probe_max: Duration,
    /// How many connections its address takes.
    pub connections: usize,
    /// Who makes the connection.
    pub reach: Reach,
}

/// How an outstation is listened to and asked.
#[derive(Clone, Debug)]
pub struct Dnp3Link {
    /// Host and port.
    pub address: Address,
    /// The link addresses.
    pub pair: LinkPair,
    /// What its points are; shared with all outstations that have no scales of their own.
    pub map: Arc<PointMap>,
    /// How it is treated.
    pub treatment: Treatment,
    /// Who makes the connection.
    pub reach: Reach,
}

/// Who makes the connection to a device that is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Reach {
    /// The engine, over plain TCP.
    Tcp,
    /// The engine, over TLS.
    Tls(TlsClient),
    /// The device.
    DialIn(Arrival),
}

/// Where the connection of a device that dials in is waited for. Devices of the same one share a
/// connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Arrival {
    /// The listener.
    pub listener: Name,
    /// How the device is recognised there: one of these.
    pub peers: Vec<Peer>,
    /// Its link addresses, if its connection is its own and by them it is told from others.
    pub pair: Option<LinkPair>,
}

/// How a device writes its registers.
#[derive(Clone, Debug)]
pub struct PushedLink {
    /// The listener it writes to.
    pub listener: Name,
    /// How it is recognised there; `None`: it is anybody who may connect.
    pub peer: Option<Peer>,
    /// The unit id it writes to.
    pub unit: u8,
    /// What its registers mean.
    pub plan: Arc<Plan>,
}

impl Fleet {
    /// The fleet of `config`.
    ///
    /// # Errors
    /// If two names have one id, which a checked configuration makes all but impossible.
    pub fn of(config: &Config) -> Result<Self, Faults> {
        Self::after(config, &Directory::default())
    }

    /// The fleet of `config`, whose devices keep the places that they have in `earlier`.
    ///
    /// # Errors
    /// If two names have one id, which a checked configuration makes all but impossible.
    pub fn after(config: &Config, earlier: &Directory) -> Result<Self, Faults> {
        let faults = FaultLog::default();
        let mut builder = DirectoryBuilder::after(earlier);
        let mut devices = Vec::new();
        let mut areas = Areas::new(config.alarms.area.as_str());
        for device in config.devices.iter().filter(|device| device.enabled) {
            match add(&mut builder, device, &mut areas) {
                Ok(added) => devices.push(added),
                Err(what) => faults.add(&device.place, what),
            }
        }
        devices.shrink_to_fit();
        let directory = Arc::new(builder.build());
        let fleet = Self { directory, devices };
        fleet.check_references(config, &faults);
        faults.judge(Some(fleet), &Place::whole("the fleet"))
    }

    /// A checked configuration names only points that are there.
    fn check_references(&self, config: &Config, faults: &FaultLog) {
        let enabled = config.devices.iter().filter(|device| device.enabled);
        for (device, configured) in self.devices.iter().zip(enabled) {
            for (_, alarm) in device.alarms.iter() {
                if let Err(name) = alarm.reference(device.index, &self.directory) {
                    let what = format!("device '{}': '{name}' is no point", configured.name);
                    faults.add(&configured.place, what);
                }
            }
        }
    }

    /// What each device speaks, by its place in the directory; nothing where none is any more.
    pub fn protocols(&self) -> Vec<&'static str> {
        let mut protocols = vec![""; self.directory.devices().len()];
        for device in &self.devices {
            if let Some(place) = protocols.get_mut(device.index.get()) {
                *place = device.protocol();
            }
        }
        protocols
    }

    /// The device at that place of the directory.
    pub fn device(&self, index: DeviceIndex) -> Option<&FleetDevice> {
        let is_it = |device: &&FleetDevice| device.index == index;
        let first = self.devices.get(index.get()).filter(is_it);
        first.or_else(|| self.devices.iter().find(is_it))
    }

    /// The limits of all points that have any.
    pub fn limits(&self) -> impl Iterator<Item = (PointIndex, PointId, Limits)> {
        self.devices.iter().flat_map(|device| {
            let layout = self.directory.device(device.index).whole();
            device.alarms.iter().filter_map(move |(position, alarm)| {
                let Condition::Limit(limits) = &alarm.condition else {
                    return None;
                };
                let offset = u32::try_from(*position).ok()?;
                let id = layout.point_id(*position)?;
                Some((layout.first().offset(offset), id, *limits))
            })
        })
    }

    /// How often each polled point is told, but for those that are told when they change: texts.
    pub fn periods(&self) -> impl Iterator<Item = (PointIndex, Duration)> {
        self.devices.iter().flat_map(|device| {
            let first = self.directory.device(device.index).whole().first();
            let link = device.modbus.iter();
            let requests =
                link.flat_map(|link| link.plan.requests().iter().map(move |r| (link, r)));
            requests.flat_map(move |(link, request)| {
                let period = link.scan_periods.get(request.scan()).copied();
                let numbers = request.points().start..request.text_points().start;
                let offsets = numbers.filter_map(|at| u32::try_from(at).ok());
                offsets.filter_map(move |at| Some((first.offset(at), period?)))
            })
        })
    }

    /// What the numbers of points are called, of all points whose numbers have names.
    pub fn states(&self) -> impl Iterator<Item = (PointIndex, StateTexts)> {
        self.devices.iter().flat_map(|device| {
            let first = self.directory.device(device.index).whole().first();
            device.states.iter().filter_map(move |(position, texts)| {
                let offset = u32::try_from(*position).ok()?;
                Some((first.offset(offset), Arc::clone(texts)))
            })
        })
    }
}

/// The areas of operators, each text once.
struct Areas {
    default: Arc<str>,
    own: HashSet<Arc<str>>,
}

impl Areas {
    fn new(default: &str) -> Self {
        Self {
            default: default.into(),
            own: HashSet::new(),
        }
    }

    fn of(&mut self, device: &Device) -> Arc<str> {
        let Some(area) = device.area.as_ref().map(Name::as_str) else {
            return Arc::clone(&self.default);
        };
        if let Some(known) = self.own.get(area) {
            return Arc::clone(known);
        }
        let area: Arc<str> = area.into();
        self.own.insert(Arc::clone(&area));
        area
    }
}

fn add(
    builder: &mut DirectoryBuilder,
    device: &Device,
    areas: &mut Areas,
) -> Result<FleetDevice, String> {
    let name = device.name.as_str();
    let (mut pushed, mut dnp3) = (None, None);
    let (points, groups, modbus, alarms) = match &device.profile.protocol {
        Protocol::Modbus(map) => {
            let plan = plan_of(device, map)?;
            pushed = pushed_link(device, &plan);
            let points = plan.points().iter();
            let point = |p: &RegisterPoint| point(&p.name, &p.unit, p.kind.is_text());
            let points: Vec<Point> = points.map(point).collect();
            let swept = plan.requests().iter().map(|request| request.sweep_points());
            let groups: Vec<_> = swept.filter(|points| !points.is_empty()).collect();
            (points, groups, link(device, map, plan), &map.alarms)
        }
        Protocol::Dnp3(map) => {
            let groups = map.map.groups().to_vec();
            dnp3 = dnp3_link(device, map)?;
            (listed(&map.points), groups, None, &map.alarms)
        }
        Protocol::Push(list) => (listed(&list.points), Vec::new(), None, &list.alarms),
    };
    let alarms = match device.overrides.iter().all(|own| own.alarms.is_empty()) {
        true => Arc::clone(alarms),
        false => alarm::with_own(alarms, own_alarms(device, &points)),
    };
    let link_alarm = device.link_alarm.as_ref();
    let link_alarm = link_alarm
        .unwrap_or(&device.profile.link_alarm)
        .definition();
    let is_polled = modbus.is_some() || dnp3.is_some();
    let index = builder
        .add(name, points, &groups)
        .map_err(|error| error.to_string())?;
    let states = match &device.profile.protocol {
        Protocol::Modbus(map) => Arc::clone(&map.states),
        Protocol::Dnp3(map) => Arc::clone(&map.states),
        Protocol::Push(_) => StatesByPosition::default(),
    };
    Ok(FleetDevice {
        index,
        modbus,
        dnp3,
        pushed,
        alarms,
        link_alarm: link_alarm.filter(|_| is_polled).cloned(),
        area: areas.of(device),
        states,
    })
}

fn listed(points: &[ListedPoint]) -> Vec<Point> {
    let points = points.iter();
    let points = points.map(|p| point(p.name.as_str(), &p.unit, p.is_text));
    points.collect()
}

fn point(name: &str, unit: &str, is_text: bool) -> Point {
    if is_text {
        Point::text(name)
    } else {
        Point::new(name, unit)
    }
}

/// The profile's plan, or the device's own if it scales points itself, or watches points that
/// are reported by exception: their alarms must not be blinded.
fn plan_of(device: &Device, map: &RegisterMap) -> Result<Arc<Plan>, String> {
    let mut points = map.plan.points().to_vec();
    let mut is_own = false;
    for own in &device.overrides {
        let Some(point) = points.iter_mut().find(|p| p.name == own.point.as_str()) else {
            continue;
        };
        if own.scale.or(own.offset).is_some() {
            point.scale = own.scale.unwrap_or(point.scale);
            point.offset = own.offset.unwrap_or(point.offset);
            is_own = true;
        }
        if let Some(report) = &mut point.report
            && !own.alarms.is_empty()
        {
            let known = map
                .plan
                .points()
                .iter()
                .position(|known| known.name == point.name);
            let own = known.map(|at| (at, &own.alarms));
            let alarms = alarm::with_own(&map.alarms, own);
            let alarms = alarms.iter().filter(|(at, _)| Some(*at) == known);
            report.edges = alarm::edges(alarms.map(|(_, alarm)| &**alarm));
            is_own = true;
        }
    }
    if !is_own {
        return Ok(Arc::clone(&map.plan));
    }
    let plan = Plan::with_clock(points, map.clock.clone(), &map.asking.plan);
    let plan = plan.map_err(|error| format!("device '{}': {error}", device.name))?;
    Ok(Arc::new(plan))
}

fn link(device: &Device, map: &RegisterMap, plan: Arc<Plan>) -> Option<ModbusLink> {
    let connection = device.connection.as_ref()?;
    let Station::Unit(unit) = connection.station else {
        return None;
    };
    let periods = map.scan_periods.iter();
    Some(ModbusLink {
        address: connection.address.clone(),
        unit,
        plan,
        scan_periods: periods.map(|p| p.mul_f64(device.scan_factor)).collect(),
        timeout: device.timeout.unwrap_or(map.asking.timeout),
        connect_timeout: map.asking.connect_timeout,
        reconnect_max: map.asking.reconnect_max,
        probe_max: map.asking.probe_max,
        connections: map.asking.connections,
        reach: reach(device),
    })
}

fn dnp3_link(device: &Device, map: &OutstationMap) -> Result<Option<Dnp3Link>, String> {
    let Some(connection) = &device.connection else {
        return Ok(None);
    };
    let Station::Outstation(pair) = connection.station else {
        return Ok(None);
    };
    Ok(Some(Dnp3Link {
        address: connection.address.clone(),
        pair,
        map: map_of(device, map)?,
        treatment: map.treatment.clone(),
        reach: reach(device),
    }))
}

/// The profile's map, or the device's own if it scales points itself.
fn map_of(device: &Device, map: &OutstationMap) -> Result<Arc<PointMap>, String> {
    let mut points = map.map.points().to_vec();
    let mut is_own = false;
    for own in &device.overrides {
        let position = map.points.iter().position(|point| point.name == own.point);
        let point = position.and_then(|position| points.get_mut(position));
        if let (Some(point), Some(_)) = (point, own.scale.or(own.offset)) {
            point.scale = own.scale.unwrap_or(point.scale);
            point.offset = own.offset.unwrap_or(point.offset);
            is_own = true;
        }
    }
    if !is_own {
        return Ok(Arc::clone(&map.map));
    }
    let own = PointMap::new(points).map_err(|error| format!("device '{}': {error}", device.name));
    own.map(Arc::new)
}

fn reach(device: &Device) -> Reach {
    let arrival = device.guest.as_ref().and_then(Guest::arrival);
    match (arrival, &device.tls) {
        (Some(arrival), _) => Reach::DialIn(arrival),
        (None, Some(tls)) => Reach::Tls(tls.clone()),
        (None, None) => Reach::Tcp,
    }
}

fn pushed_link(device: &Device, plan: &Arc<Plan>) -> Option<PushedLink> {
    let guest = device.guest.as_ref().filter(|guest| guest.is_pushed())?;
    let Station::Unit(unit) = guest.station else {
        return None;
    };
    Some(PushedLink {
        listener: guest.listener.name.clone(),
        peer: guest.peer.clone(),
        unit,
        plan: Arc::clone(plan),
    })
}

/// The alarms that the device has instead of its profile's, by the positions of their points.
fn own_alarms<'a>(
    device: &'a Device,
    points: &'a [Point],
) -> impl Iterator<Item = (usize, &'a PointAlarms)> {
    device.overrides.iter().filter_map(|own| {
        let at = points
            .iter()
            .position(|point| point.name() == own.point.as_str());
        Some((at?, &own.alarms))
    })
}
