//! The fleet: what the engine is to poll and judge, built from the configuration.

use std::sync::Arc;
use std::time::Duration;

use gridos_alarm::Limits;
use gridos_collect::modbus::{Peer, TlsClient};
use gridos_modbus::{Plan, RegisterPoint};
use gridos_model::{DeviceIndex, Directory, DirectoryBuilder, Point, PointId, PointIndex};

use super::address::Address;
use super::device::Device;
use super::fault::{FaultLog, Faults, Place};
use super::judgement::StateTexts;
use super::load::Config;
use super::name::Name;
use super::profile::{LimitsByPosition, Protocol, RegisterMap, StatesByPosition};
use super::report;

/// All enabled devices with their points, plans and limits.
#[derive(Debug)]
pub struct Fleet {
    /// Every device, layout and point; the groups of a device are the layouts of its requests'
    /// sweeps, without the requests that have none.
    pub directory: Directory,
    /// The devices, in the order of the directory.
    pub devices: Vec<FleetDevice>,
}

/// One enabled device.
#[derive(Clone, Debug)]
pub struct FleetDevice {
    /// Its place in the directory.
    pub index: DeviceIndex,
    /// How it is polled; `None` if its readings are pushed.
    pub modbus: Option<ModbusLink>,
    /// How it writes its registers; `None` if it does not.
    pub pushed: Option<PushedLink>,
    /// The limits by position in its whole layout, ascending.
    pub limits: LimitsByPosition,
    /// What the numbers of points are called, by position in its whole layout, ascending.
    pub states: StatesByPosition,
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

/// Who makes the connection to a device that is polled.
#[derive(Clone, Debug)]
pub enum Reach {
    /// The engine, over plain TCP.
    Tcp,
    /// The engine, over TLS.
    Tls(TlsClient),
    /// The device, at the listener of this name, where this is how it is recognised.
    DialIn(Name, Peer),
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
        let faults = FaultLog::default();
        let mut builder = DirectoryBuilder::default();
        let mut devices = Vec::new();
        for device in config.devices.iter().filter(|device| device.enabled) {
            match add(&mut builder, device) {
                Ok(added) => devices.push(added),
                Err(what) => faults.add(&device.place, what),
            }
        }
        let directory = builder.build();
        let fleet = Self { directory, devices };
        faults.judge(Some(fleet), &Place::whole("the fleet"))
    }

    /// The limits of all points that have any.
    pub fn limits(&self) -> impl Iterator<Item = (PointIndex, PointId, Limits)> {
        self.devices.iter().flat_map(|device| {
            let layout = self.directory.device(device.index).whole();
            device.limits.iter().filter_map(move |(position, limits)| {
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

fn add(builder: &mut DirectoryBuilder, device: &Device) -> Result<FleetDevice, String> {
    let name = device.name.as_str();
    let mut pushed = None;
    let (points, groups, modbus, limits) = match &device.profile.protocol {
        Protocol::Modbus(map) => {
            let plan = plan_of(device, map)?;
            pushed = pushed_link(device, &plan);
            let points = plan.points().iter();
            let point = |p: &RegisterPoint| point(&p.name, &p.unit, p.kind.is_text());
            let points: Vec<Point> = points.map(point).collect();
            let swept = plan.requests().iter().map(|request| request.sweep_points());
            let groups: Vec<_> = swept.filter(|points| !points.is_empty()).collect();
            (points, groups, link(device, map, plan), &map.limits)
        }
        Protocol::Push(list) => {
            let points = list.points.iter();
            let points = points.map(|p| point(p.name.as_str(), &p.unit, p.is_text));
            (points.collect(), Vec::new(), None, &list.limits)
        }
    };
    let limits = match device.overrides.iter().any(|own| own.limits.is_some()) {
        true => own_limits(device, &points, limits).into(),
        false => Arc::clone(limits),
    };
    let index = builder
        .add(name, points, &groups)
        .map_err(|error| error.to_string())?;
    let states = match &device.profile.protocol {
        Protocol::Modbus(map) => Arc::clone(&map.states),
        Protocol::Push(_) => StatesByPosition::default(),
    };
    Ok(FleetDevice {
        index,
        modbus,
        pushed,
        limits,
        states,
    })
}

fn point(name: &str, unit: &str, is_text: bool) -> Point {
    if is_text {
        Point::text(name)
    } else {
        Point::new(name, unit)
    }
}

/// The profile's plan, or the device's own if it scales points itself, or limits points that are
/// reported by exception: their alarms must not be blinded.
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
        if let (Some(limits), Some(report)) = (&own.limits, &mut point.report) {
            report.edges = report::edges(Some(limits));
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
    let periods = map.scan_periods.iter();
    Some(ModbusLink {
        address: connection.address.clone(),
        unit: connection.unit,
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

fn reach(device: &Device) -> Reach {
    if let Some(guest) = &device.guest
        && let Some(peer) = &guest.peer
    {
        return Reach::DialIn(guest.listener.name.clone(), peer.clone());
    }
    device.tls.clone().map_or(Reach::Tcp, Reach::Tls)
}

fn pushed_link(device: &Device, plan: &Arc<Plan>) -> Option<PushedLink> {
    let guest = device.guest.as_ref().filter(|guest| guest.is_pushed())?;
    Some(PushedLink {
        listener: guest.listener.name.clone(),
        peer: guest.peer.clone(),
        unit: guest.unit,
        plan: Arc::clone(plan),
    })
}

/// The profile's limits with the device's own in their place.
fn own_limits(
    device: &Device,
    points: &[Point],
    profile: &[(usize, Limits)],
) -> Vec<(usize, Limits)> {
    let limits_at = |(at, point): (usize, &Point)| {
        let own = device
            .overrides
            .iter()
            .find(|own| own.point.as_str() == point.name());
        let shared = || {
            profile
                .iter()
                .find(|(position, _)| *position == at)
                .map(|(_, l)| *l)
        };
        let limits = own.and_then(|own| own.limits).or_else(shared)?;
        Some((at, limits))
    };
    points.iter().enumerate().filter_map(limits_at).collect()
}
