//! Building a directory, or the next generation of one.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use super::{DeviceEntry, DeviceIndex, Directory, DirectoryError};
use crate::point_list::{PointList, PointLists};
use crate::{DeviceId, Layout, LayoutId, POINTS_PER_LAYOUT_MAX, Point, PointId, PointIndex};

/// Builds a [`Directory`], refusing what would make a name or an id ambiguous.
#[derive(Debug, Default)]
pub struct DirectoryBuilder {
    directory: Directory,
    layout_ids: HashMap<LayoutId, (Arc<str>, Range<usize>)>,
    device_ids: HashMap<DeviceId, Arc<str>>,
    point_ids: HashSet<PointId>,
    lists: PointLists,
    /// The places of an earlier generation.
    places: HashMap<Arc<str>, DeviceIndex>,
}

impl DirectoryBuilder {
    /// A builder of the generation after `earlier`: devices that are added again keep their places,
    /// and those that are not are retired.
    pub fn after(earlier: &Directory) -> Self {
        let retired = |entry: &DeviceEntry| DeviceEntry {
            is_retired: true,
            ..entry.clone()
        };
        let devices: Vec<_> = earlier.devices.iter().map(retired).collect();
        let names = || devices.iter().map(|entry| Arc::clone(&entry.name));
        let mut lists = PointLists::default();
        devices
            .iter()
            .for_each(|entry| lists.know(entry.whole.list()));
        Self {
            lists,
            point_ids: HashSet::new(),
            layout_ids: HashMap::new(),
            device_ids: devices.iter().map(|entry| entry.id).zip(names()).collect(),
            places: names().zip((0..).map(DeviceIndex)).collect(),
            directory: Directory {
                devices,
                device_by_name: HashMap::new(),
                rows: earlier.rows.clone(),
                point_count: earlier.point_count,
                present_points: 0,
            },
        }
    }

    /// Adds a device with its points and the ranges of points that are read together.
    pub fn add(
        &mut self,
        name: &str,
        points: Vec<Point>,
        groups: &[Range<usize>],
    ) -> Result<DeviceIndex, DirectoryError> {
        self.check(name, points.len(), groups)?;
        let earlier = self.places.get(name).copied();
        let index = earlier.map_or_else(|| self.next_place(), Ok)?;
        let earlier = earlier.map(|at| self.directory.devices[at.get()].clone());
        let name = earlier
            .as_ref()
            .map_or_else(|| name.into(), |e| Arc::clone(&e.name));
        let id = DeviceId::of(&name);
        let holder = self.device_ids.insert(id, Arc::clone(&name));
        if holder.is_some_and(|holder| holder != name) {
            let name = name.to_string();
            return Err(DirectoryError::Collision { name });
        }
        let list = self.lists.of(points).map_err(|point| {
            let device = name.to_string();
            DirectoryError::DuplicatePoint { device, point }
        })?;
        self.name_points(&name, &list)?;
        let kept = earlier.filter(|earlier| Arc::ptr_eq(earlier.whole.list(), &list));
        let whole = match &kept {
            Some(kept) => Arc::clone(&kept.whole),
            None => {
                let count = count(list.points().len())?;
                let first = self.begin_row(index, count)?;
                Arc::new(Layout::new(Arc::clone(&name), index, first, list, 0..count))
            }
        };
        self.directory.present_points += whole.len();
        self.name_layout(&whole, 0..whole.len())?;
        let known = kept.as_ref().map_or(&[][..], |kept| &kept.groups);
        let groups = groups
            .iter()
            .map(|group| self.group(&whole, group, known))
            .collect::<Result<_, _>>()?;
        let entry = DeviceEntry {
            name: Arc::clone(&name),
            id,
            whole,
            groups,
            is_retired: false,
        };
        match self.directory.devices.get_mut(index.get()) {
            Some(place) => *place = entry,
            None => self.directory.devices.push(entry),
        }
        self.directory.device_by_name.insert(name, index);
        Ok(index)
    }

    /// The directory of all devices added.
    pub fn build(self) -> Directory {
        self.directory
    }

    fn check(
        &self,
        name: &str,
        points: usize,
        groups: &[Range<usize>],
    ) -> Result<(), DirectoryError> {
        let device = name.to_owned();
        if self.directory.device_by_name.contains_key(name) {
            return Err(DirectoryError::DuplicateDevice { device });
        }
        if points == 0 || points > POINTS_PER_LAYOUT_MAX {
            return Err(DirectoryError::PointCount { device, points });
        }
        let bad_group = groups.iter().find(|g| g.is_empty() || g.end > points);
        match bad_group.cloned() {
            Some(group) => Err(DirectoryError::Group {
                device,
                group,
                points,
            }),
            None => Ok(()),
        }
    }

    fn next_place(&self) -> Result<DeviceIndex, DirectoryError> {
        let next = u32::try_from(self.directory.devices.len());
        next.map(DeviceIndex)
            .map_err(|_| DirectoryError::TooManyPoints)
    }

    /// Places for `points` points behind all others.
    fn begin_row(
        &mut self,
        device: DeviceIndex,
        points: u32,
    ) -> Result<PointIndex, DirectoryError> {
        let first = self.directory.point_count;
        let next = first.checked_add(points);
        self.directory.point_count = next.ok_or(DirectoryError::TooManyPoints)?;
        self.directory.rows.push((first, device));
        Ok(PointIndex::new(first))
    }

    fn name_points(&mut self, name: &str, list: &PointList) -> Result<(), DirectoryError> {
        let taken = |point: &&Point| !self.point_ids.insert(PointId::of(name, point.name()));
        match list.points().iter().find(taken) {
            Some(point) => Err(DirectoryError::Collision {
                name: format!("{name}.{}", point.name()),
            }),
            None => Ok(()),
        }
    }

    /// The layout of the `group` of the points of `whole`: that of the earlier generation, if it is
    /// among the `known`.
    fn group(
        &mut self,
        whole: &Layout,
        group: &Range<usize>,
        known: &[Arc<Layout>],
    ) -> Result<Arc<Layout>, DirectoryError> {
        let positions = count(group.start)?..count(group.end)?;
        let first = whole.first().offset(positions.start);
        let is_same =
            |layout: &&Arc<Layout>| layout.first() == first && layout.len() == group.len();
        let layout = match known.iter().find(is_same) {
            Some(layout) => Arc::clone(layout),
            None => Arc::new(Layout::new(
                Arc::clone(whole.shared_device()),
                whole.device_index(),
                first,
                Arc::clone(whole.list()),
                positions,
            )),
        };
        self.name_layout(&layout, group.clone())?;
        Ok(layout)
    }

    fn name_layout(&mut self, layout: &Layout, group: Range<usize>) -> Result<(), DirectoryError> {
        let name = Arc::clone(layout.shared_device());
        match self.layout_ids.entry(layout.id()) {
            Entry::Occupied(entry) if *entry.get() != (Arc::clone(&name), group.clone()) => {
                let name = name.to_string();
                Err(DirectoryError::Collision { name })
            }
            Entry::Occupied(_) => Ok(()),
            Entry::Vacant(entry) => {
                entry.insert((name, group));
                Ok(())
            }
        }
    }
}

fn count(count: usize) -> Result<u32, DirectoryError> {
    u32::try_from(count).map_err(|_| DirectoryError::TooManyPoints)
}
