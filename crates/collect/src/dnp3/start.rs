//! The start of the sessions.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use gridos_dnp3::link::Address;
use gridos_model::DeviceIndex;
use gridos_ring::Intake;
use gridos_telemetry::Protocol;
use tokio::sync::{Semaphore, oneshot, watch};

use super::session::{Session, Shared};
use super::{Dnp3Device, Recent};
use crate::Collector;
use crate::net::{Connects, Via};

/// Why an outstation cannot be collected: the configuration and the directory do not agree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The telemetry has no such device.
    #[error("device {0:?} is not among the devices of the telemetry")]
    UnknownDevice(DeviceIndex),
    /// The whole layout, or that of a group, is not that of the map.
    #[error("device '{device}': {what} has {points} points in the map, its layout has {layout}")]
    Layout {
        /// The device's name.
        device: String,
        /// The whole, or which group.
        what: String,
        /// How many points the map has.
        points: usize,
        /// How many points the layout has; 0 if there is no layout.
        layout: usize,
    },
    /// An address of a group, or a reserved one.
    #[error("device '{device}': {address} is no link address of one station")]
    Address {
        /// The device's name.
        device: String,
        /// The address.
        address: Address,
    },
    /// Two outstations that nobody could tell apart.
    #[error("device '{device}': another one at the same place has the link address {outstation}")]
    Twice {
        /// The name of the later device.
        device: String,
        /// The address of both.
        outstation: Address,
    },
    /// A timeout of 0 would never see an answer.
    #[error("device '{device}': the timeouts must be above 0")]
    Timeout {
        /// The device's name.
        device: String,
    },
}

/// Two thousand sessions begin each second: ten thousand at once would all connect together.
const START_INTERVAL: Duration = Duration::from_micros(500);

/// Whose connection it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Place {
    Dialled(String, u16),
    /// The inbox, by where it is in memory.
    DialIn(usize),
}

/// Adds the sessions of `devices` to `collector` on the current tokio runtime, until `stop` becomes
/// true; what was taken by then is still confirmed.
///
/// Of all their connections, no more than `connects_at_once` (at least 1) are under way at one time,
/// and of their integrity polls no more than `integrity_polls_at_once` (at least 1).
///
/// # Errors
/// If a device does not fit its layouts or the telemetry; then nothing is started.
pub fn start(
    devices: Vec<Dnp3Device>,
    connects_at_once: usize,
    integrity_polls_at_once: usize,
    intake: &Intake,
    collector: &mut Collector,
    stop: &watch::Receiver<bool>,
) -> Result<Dnp3Fleet, StartError> {
    let integrity_polls = integrity_polls_at_once.clamp(1, Semaphore::MAX_PERMITS);
    let shared = Arc::new(Shared {
        intake: intake.speaking(Protocol::Dnp3),
        connects: Connects::new(connects_at_once),
        integrity_polls: Arc::new(Semaphore::new(integrity_polls)),
        stop: stop.clone(),
    });
    let mut fleet = Dnp3Fleet {
        shared,
        lines: BTreeMap::new(),
    };
    fleet.add(devices, collector)?;
    Ok(fleet)
}

/// The sessions of all outstations.
#[derive(Debug)]
pub struct Dnp3Fleet {
    shared: Arc<Shared>,
    lines: BTreeMap<Place, Line>,
}

/// One session.
#[derive(Debug)]
struct Line {
    release: watch::Sender<bool>,
    legacy: oneshot::Receiver<Vec<(DeviceIndex, Recent)>>,
    devices: Vec<DeviceIndex>,
}

impl Dnp3Fleet {
    /// The outstations whose connections end if those of `gone` do and those of `new` begin: these
    /// themselves, and who shares a connection with them.
    pub fn sharing(&self, gone: &HashSet<DeviceIndex>, new: &[Dnp3Device]) -> HashSet<DeviceIndex> {
        let joined: HashSet<_> = new.iter().map(Place::of).collect();
        let is_touched = |(place, line): &(&Place, &Line)| {
            joined.contains(place) || line.devices.iter().any(|device| gone.contains(device))
        };
        let touched = self.lines.iter().filter(is_touched);
        touched
            .flat_map(|(_, line)| line.devices.iter().copied())
            .collect()
    }

    /// Ends the sessions of `gone`, and so of all who share a connection with them
    /// ([`Dnp3Fleet::sharing`]): what was taken is confirmed first. Returns what is known of the last
    /// events of each.
    pub async fn remove(&mut self, gone: &HashSet<DeviceIndex>) -> HashMap<DeviceIndex, Recent> {
        let is_touched = |line: &Line| line.devices.iter().any(|device| gone.contains(device));
        let places = self.lines.iter().filter(|(_, line)| is_touched(line));
        let places: Vec<_> = places.map(|(place, _)| place.clone()).collect();
        let lines: Vec<_> = places
            .iter()
            .filter_map(|place| self.lines.remove(place))
            .collect();
        for line in &lines {
            // A session that is gone needs no release.
            let _ = line.release.send(true);
        }
        let mut known = HashMap::new();
        for line in lines {
            known.extend(line.legacy.await.into_iter().flatten());
        }
        known
    }

    /// Begins the sessions of `new`, whose connections nobody has by now.
    ///
    /// # Errors
    /// If a device does not fit its layouts or the telemetry; then none is begun.
    pub fn add(
        &mut self,
        new: Vec<Dnp3Device>,
        collector: &mut Collector,
    ) -> Result<(), StartError> {
        let mut connections: BTreeMap<Place, Vec<Dnp3Device>> = BTreeMap::new();
        let mut known = HashSet::new();
        for device in new {
            let name = check(&device, &self.shared.intake)?;
            let place = Place::of(&device);
            let outstation = device.outstation;
            if !known.insert((place.clone(), device.master, outstation)) {
                return Err(StartError::Twice {
                    device: name,
                    outstation,
                });
            }
            connections.entry(place).or_default().push(device);
        }
        let count = u32::try_from(connections.len()).unwrap_or(u32::MAX);
        let start_within = START_INTERVAL.saturating_mul(count);
        for (place, devices) in connections {
            let places = devices.iter().map(|device| device.device).collect();
            if let Some(session) = Session::new(devices, &self.shared, start_within) {
                let (release, released) = watch::channel(false);
                let (leaving, legacy) = oneshot::channel();
                collector.spawn_to_its_end(session.run(released, leaving));
                let line = Line {
                    release,
                    legacy,
                    devices: places,
                };
                self.lines.insert(place, line);
            }
        }
        Ok(())
    }
}

impl Place {
    fn of(device: &Dnp3Device) -> Self {
        match &device.via {
            Via::DialIn(inbox) => Self::DialIn(Arc::as_ptr(inbox).addr()),
            Via::Tcp | Via::Tls(_) => Self::Dialled(device.host.clone(), device.port),
        }
    }
}

/// Whether the parts of a device agree; its name.
fn check(device: &Dnp3Device, intake: &Intake) -> Result<String, StartError> {
    let stats = intake.telemetry().devices.get(device.device.get());
    let stats = stats.ok_or(StartError::UnknownDevice(device.device))?;
    let name = || stats.name().to_owned();
    let layout = |what: &str, points, layout| {
        if points == layout {
            return Ok(());
        }
        Err(StartError::Layout {
            device: name(),
            what: what.to_owned(),
            points,
            layout,
        })
    };
    let map = &device.map;
    layout("the whole", map.points().len(), device.whole.len())?;
    layout(
        "the list of groups",
        map.groups().len(),
        device.groups.len(),
    )?;
    for (n, (range, group)) in map.groups().iter().zip(&device.groups).enumerate() {
        layout(&format!("group {n}"), range.len(), group.len())?;
    }
    for address in [device.master, device.outstation] {
        if !address.is_individual() {
            return Err(StartError::Address {
                device: name(),
                address,
            });
        }
    }
    if device.connect_timeout.is_zero() || device.config.response_timeout.is_zero() {
        return Err(StartError::Timeout { device: name() });
    }
    Ok(name())
}
