//! The catalogue: which alarms there are, and by what definition.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use gridos_model::{AlarmId, DeviceIndex, Directory, PointIndex};

use crate::{AlarmIndex, Condition, Defined, Definition, Edit};

/// Which alarms there are, in columns: there may be a million. Their definitions are the judge's.
#[derive(Debug)]
pub(crate) struct Catalog {
    directory: Arc<Directory>,
    ids: Vec<AlarmId>,
    /// All places, in the order of their alarms' ids.
    by_id: Vec<AlarmIndex>,
    /// The devices' alarms of their links.
    links: HashMap<DeviceIndex, AlarmIndex>,
    /// The devices of the alarms that are of no point.
    devices: HashMap<AlarmIndex, DeviceIndex>,
    /// What was changed at run time.
    edits: HashMap<AlarmIndex, Edit>,
    /// The same of alarms that are not there: it counts again if they come back as they were.
    dormant: HashMap<AlarmId, Edit>,
    /// Places of alarms that are gone.
    free: Vec<AlarmIndex>,
}

impl Catalog {
    pub(crate) fn new(directory: Arc<Directory>, defined: &[Defined]) -> Self {
        let places = || (0..).map(AlarmIndex::new).zip(defined);
        let mut by_id: Vec<_> = places().map(|(alarm, _)| alarm).collect();
        by_id.sort_by_key(|alarm| defined[alarm.get()].id);
        let is_link = |defined: &Defined| defined.definition.condition == Condition::Link;
        let is_nowhere = |point| directory.locate(point).is_none();
        let links = places().filter(|(_, defined)| is_link(defined));
        let of_no_point = places().filter(|(_, defined)| defined.point.is_none_or(is_nowhere));
        Self {
            ids: defined.iter().map(|defined| defined.id).collect(),
            by_id,
            links: links
                .map(|(alarm, defined)| (defined.device, alarm))
                .collect(),
            devices: of_no_point
                .map(|(alarm, defined)| (alarm, defined.device))
                .collect(),
            edits: HashMap::new(),
            dormant: HashMap::new(),
            free: Vec::new(),
            directory,
        }
    }

    pub(crate) fn find(&self, id: AlarmId) -> Option<AlarmIndex> {
        let at = self
            .by_id
            .binary_search_by_key(&id, |alarm| self.id(*alarm));
        self.by_id.get(at.ok()?).copied()
    }

    pub(crate) fn id(&self, alarm: AlarmIndex) -> AlarmId {
        self.ids[alarm.get()]
    }

    /// The device of an alarm that is of no point.
    pub(crate) fn device_of(&self, alarm: AlarmIndex) -> DeviceIndex {
        self.devices[&alarm]
    }

    pub(crate) fn device_of_point(&self, point: PointIndex) -> Option<DeviceIndex> {
        Some(self.directory.locate(point)?.device)
    }

    /// The alarm of a device's link, if there is one.
    pub(crate) fn link_of(&self, device: DeviceIndex) -> Option<AlarmIndex> {
        self.links.get(&device).copied()
    }

    /// All alarms that are there, in the order of their ids.
    pub(crate) fn all(&self) -> impl Iterator<Item = (AlarmId, AlarmIndex)> {
        self.by_id.iter().map(|alarm| (self.id(*alarm), *alarm))
    }

    /// Forgets the alarms `gone`; their places may be used again.
    pub(crate) fn remove(&mut self, gone: &[AlarmIndex]) {
        for alarm in gone {
            if let Some(edit) = self.edits.remove(alarm) {
                self.dormant.insert(self.id(*alarm), edit);
            }
            self.devices.remove(alarm);
        }
        let gone_set: HashSet<_> = gone.iter().copied().collect();
        self.links.retain(|_, alarm| !gone_set.contains(alarm));
        self.by_id.retain(|alarm| !gone_set.contains(alarm));
        self.free.extend_from_slice(gone);
    }

    /// Goes on with the devices and points of `directory`, and the alarms `new` as well; returns
    /// their places.
    pub(crate) fn renew(&mut self, directory: Arc<Directory>, new: &[Defined]) -> Vec<AlarmIndex> {
        self.directory = directory;
        let mut places = Vec::with_capacity(new.len());
        for defined in new {
            let alarm = match self.free.pop() {
                Some(alarm) => {
                    self.ids[alarm.get()] = defined.id;
                    alarm
                }
                None => {
                    self.ids.push(defined.id);
                    AlarmIndex::new(u32::try_from(self.ids.len() - 1).unwrap_or(u32::MAX))
                }
            };
            if defined.definition.condition == Condition::Link {
                self.links.insert(defined.device, alarm);
            }
            let is_nowhere = |point| self.directory.locate(point).is_none();
            if defined.point.is_none_or(is_nowhere) {
                self.devices.insert(alarm, defined.device);
            }
            places.push(alarm);
        }
        self.by_id.extend_from_slice(&places);
        let ids = &self.ids;
        self.by_id.sort_by_key(|alarm| ids[alarm.get()]);
        places
    }

    /// Keeps a definition that was changed at run time for an alarm that is not there.
    pub(crate) fn keep_dormant(&mut self, id: AlarmId, edit: Edit) {
        self.dormant.insert(id, edit);
    }

    /// The definition that an alarm had which was gone for a while.
    pub(crate) fn take_dormant(&mut self, id: AlarmId) -> Option<Edit> {
        self.dormant.remove(&id)
    }

    /// The configuration's own definition counts again.
    pub(crate) fn drop_edit(&mut self, alarm: AlarmIndex) {
        self.edits.remove(&alarm);
    }

    pub(crate) fn edit(&mut self, alarm: AlarmIndex, edit: Edit) {
        self.edits.insert(alarm, edit);
    }

    pub(crate) fn edit_of(&self, alarm: AlarmIndex) -> Option<&Edit> {
        self.edits.get(&alarm)
    }

    pub(crate) fn edits(&self) -> impl Iterator<Item = (AlarmId, &Edit)> {
        self.edits
            .iter()
            .map(|(alarm, edit)| (self.id(*alarm), edit))
    }

    /// The point that a definition of an alarm of `device` refers to.
    ///
    /// # Errors
    /// Its name, if there is none.
    pub(crate) fn reference(
        &self,
        device: DeviceIndex,
        definition: &Definition,
    ) -> Result<Option<PointIndex>, String> {
        definition.reference(device, &self.directory)
    }
}
