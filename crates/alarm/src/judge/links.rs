//! Links: which alarm is of a device's communication.

use gridos_model::{DeviceIndex, PointIndex};

use super::watch::NONE;
use crate::AlarmIndex;

/// The alarms of the devices' links.
#[derive(Debug)]
pub(super) struct Links {
    /// Per device, its alarm, or [`NONE`].
    alarms: Vec<u32>,
    /// The first point of every row of points, ascending, and whose they are.
    rows: Vec<(PointIndex, usize)>,
    /// Those from an earlier life that nothing was said of since.
    unconfirmed: Vec<AlarmIndex>,
}

impl Links {
    /// Links of the devices with these first points; none has an alarm.
    pub(super) fn new(devices: &[PointIndex]) -> Self {
        Self {
            alarms: Vec::new(),
            rows: devices.iter().copied().zip(0..).collect(),
            unconfirmed: Vec::new(),
        }
    }

    /// Another generation has these rows of points.
    pub(super) fn set_rows(&mut self, rows: impl Iterator<Item = (PointIndex, DeviceIndex)>) {
        let rows = rows.map(|(first, device)| (first, device.get()));
        self.rows = rows.collect();
    }

    pub(super) fn add(&mut self, device: DeviceIndex, alarm: AlarmIndex) {
        let device = device.get();
        if self.alarms.len() <= device {
            self.alarms.resize(device + 1, NONE);
        }
        self.alarms[device] = u32::try_from(alarm.get()).unwrap_or(NONE);
    }

    /// There is no such alarm any more.
    pub(super) fn remove(&mut self, alarm: AlarmIndex) {
        let is_it = |raw: &&mut u32| usize::try_from(**raw).ok() == Some(alarm.get());
        if let Some(place) = self.alarms.iter_mut().find(is_it) {
            *place = NONE;
        }
        self.unconfirmed.retain(|one| *one != alarm);
    }

    /// The alarm of a device's link.
    pub(super) fn alarm(&self, device: usize) -> Option<AlarmIndex> {
        let alarm = self.alarms.get(device).copied();
        alarm.filter(|alarm| *alarm != NONE).map(AlarmIndex::new)
    }

    /// An alarm goes on from an earlier life.
    pub(super) fn doubt(&mut self, alarm: AlarmIndex) {
        if !self.unconfirmed.contains(&alarm) {
            self.unconfirmed.push(alarm);
        }
    }

    /// Whether any alarm goes on from an earlier life.
    pub(super) fn are_in_doubt(&self) -> bool {
        !self.unconfirmed.is_empty()
    }

    /// Takes the alarm in doubt of the device that has the point `first`.
    pub(super) fn take_doubted(&mut self, first: PointIndex) -> Option<AlarmIndex> {
        let row = self.rows.partition_point(|(begin, _)| *begin <= first);
        let (_, device) = *self.rows.get(row.checked_sub(1)?)?;
        let alarm = self.alarm(device)?;
        let place = self.unconfirmed.iter().position(|one| *one == alarm)?;
        Some(self.unconfirmed.swap_remove(place))
    }
}
