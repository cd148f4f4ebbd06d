//! The alarms of the fleet: what is watched for, at which point, for whose operators.

use std::collections::HashSet;
use std::sync::Arc;

use gridos_alarm::{Defined, Definition};
use gridos_model::{AlarmId, AlarmKind, DeviceIndex, PointIndex};

use super::fleet::{Fleet, FleetDevice};

/// One alarm of the fleet.
#[derive(Clone, Debug)]
pub struct FleetAlarm {
    /// What it is, and of what. The definition is shared with all alarms of which the configuration
    /// says the same.
    pub defined: Defined,
    /// Whose operators it is for; shared with all alarms of the area.
    pub area: Arc<str>,
}

impl FleetAlarm {
    /// What it watches for, in a word.
    pub fn kind(&self) -> AlarmKind {
        self.defined.definition.condition.kind()
    }
}

impl Fleet {
    /// All alarms, those that are switched off as well: device by device, of each those of its points
    /// in the order of the columns, of each point by their kinds, and then the device's own.
    pub fn alarms(&self) -> impl Iterator<Item = FleetAlarm> + '_ {
        self.devices.iter().flat_map(|device| self.all_of(device))
    }

    /// The alarms of one device.
    pub fn alarms_of(&self, device: DeviceIndex) -> impl Iterator<Item = FleetAlarm> + '_ {
        self.device(device)
            .into_iter()
            .flat_map(|device| self.all_of(device))
    }

    /// The areas that any alarm belongs to, each once, in the order of devices.
    pub fn areas(&self) -> Vec<String> {
        let is_watched =
            |device: &&FleetDevice| !device.alarms.is_empty() || device.link_alarm.is_some();
        let mut seen = HashSet::new();
        let watched = self.devices.iter().filter(is_watched);
        let areas = watched.filter_map(|device| {
            let area = &*device.area;
            seen.insert(area).then(|| area.to_owned())
        });
        areas.collect()
    }

    /// The points that tell their values by exception, whose edges are those of the configured alarms.
    pub fn reported_by_exception(&self) -> impl Iterator<Item = PointIndex> + '_ {
        self.devices.iter().flat_map(move |device| {
            let polled = device.modbus.iter().map(|link| &link.plan);
            let plans = polled.chain(device.pushed.iter().map(|link| &link.plan));
            let points = plans.flat_map(|plan| plan.points());
            let name = self.directory.device(device.index).name();
            points
                .filter(|point| point.report.is_some())
                .filter_map(move |point| {
                    let found = self.directory.find_point(&format!("{name}.{}", point.name));
                    Some(found?.index)
                })
        })
    }

    /// Whose operators the alarms of the device called `name` are for.
    pub fn area_of(&self, name: &str) -> Option<&str> {
        let index = self.directory.find_device(name)?;
        Some(&self.device(index)?.area)
    }

    fn all_of<'a>(&'a self, device: &'a FleetDevice) -> impl Iterator<Item = FleetAlarm> + 'a {
        let own = device.link_alarm.iter();
        let own = own.map(|definition| self.of_device(device, definition));
        let of_points = device.alarms.iter();
        let of_points = of_points.filter_map(|(at, alarm)| self.of_point(device, *at, alarm));
        of_points.chain(own)
    }

    fn of_point(
        &self,
        device: &FleetDevice,
        position: usize,
        definition: &Arc<Definition>,
    ) -> Option<FleetAlarm> {
        let layout = self.directory.device(device.index).whole();
        let point = layout.points().get(position)?;
        let owner = format!("{}.{}", layout.device(), point.name());
        let defined = Defined {
            id: AlarmId::of(&owner, definition.condition.kind()),
            device: device.index,
            point: Some(layout.first().offset(u32::try_from(position).ok()?)),
            reference: definition.reference(device.index, &self.directory).ok()?,
            definition: Arc::clone(definition),
        };
        let area = Arc::clone(&device.area);
        Some(FleetAlarm { defined, area })
    }

    fn of_device(&self, device: &FleetDevice, definition: &Arc<Definition>) -> FleetAlarm {
        let name = self.directory.device(device.index).name();
        let defined = Defined {
            id: AlarmId::of(name, definition.condition.kind()),
            device: device.index,
            point: None,
            reference: None,
            definition: Arc::clone(definition),
        };
        let area = Arc::clone(&device.area);
        FleetAlarm { defined, area }
    }
}
