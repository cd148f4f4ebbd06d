//! Layouts: which point stands where in a batch's columns.

use std::ops::Range;
use std::sync::Arc;

use crate::id::Fingerprint;
use crate::point_list::PointList;
use crate::{DeviceId, DeviceIndex, LayoutId, PointId, PointIndex};

/// The most points one layout may have: a bound for every buffer that holds one batch.
pub const POINTS_PER_LAYOUT_MAX: usize = 65_536;

/// One measured quantity of a device, or one text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Point {
    name: Box<str>,
    unit: Box<str>,
    is_text: bool,
}

impl Point {
    /// A point called `name` within its device, measured in `unit` (empty: none).
    pub fn new(name: &str, unit: &str) -> Self {
        Self {
            name: name.into(),
            unit: unit.into(),
            is_text: false,
        }
    }

    /// A point called `name` within its device, whose readings are texts.
    pub fn text(name: &str) -> Self {
        Self {
            is_text: true,
            ..Self::new(name, "")
        }
    }

    /// The name within the device, without the device's.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The engineering unit, `A`, `kV`, `°C`; empty if there is none.
    pub fn unit(&self) -> &str {
        &self.unit
    }

    /// Whether its readings are texts. It is no part of any id: whoever keeps readings keeps texts
    /// beside numbers, whatever a point once was.
    pub fn is_text(&self) -> bool {
        self.is_text
    }
}

/// An immutable list of points of one device; a changed list is another layout.
///
/// Its points are contiguous in the process's columns, starting at [`Layout::first`].
#[derive(Debug)]
pub struct Layout {
    id: LayoutId,
    device: Arc<str>,
    device_id: DeviceId,
    device_index: DeviceIndex,
    first: PointIndex,
    /// The points of the whole device; those of the layout are some of them in a row.
    list: Arc<PointList>,
    start: u32,
    len: u32,
}

impl Layout {
    /// The layout of those points of the `list` of `device` that stand at `positions`, the first of
    /// which has its place at `first`.
    pub(crate) fn new(
        device: Arc<str>,
        device_index: DeviceIndex,
        first: PointIndex,
        list: Arc<PointList>,
        positions: Range<u32>,
    ) -> Self {
        let range = positions.start as usize..positions.end as usize;
        let mut print = Fingerprint::new().field(b"layout").field(device.as_bytes());
        for point in list.points().get(range).unwrap_or_default() {
            print = print
                .field(point.name.as_bytes())
                .field(point.unit.as_bytes());
        }
        let id = LayoutId::from_raw(print.finish());
        let device_id = DeviceId::of(&device);
        Self {
            id,
            device,
            device_id,
            device_index,
            first,
            list,
            start: positions.start,
            len: positions.end.saturating_sub(positions.start),
        }
    }

    /// The name of its device, shared.
    pub(crate) fn shared_device(&self) -> &Arc<str> {
        &self.device
    }

    /// The points of the whole device.
    pub(crate) fn list(&self) -> &Arc<PointList> {
        &self.list
    }

    /// The id, made of the device's name and its points' names and units.
    pub fn id(&self) -> LayoutId {
        self.id
    }

    /// The device's name.
    pub fn device(&self) -> &str {
        &self.device
    }

    /// The device's id.
    pub fn device_id(&self) -> DeviceId {
        self.device_id
    }

    /// The device's place in the directory of this process.
    pub fn device_index(&self) -> DeviceIndex {
        self.device_index
    }

    /// Where the first point stands in the columns of this process.
    pub fn first(&self) -> PointIndex {
        self.first
    }

    /// The points in column order.
    pub fn points(&self) -> &[Point] {
        let start = self.start as usize;
        let points = self.list.points().get(start..start + self.len());
        points.unwrap_or_default()
    }

    /// The id of the point at `position`, or `None` past the end.
    pub fn point_id(&self, position: usize) -> Option<PointId> {
        self.points()
            .get(position)
            .map(|point| PointId::of(&self.device, point.name()))
    }

    /// How many points there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether there is no point at all (the directory makes no such layout).
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}
