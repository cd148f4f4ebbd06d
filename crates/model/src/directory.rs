//! The directory: every device, layout and point of this process, by index and by name.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;
use std::sync::Arc;

use crate::{DeviceId, Layout, LayoutId, POINTS_PER_LAYOUT_MAX, Point, PointId, PointIndex};

/// A device's place in the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeviceIndex(u32);

impl DeviceIndex {
    /// The index as a position in [`Directory::devices`].
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

/// One device with its layouts.
#[derive(Debug)]
pub struct DeviceEntry {
    name: Arc<str>,
    id: DeviceId,
    whole: Arc<Layout>,
    groups: Vec<Arc<Layout>>,
}

impl DeviceEntry {
    /// The device's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The device's id.
    pub fn id(&self) -> DeviceId {
        self.id
    }

    /// The layout of all its points: what events refer to.
    pub fn whole(&self) -> &Arc<Layout> {
        &self.whole
    }

    /// The layouts of its groups of points that are read together, in the order they were added.
    pub fn groups(&self) -> &[Arc<Layout>] {
        &self.groups
    }
}

/// Where a point is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointRef {
    /// Its device.
    pub device: DeviceIndex,
    /// Its position in the device's whole layout.
    pub position: u32,
    /// Its place in the columns of this process.
    pub index: PointIndex,
}

/// Every device, layout and point of this process; immutable once built.
#[derive(Debug, Default)]
pub struct Directory {
    devices: Vec<DeviceEntry>,
    device_by_name: HashMap<Arc<str>, DeviceIndex>,
    /// Per device, the first of its points: ascending, for the way from a point to its device.
    first_points: Vec<u32>,
    point_by_id: HashMap<PointId, PointRef>,
    point_count: u32,
}

impl Directory {
    /// All devices, in the order they were added.
    pub fn devices(&self) -> &[DeviceEntry] {
        &self.devices
    }

    /// The device at `index`.
    ///
    /// # Panics
    /// If `index` is of another directory.
    pub fn device(&self, index: DeviceIndex) -> &DeviceEntry {
        &self.devices[index.get()]
    }

    /// The device called `name`.
    pub fn find_device(&self, name: &str) -> Option<DeviceIndex> {
        self.device_by_name.get(name).copied()
    }

    /// The point called `device.point`; the device's name may hold dots, the point's may not.
    pub fn find_point(&self, name: &str) -> Option<PointRef> {
        let (device, point) = name.rsplit_once('.')?;
        self.point_by_id.get(&PointId::of(device, point)).copied()
    }

    /// How many points there are; each [`PointIndex`] is below it.
    pub fn point_count(&self) -> usize {
        self.point_count as usize
    }

    /// Where the point at `index` is, or `None` past the end.
    pub fn locate(&self, index: PointIndex) -> Option<PointRef> {
        let index_raw = u32::try_from(index.get())
            .ok()
            .filter(|raw| *raw < self.point_count)?;
        let device = self
            .first_points
            .partition_point(|first| *first <= index_raw)
            - 1;
        let position = index_raw - self.first_points[device];
        Some(PointRef {
            device: DeviceIndex(u32::try_from(device).ok()?),
            position,
            index,
        })
    }

    /// The full name `device.point` of the point at `index`, or `None` past the end.
    pub fn point_name(&self, index: PointIndex) -> Option<String> {
        let at = self.locate(index)?;
        let device = self.device(at.device);
        let point = device.whole.points().get(at.position as usize)?;
        Some(format!("{}.{}", device.name, point.name()))
    }

    /// Every layout, each device's whole one first, then its groups.
    pub fn layouts(&self) -> impl Iterator<Item = &Arc<Layout>> {
        self.devices
            .iter()
            .flat_map(|device| std::iter::once(&device.whole).chain(&device.groups))
    }
}

/// Why a device cannot be added to a directory.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// A device of that name is there already.
    #[error("device '{device}' is named twice")]
    DuplicateDevice {
        /// The name.
        device: String,
    },
    /// A device has a point of that name already.
    #[error("device '{device}' has two points named '{point}'")]
    DuplicatePoint {
        /// The device's name.
        device: String,
        /// The point's name.
        point: String,
    },
    /// Two different names or layouts have one id: rename one.
    #[error("'{name}' has the same id as another name; rename it")]
    Collision {
        /// The later of the two names.
        name: String,
    },
    /// A device without points, or with more than [`POINTS_PER_LAYOUT_MAX`].
    #[error("device '{device}' has {points} points; allowed are 1 to {POINTS_PER_LAYOUT_MAX}")]
    PointCount {
        /// The device's name.
        device: String,
        /// How many points it has.
        points: usize,
    },
    /// A group that is empty or reaches past the device's points.
    #[error("device '{device}' has the group {group:?} but only {points} points")]
    Group {
        /// The device's name.
        device: String,
        /// The group asked for.
        group: Range<usize>,
        /// How many points the device has.
        points: usize,
    },
    /// More than 2³² points in one process.
    #[error("more than 4,294,967,295 points in one engine")]
    TooManyPoints,
}

/// Builds a [`Directory`], refusing what would make a name or an id ambiguous.
#[derive(Debug, Default)]
pub struct DirectoryBuilder {
    directory: Directory,
    layout_ids: HashMap<LayoutId, (Arc<str>, Range<usize>)>,
    device_ids: HashMap<DeviceId, Arc<str>>,
}

impl DirectoryBuilder {
    /// Adds a device with its points and the ranges of points that are read together.
    pub fn add(
        &mut self,
        name: &str,
        points: Vec<Point>,
        groups: &[Range<usize>],
    ) -> Result<DeviceIndex, DirectoryError> {
        let device = || name.to_owned();
        if self.directory.device_by_name.contains_key(name) {
            return Err(DirectoryError::DuplicateDevice { device: device() });
        }
        if points.is_empty() || points.len() > POINTS_PER_LAYOUT_MAX {
            return Err(DirectoryError::PointCount {
                device: device(),
                points: points.len(),
            });
        }
        let bad_group = groups.iter().find(|g| g.is_empty() || g.end > points.len());
        if let Some(group) = bad_group.cloned() {
            return Err(DirectoryError::Group {
                device: device(),
                group,
                points: points.len(),
            });
        }
        let index = u32::try_from(self.directory.devices.len())
            .map(DeviceIndex)
            .map_err(|_| DirectoryError::TooManyPoints)?;
        let name: Arc<str> = name.into();
        let id = DeviceId::of(&name);
        if self.device_ids.insert(id, Arc::clone(&name)).is_some() {
            return Err(DirectoryError::Collision { name: device() });
        }
        let first = self.add_points(&name, index, &points)?;
        let points: Box<[Arc<Point>]> = points.into_iter().map(Arc::new).collect();
        let whole = self.layout(&name, index, first, &points, 0..points.len())?;
        let groups = groups
            .iter()
            .map(|group| self.layout(&name, index, first, &points, group.clone()))
            .collect::<Result<_, _>>()?;
        self.directory
            .device_by_name
            .insert(Arc::clone(&name), index);
        self.directory
            .first_points
            .push(u32::try_from(first.get()).unwrap_or(u32::MAX));
        self.directory.devices.push(DeviceEntry {
            name,
            id,
            whole,
            groups,
        });
        Ok(index)
    }

    /// The directory of all devices added.
    pub fn build(self) -> Directory {
        self.directory
    }

    fn add_points(
        &mut self,
        name: &str,
        device: DeviceIndex,
        points: &[Point],
    ) -> Result<PointIndex, DirectoryError> {
        let first = self.directory.point_count;
        let count = u32::try_from(points.len()).map_err(|_| DirectoryError::TooManyPoints)?;
        let next = first
            .checked_add(count)
            .ok_or(DirectoryError::TooManyPoints)?;
        for (position, point) in (0..).zip(points) {
            let index = PointIndex::new(first + position);
            match self
                .directory
                .point_by_id
                .entry(PointId::of(name, point.name()))
            {
                Entry::Vacant(entry) => entry.insert(PointRef {
                    device,
                    position,
                    index,
                }),
                Entry::Occupied(entry) if entry.get().device == device => {
                    let (device, point) = (name.to_owned(), point.name().to_owned());
                    return Err(DirectoryError::DuplicatePoint { device, point });
                }
                Entry::Occupied(_) => {
                    let name = format!("{name}.{}", point.name());
                    return Err(DirectoryError::Collision { name });
                }
            };
        }
        self.directory.point_count = next;
        Ok(PointIndex::new(first))
    }

    fn layout(
        &mut self,
        name: &Arc<str>,
        device: DeviceIndex,
        first: PointIndex,
        points: &[Arc<Point>],
        group: Range<usize>,
    ) -> Result<Arc<Layout>, DirectoryError> {
        let offset = u32::try_from(group.start).map_err(|_| DirectoryError::TooManyPoints)?;
        let own = points[group.clone()].into();
        let layout = Arc::new(Layout::new(
            Arc::clone(name),
            device,
            first.offset(offset),
            own,
        ));
        let what = (Arc::clone(name), group);
        match self.layout_ids.entry(layout.id()) {
            Entry::Occupied(entry) if *entry.get() != what => Err(DirectoryError::Collision {
                name: name.to_string(),
            }),
            Entry::Occupied(_) => Ok(layout),
            Entry::Vacant(entry) => {
                entry.insert(what);
                Ok(layout)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(names: &[&str]) -> Vec<Point> {
        names.iter().map(|name| Point::new(name, "A")).collect()
    }

    #[test]
    fn points_are_found_by_name_and_by_index() {
        let mut builder = DirectoryBuilder::default();
        builder
            .add("sub1.feeder-01", points(&["ia", "ib"]), &[0..1, 1..2])
            .unwrap();
        builder
            .add("sub1.feeder-02", points(&["ia", "ib", "ic"]), &[0..1, 1..3])
            .unwrap();
        let directory = builder.build();
        let at = directory.find_point("sub1.feeder-02.ic").unwrap();
        assert_eq!(
            (at.device, at.position, at.index.get()),
            (DeviceIndex(1), 2, 4)
        );
        assert_eq!(directory.locate(at.index), Some(at));
        assert_eq!(directory.point_name(at.index).unwrap(), "sub1.feeder-02.ic");
        assert_eq!(directory.find_point("sub1.feeder-03.ic"), None);
        assert_eq!(directory.locate(PointIndex::new(5)), None);
        let groups = directory.device(at.device).groups();
        assert_eq!(groups[1].first().get(), 3);
        assert_eq!(groups[1].points()[1].name(), "ic");
    }

    #[test]
    fn a_group_of_all_points_is_the_whole_layout() {
        let whole = std::iter::once(0..2).collect::<Vec<_>>();
        let mut builder = DirectoryBuilder::default();
        let device = builder.add("d", points(&["a", "b"]), &whole).unwrap();
        let directory = builder.build();
        let device = directory.device(device);
        assert_eq!(device.whole().id(), device.groups()[0].id());
    }

    #[test]
    fn a_changed_map_is_another_layout() {
        let id = |names: &[&str]| {
            let mut builder = DirectoryBuilder::default();
            let device = builder.add("d", points(names), &[]).unwrap();
            builder.build().device(device).whole().id()
        };
        assert_eq!(id(&["a", "b"]), id(&["a", "b"]));
        assert_ne!(id(&["a", "b"]), id(&["b", "a"]));
        assert_ne!(id(&["a", "b"]), id(&["ab"]));
    }

    #[test]
    fn ambiguous_names_are_refused() {
        let mut builder = DirectoryBuilder::default();
        let twice = builder.add("d", points(&["a", "a"]), &[]).unwrap_err();
        assert_eq!(twice.to_string(), "device 'd' has two points named 'a'");
        let mut builder = DirectoryBuilder::default();
        builder.add("d", points(&["a"]), &[]).unwrap();
        let twice = builder.add("d", points(&["b"]), &[]).unwrap_err();
        assert_eq!(twice.to_string(), "device 'd' is named twice");
        let group = builder
            .add("e", points(&["b"]), std::slice::from_ref(&(0..2)))
            .unwrap_err();
        assert!(matches!(group, DirectoryError::Group { .. }));
        assert!(matches!(
            builder.add("f", vec![], &[]),
            Err(DirectoryError::PointCount { .. })
        ));
    }
}
