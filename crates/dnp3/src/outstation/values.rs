//! The present values of points.

use std::ops::Range;

use super::held::Held;
use super::promotion::promoted;
use super::{PointDefinition, PointTable};
use crate::app::{Flags, Point, PointTime, Variation};

/// The present values of all points of a table, by place.
#[derive(Clone, Debug)]
pub(super) struct Values(Box<[Present]>);

/// The present value of a point.
#[derive(Clone, Debug)]
pub(super) struct Present {
    pub(super) held: Held,
    pub(super) flags: Flags,
    /// When it became so.
    pub(super) time: PointTime,
}

/// RESTART and not ONLINE: nobody has updated the value since the device started.
const NEVER_UPDATED: Flags = Flags::new(0x02);

impl Values {
    /// What the points have before anybody updates them.
    pub(super) fn new(points: &PointTable, time: PointTime) -> Self {
        let present = |definition: &PointDefinition| Present {
            held: Held::initial(definition.kind),
            flags: NEVER_UPDATED,
            time,
        };
        Self(points.definitions().iter().map(present).collect())
    }

    pub(super) fn get(&self, place: usize) -> Option<&Present> {
        self.0.get(place)
    }

    /// Those of points at following places.
    pub(super) fn slice(&self, places: Range<usize>) -> &[Present] {
        self.0.get(places).unwrap_or_default()
    }

    pub(super) fn get_mut(&mut self, place: usize) -> Option<&mut Present> {
        self.0.get_mut(place)
    }
}

impl Present {
    /// As an object of the point with that definition.
    pub(super) fn point(&self, definition: &PointDefinition) -> Point<'_> {
        Point {
            index: definition.index,
            value: self.held.value(),
            flags: self.flags,
            time: Some(self.time),
        }
    }

    /// In which variation it is told if `number` is asked for; 0 leaves the choice to the point.
    pub(super) fn variation(&self, definition: &PointDefinition, number: u8) -> Variation {
        let usual = definition.static_variation;
        if let Some(length) = self.held.length() {
            return Variation::new(usual.group, length);
        }
        let number = if number == 0 { usual.number } else { number };
        promoted(
            definition.kind,
            Variation::new(usual.group, number),
            self.flags,
        )
    }
}
