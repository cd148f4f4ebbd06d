//! The directory: every device, layout and point of this process, by index and by name.

mod builder;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::{DeviceId, Layout, POINTS_PER_LAYOUT_MAX, PointIndex};

pub use builder::DirectoryBuilder;

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
#[derive(Clone, Debug)]
pub struct DeviceEntry {
    name: Arc<str>,
    id: DeviceId,
    whole: Arc<Layout>,
    groups: Vec<Arc<Layout>>,
    is_retired: bool,
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

    /// Whether it is only a place that an earlier generation used: the device is there no more.
    pub fn is_retired(&self) -> bool {
        self.is_retired
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
///
/// Another *generation* ([`DirectoryBuilder::after`]) only appends: a device keeps its index as long
/// as the process runs, and its points keep theirs as long as their list is the same. What is gone
/// leaves its places behind, so whatever was made by an earlier generation still means the same.
#[derive(Debug, Default)]
pub struct Directory {
    devices: Vec<DeviceEntry>,
    device_by_name: HashMap<Arc<str>, DeviceIndex>,
    /// The first point of every row of points, ascending, and whose they are or were.
    rows: Vec<(u32, DeviceIndex)>,
    point_count: u32,
    /// How many points the devices that are there have.
    present_points: usize,
}

impl Directory {
    /// The places of all devices, in the order they were added, also of those that are retired.
    pub fn devices(&self) -> &[DeviceEntry] {
        &self.devices
    }

    /// All devices that are there, in the order of their places.
    pub fn present(&self) -> impl Iterator<Item = (DeviceIndex, &DeviceEntry)> {
        let places = (0..).map(DeviceIndex).zip(&self.devices);
        places.filter(|(_, entry)| !entry.is_retired)
    }

    /// How many devices are there.
    pub fn device_count(&self) -> usize {
        self.device_by_name.len()
    }

    /// How many points the devices that are there have.
    pub fn present_points(&self) -> usize {
        self.present_points
    }

    /// The first point of every row of points in the columns, ascending, and whose they are or were.
    pub fn rows(&self) -> impl Iterator<Item = (PointIndex, DeviceIndex)> {
        let rows = self.rows.iter();
        rows.map(|(first, device)| (PointIndex::new(*first), *device))
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
        let device = self.find_device(device)?;
        let whole = self.device(device).whole();
        let position = whole.list().find(point)?;
        Some(PointRef {
            device,
            position,
            index: whole.first().offset(position),
        })
    }

    /// How many places of points there are; each [`PointIndex`] is below it.
    pub fn point_count(&self) -> usize {
        self.point_count as usize
    }

    /// Where the point at `index` is, or `None` past the end and where none is any more.
    pub fn locate(&self, index: PointIndex) -> Option<PointRef> {
        let index_raw = u32::try_from(index.get())
            .ok()
            .filter(|raw| *raw < self.point_count)?;
        let row = self.rows.partition_point(|(first, _)| *first <= index_raw);
        let (first, device) = *self.rows.get(row.checked_sub(1)?)?;
        let entry = self.device(device);
        let is_there = !entry.is_retired && entry.whole.first() == PointIndex::new(first);
        is_there.then_some(PointRef {
            device,
            position: index_raw - first,
            index,
        })
    }

    /// The places in the columns that points of `earlier` had and that are nobody's in this generation.
    pub fn left_since(&self, earlier: &Self) -> Vec<Range<usize>> {
        let left = earlier.present().filter(|(device, entry)| {
            let now = self.devices.get(device.get());
            let is_kept =
                |now: &DeviceEntry| !now.is_retired && now.whole.first() == entry.whole.first();
            !now.is_some_and(is_kept)
        });
        let row = |(_, entry): (DeviceIndex, &DeviceEntry)| {
            let first = entry.whole.first().get();
            first..first + entry.whole.len()
        };
        left.map(row).collect()
    }

    /// The full name `device.point` of the point at `index`, or `None` where there is none.
    pub fn point_name(&self, index: PointIndex) -> Option<String> {
        let at = self.locate(index)?;
        let device = self.device(at.device);
        let point = device.whole.points().get(at.position as usize)?;
        Some(format!("{}.{}", device.name, point.name()))
    }

    /// Every layout of the devices that are there, each device's whole one first, then its groups.
    pub fn layouts(&self) -> impl Iterator<Item = &Arc<Layout>> {
        self.present()
            .flat_map(|(_, device)| std::iter::once(&device.whole).chain(&device.groups))
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

#[cfg(test)]
mod tests;
