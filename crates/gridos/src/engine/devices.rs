//! What the stages are told of the fleet.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use gridos_alarm::Defined;
use gridos_api::{PeriodBook, Plant, StatesBook};
use gridos_collect::dnp3::{Dnp3Device, Recent};
use gridos_collect::modbus::{ModbusDevice, Via};
use gridos_model::{AlarmId, DeviceIndex, Directory};
use gridos_pipeline::AlarmBook;
use gridos_telemetry::Protocol;

use super::outstations;
use crate::config::{Fleet, FleetDevice, ModbusLink, Reach};

/// What the API shows of the fleet.
pub(super) fn plant(fleet: &Fleet) -> Plant {
    let directory = &fleet.directory;
    Plant {
        directory: Arc::clone(directory),
        protocols: fleet.protocols().into(),
        periods: Arc::new(PeriodBook::new(directory, fleet.periods())),
        states: Arc::new(StatesBook::new(fleet.states())),
    }
}

/// The protocol of each layout of the fleet.
pub(super) fn protocols(fleet: &Fleet) -> impl Iterator<Item = (u64, Protocol)> {
    fleet.directory.layouts().map(|layout| {
        let device = fleet.device(layout.device_index());
        let protocol = match device {
            Some(device) if device.dnp3.is_some() => Protocol::Dnp3,
            Some(device) if device.modbus.is_some() || device.pushed.is_some() => Protocol::Modbus,
            Some(_) | None => Protocol::Http,
        };
        (layout.id().raw(), protocol)
    })
}

/// The alarms of the fleet but for those of devices that are `away`: whoever has these judges them.
pub(super) fn defined(fleet: &Fleet, away: &HashSet<DeviceIndex>) -> Vec<Defined> {
    let alarms = fleet.alarms().map(|alarm| alarm.defined);
    alarms
        .filter(|alarm| !away.contains(&alarm.device))
        .collect()
}

/// The alarms of devices that are `away`.
pub(super) fn elsewhere(fleet: &Fleet, away: &HashSet<DeviceIndex>) -> HashSet<AlarmId> {
    if away.is_empty() {
        return HashSet::new();
    }
    let alarms = fleet.alarms().map(|alarm| alarm.defined);
    let away = alarms.filter(|alarm| away.contains(&alarm.device));
    away.map(|alarm| alarm.id).collect()
}

/// The book of these alarms.
pub(super) fn book(fleet: &Fleet, away: &HashSet<DeviceIndex>) -> AlarmBook {
    let here = fleet
        .alarms()
        .filter(|alarm| !away.contains(&alarm.defined.device));
    let listed = here.map(|alarm| (alarm.defined, alarm.area));
    AlarmBook::new(Arc::clone(&fleet.directory), listed)
        .reported_by_exception(fleet.reported_by_exception())
        .with_elsewhere(elsewhere(fleet, away))
}

/// A device that is polled, and that the engine dials.
pub(super) fn modbus(device: &FleetDevice, directory: &Directory) -> Option<ModbusDevice> {
    let link = device.modbus.as_ref()?;
    Some(polled(device, link, directory, via(&link.reach)?))
}

/// A device that is polled.
pub(super) fn polled(
    device: &FleetDevice,
    link: &ModbusLink,
    directory: &Directory,
    via: Via,
) -> ModbusDevice {
    let entry = directory.device(device.index);
    ModbusDevice {
        device: device.index,
        host: link.address.host().to_owned(),
        port: link.address.port(),
        unit: link.unit,
        plan: Arc::clone(&link.plan),
        layouts: entry.groups().to_vec(),
        whole: Arc::clone(entry.whole()),
        scan_periods: link.scan_periods.clone(),
        timeout: link.timeout,
        connect_timeout: link.connect_timeout,
        reconnect_max: link.reconnect_max,
        via,
        connections: link.connections,
        probe_max: link.probe_max,
    }
}

/// An outstation that the engine dials, with what is `known` of its last events, if its points are
/// the same.
pub(super) fn dnp3(
    device: &FleetDevice,
    directory: &Directory,
    known: &HashMap<DeviceIndex, Recent>,
) -> Option<Dnp3Device> {
    let link = device.dnp3.as_ref()?;
    let recent = known.get(&device.index).cloned().unwrap_or_default();
    let via = via(&link.reach)?;
    Some(outstations::outstation(
        device, link, recent, directory, via,
    ))
}

fn via(reach: &Reach) -> Option<Via> {
    match reach {
        Reach::Tcp => Some(Via::Tcp),
        Reach::Tls(client) => Some(Via::Tls(client.clone())),
        Reach::DialIn(_) => None,
    }
}
