//! A group of present values that goes on in the next object header, or in the next fragment.

use std::sync::Arc;

use gridos_model::{Batch, Layout, Quality, TimeQuality, Timestamp};

use super::point_map::Block;
use super::recent::Key;
use super::sorting::Row;
use super::{PointKind, PointMap};

/// The beginning of a group: the values of its first points.
///
/// An answer is cut where a fragment is full, not where a group ends, and a header ends where the
/// variation changes. What belongs together waits until it is whole, or until it is clear that it
/// does not go on: then what is there is told like events.
#[derive(Debug)]
pub(super) struct Begun {
    kind: PointKind,
    block: Block,
    /// When the first of it was received.
    received: Timestamp,
    /// What is known against that as a time.
    time_flags: Quality,
    values: Vec<(f64, Quality)>,
}

impl Begun {
    /// The group at `block`, of which nothing came yet.
    pub(super) fn new(
        kind: PointKind,
        block: Block,
        received: Timestamp,
        time_flags: Quality,
    ) -> Self {
        Self {
            kind,
            block,
            received,
            time_flags,
            values: Vec::new(),
        }
    }

    /// Whether the point of `kind` at `index` is the next one.
    pub(super) fn goes_on_at(&self, kind: PointKind, index: u16) -> bool {
        let next = usize::from(self.block.first) + self.values.len();
        self.kind == kind && usize::from(index) == next && index <= self.block.last
    }

    /// Adds the value of the next point.
    pub(super) fn push(&mut self, value: f64, quality: Quality) {
        self.values.push((value, quality));
    }

    /// Whether all of the group is there.
    pub(super) fn is_whole(&self) -> bool {
        self.values.len() > usize::from(self.block.last - self.block.first)
    }

    /// Which of the groups it is.
    pub(super) fn group(&self) -> usize {
        self.block.group
    }

    /// How many values are there.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// When the first of it was received.
    pub(super) fn received(&self) -> Timestamp {
        self.received
    }

    /// Makes `batch` the sweep of the whole group, whose last value was `received` then. It is as
    /// old as its first value, so that no event of its time comes late.
    pub(super) fn fill(&self, layout: &Arc<Layout>, received: Timestamp, batch: &mut Batch) {
        // The outstation gives present values no time.
        batch.start_sweep(layout, self.received, TimeQuality::None, received);
        batch.push_all(self.values.iter().copied());
    }

    /// What is there, told like events.
    pub(super) fn rows<'a>(&'a self, map: &'a PointMap) -> impl Iterator<Item = Row> + 'a {
        let values = (self.block.first..=self.block.last).zip(&self.values);
        values.filter_map(|(index, (value, quality))| {
            Some(Row {
                position: map.position(self.kind, index)?,
                quality: *quality | self.time_flags,
                time: self.received,
                value: *value,
                key: Key::NONE,
            })
        })
    }
}
