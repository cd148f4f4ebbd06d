//! What another configuration changes: device by device, alarm by alarm.

use std::collections::{HashMap, HashSet};
use std::fmt::Debug;
use std::sync::Arc;

use gridos_alarm::Definition;
use gridos_api::{Changes, DeviceChanges};
use gridos_model::{AlarmId, DeviceIndex, Directory};

use crate::config::{Dnp3Link, Fleet, FleetDevice, ModbusLink, PushedLink, Reach};

/// What differs between the fleet of before and the next one, whose places are those of before.
#[derive(Debug, Default)]
pub(super) struct Difference {
    pub(super) devices: DeviceChanges,
    pub(super) alarms: Changes,
    /// The devices that are there no more.
    pub(super) gone: HashSet<DeviceIndex>,
    /// The devices that stay and are collected otherwise: their sessions begin anew.
    pub(super) begun: HashSet<DeviceIndex>,
    /// The devices that are new.
    pub(super) new: HashSet<DeviceIndex>,
    /// What cannot be changed while the engine runs.
    pub(super) fixed: Vec<String>,
    /// Whether anything differs at all.
    pub(super) is_any: bool,
}

impl Difference {
    /// What differs between `before` and `after`, which was made after it.
    pub(super) fn of(before: &Fleet, after: &Fleet) -> Self {
        let mut found = Self::default();
        let mut prints = Prints::default();
        let earlier: HashMap<DeviceIndex, &FleetDevice> = before
            .devices
            .iter()
            .map(|device| (device.index, device))
            .collect();
        for device in &after.devices {
            let name = || after.directory.device(device.index).name().to_owned();
            let Some(was) = earlier.get(&device.index) else {
                found.new.insert(device.index);
                found.devices.added.push(name());
                found.refuse_guest(name, device);
                continue;
            };
            let is_collected_alike = has_same_layouts(before, after, device.index)
                && prints.modbus(was.modbus.as_ref(), device.modbus.as_ref())
                && prints.dnp3(was.dnp3.as_ref(), device.dnp3.as_ref())
                && prints.pushed(was.pushed.as_ref(), device.pushed.as_ref());
            if !is_collected_alike {
                found.begun.insert(device.index);
                found.refuse_guest(name, was);
                found.refuse_guest(name, device);
            }
            let is_alike = is_collected_alike
                && was.alarms == device.alarms
                && was.link_alarm == device.link_alarm
                && was.area == device.area
                && was.states == device.states;
            match is_alike {
                true => found.devices.untouched += 1,
                false => found.devices.changed.push(name()),
            }
        }
        let stays: HashSet<_> = after.devices.iter().map(|device| device.index).collect();
        for device in before
            .devices
            .iter()
            .filter(|device| !stays.contains(&device.index))
        {
            let name = || before.directory.device(device.index).name().to_owned();
            found.gone.insert(device.index);
            found.devices.removed.push(name());
            found.refuse_guest(name, device);
        }
        found.alarms = alarms(before, after);
        let DeviceChanges {
            added,
            removed,
            changed,
            ..
        } = &found.devices;
        found.is_any = [added, removed, changed]
            .iter()
            .any(|names| names.count > 0)
            || !found.alarms.is_empty();
        found
    }

    /// Who comes by a listener is known to it from the start on.
    fn refuse_guest(&mut self, name: impl Fn() -> String, device: &FleetDevice) {
        let dials_in = |reach: &Reach| matches!(reach, Reach::DialIn(_));
        let is_guest = device.pushed.is_some()
            || device
                .modbus
                .as_ref()
                .is_some_and(|link| dials_in(&link.reach))
            || device
                .dnp3
                .as_ref()
                .is_some_and(|link| dials_in(&link.reach));
        if is_guest {
            self.fixed
                .push(format!("device '{}' comes by a listener", name()));
        }
    }
}

fn has_same_layouts(before: &Fleet, after: &Fleet, device: DeviceIndex) -> bool {
    let (was, is) = (
        before.directory.device(device),
        after.directory.device(device),
    );
    let groups = || was.groups().iter().zip(is.groups());
    Arc::ptr_eq(was.whole(), is.whole())
        && was.groups().len() == is.groups().len()
        && groups().all(|(was, is)| was.id() == is.id() && was.first() == is.first())
}

fn alarms(before: &Fleet, after: &Fleet) -> Changes {
    let mut changes = Changes::default();
    let mut earlier: HashMap<AlarmId, Arc<Definition>> = before
        .alarms()
        .map(|alarm| (alarm.defined.id, alarm.defined.definition))
        .collect();
    for alarm in after.alarms() {
        let name = || name(&after.directory, &alarm.defined);
        match earlier.remove(&alarm.defined.id) {
            None => changes.added.push(name()),
            Some(was) if was != alarm.defined.definition => changes.changed.push(name()),
            Some(_) => {}
        }
    }
    let gone = before
        .alarms()
        .filter(|alarm| earlier.contains_key(&alarm.defined.id));
    for alarm in gone {
        changes
            .removed
            .push(name(&before.directory, &alarm.defined));
    }
    changes
}

fn name(directory: &Directory, alarm: &gridos_alarm::Defined) -> String {
    let of_point = alarm.point.and_then(|point| directory.point_name(point));
    let owner = of_point.unwrap_or_else(|| directory.device(alarm.device).name().to_owned());
    format!("{owner}:{}", alarm.definition.condition.kind().name())
}

/// Which plans and maps say the same, each two compared once: thousands of devices share them.
#[derive(Debug, Default)]
struct Prints {
    alike: HashMap<(usize, usize), bool>,
}

impl Prints {
    fn modbus(&mut self, was: Option<&ModbusLink>, is: Option<&ModbusLink>) -> bool {
        let (was, is) = match (was, is) {
            (None, None) => return true,
            (Some(was), Some(is)) => (was, is),
            _ => return false,
        };
        was.address == is.address
            && was.unit == is.unit
            && was.scan_periods == is.scan_periods
            && was.timeout == is.timeout
            && was.connect_timeout == is.connect_timeout
            && was.reconnect_max == is.reconnect_max
            && was.probe_max == is.probe_max
            && was.connections == is.connections
            && was.reach == is.reach
            && self.are_alike(&was.plan, &is.plan)
    }

    fn dnp3(&mut self, was: Option<&Dnp3Link>, is: Option<&Dnp3Link>) -> bool {
        let (was, is) = match (was, is) {
            (None, None) => return true,
            (Some(was), Some(is)) => (was, is),
            _ => return false,
        };
        was.address == is.address
            && was.pair == is.pair
            && was.reach == is.reach
            && same_text(&was.treatment, &is.treatment)
            && self.are_alike(&was.map, &is.map)
    }

    fn pushed(&mut self, was: Option<&PushedLink>, is: Option<&PushedLink>) -> bool {
        let (was, is) = match (was, is) {
            (None, None) => return true,
            (Some(was), Some(is)) => (was, is),
            _ => return false,
        };
        was.listener == is.listener
            && was.peer == is.peer
            && was.unit == is.unit
            && self.are_alike(&was.plan, &is.plan)
    }

    fn are_alike<T: Debug>(&mut self, was: &Arc<T>, is: &Arc<T>) -> bool {
        let key = (Arc::as_ptr(was).addr(), Arc::as_ptr(is).addr());
        *self.alike.entry(key).or_insert_with(|| same_text(was, is))
    }
}

/// Plans have no equality, and what they are is all in their text.
fn same_text(was: &impl Debug, is: &impl Debug) -> bool {
    format!("{was:?}") == format!("{is:?}")
}
