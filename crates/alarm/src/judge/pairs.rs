//! Pairs: points of which one is measured from the other.

use std::collections::HashMap;

use gridos_model::PointIndex;

use super::story::Sample;
use super::watch::NONE;
use crate::AlarmIndex;

/// The points that deviations are measured of and from.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    points: HashMap<u32, Half>,
}

/// One of the two points.
#[derive(Debug, Default)]
struct Half {
    /// The alarms that are measured from it.
    followers: Vec<AlarmIndex>,
    /// Whether its last reading was bad.
    is_bad: bool,
}

impl Pairs {
    /// An alarm of `point` is measured from `reference` from now on.
    pub(super) fn join(&mut self, alarm: AlarmIndex, point: u32, reference: u32) {
        if reference != NONE {
            self.points.entry(point).or_default();
            let half = self.points.entry(reference).or_default();
            half.followers.push(alarm);
        }
    }

    /// An alarm is not measured from `reference` any more.
    pub(super) fn part(&mut self, alarm: AlarmIndex, reference: u32) {
        if let Some(half) = self.points.get_mut(&reference) {
            half.followers.retain(|follower| *follower != alarm);
        }
    }

    /// Forgets what was read of `point`.
    pub(super) fn forget(&mut self, point: usize) {
        let half = u32::try_from(point).ok();
        if let Some(half) = half.and_then(|point| self.points.get_mut(&point)) {
            half.is_bad = false;
        }
    }

    /// Takes note of a reading of `point`; returns the alarms that are measured from it.
    pub(super) fn note(&mut self, point: usize, sample: &Sample) -> &[AlarmIndex] {
        if self.points.is_empty() {
            return &[];
        }
        let half = u32::try_from(point).ok();
        let Some(half) = half.and_then(|point| self.points.get_mut(&point)) else {
            return &[];
        };
        half.is_bad = !sample.is_usable();
        &half.followers
    }

    /// The alarms that are measured from `point`.
    pub(super) fn followers(&self, point: usize) -> &[AlarmIndex] {
        self.half(point).map_or(&[], |half| &half.followers)
    }

    /// Whether the last reading of `point` was bad.
    pub(super) fn is_bad(&self, point: usize) -> bool {
        self.half(point).is_some_and(|half| half.is_bad)
    }

    fn half(&self, point: usize) -> Option<&Half> {
        self.points.get(&u32::try_from(point).ok()?)
    }
}

/// An index as a watch keeps it.
pub(super) fn raw(point: Option<PointIndex>) -> u32 {
    let point = point.and_then(|point| u32::try_from(point.get()).ok());
    point.unwrap_or(NONE)
}
