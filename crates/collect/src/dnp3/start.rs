//! The start of the sessions.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use gridos_dnp3::link::Address;
use gridos_model::DeviceIndex;
use gridos_ring::Intake;
use tokio::sync::{Semaphore, watch};

use super::Dnp3Device;
use super::session::{Session, Shared};
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
) -> Result<(), StartError> {
    let mut connections: BTreeMap<Place, Vec<Dnp3Device>> = BTreeMap::new();
    let mut known = HashSet::new();
    for device in devices {
        let name = check(&device, intake)?;
        let place = match &device.via {
            Via::DialIn(inbox) => Place::DialIn(Arc::as_ptr(inbox).addr()),
            Via::Tcp | Via::Tls(_) => Place::Dialled(device.host.clone(), device.port),
        };
        let outstation = device.outstation;
        if !known.insert((place.clone(), device.master, outstation)) {
            return Err(StartError::Twice {
                device: name,
                outstation,
            });
        }
        connections.entry(place).or_default().push(device);
    }
    let integrity_polls = integrity_polls_at_once.clamp(1, Semaphore::MAX_PERMITS);
    let shared = Arc::new(Shared {
        intake: intake.clone(),
        connects: Connects::new(connects_at_once),
        integrity_polls: Arc::new(Semaphore::new(integrity_polls)),
        stop: stop.clone(),
    });
    let count = u32::try_from(connections.len()).unwrap_or(u32::MAX);
    let start_within = START_INTERVAL.saturating_mul(count);
    for devices in connections.into_values() {
        if let Some(session) = Session::new(devices, &shared, start_within) {
            collector.spawn_to_its_end(session.run());
        }
    }
    Ok(())
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
