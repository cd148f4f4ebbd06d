//! Report by exception: which values are worth telling.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_model::Quality;

/// When a value of a point is told: when it has moved, when its quality changed, when it has
/// crossed an edge, or when the last report is too old.
///
/// Edges keep alarms from being blinded: as long as a value has crossed none since its last
/// report, whatever compares values with the edges would say the same of both.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// How far a value must move from the last report, in the point's unit; finite, at least 0. At
    /// 0 any change is told.
    pub deadband: f64,
    /// How long a value that did not move is not told; more than 0.
    pub at_least: Duration,
    /// A value of at least this and one below are never taken for each other; finite.
    pub edges: Arc<[f64]>,
}

/// What was last told of a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LastReport {
    /// The value.
    pub value: f64,
    /// What was known against it.
    pub quality: Quality,
    /// When it was told.
    pub at: Instant,
}

impl Report {
    /// Whether `value` must be told at `now`, after `last`.
    pub fn is_due(
        &self,
        last: Option<&LastReport>,
        value: f64,
        quality: Quality,
        now: Instant,
    ) -> bool {
        let Some(last) = last else {
            return true;
        };
        quality != last.quality
            || self.has_moved(last.value, value)
            || now.saturating_duration_since(last.at) >= self.at_least
    }

    fn has_moved(&self, from: f64, to: f64) -> bool {
        if from.is_nan() || to.is_nan() {
            return from.is_nan() != to.is_nan();
        }
        let is_far = from != to && (to - from).abs() >= self.deadband;
        is_far
            || self
                .edges
                .iter()
                .any(|edge| (from >= *edge) != (to >= *edge))
    }

    pub(crate) fn is_valid(&self) -> bool {
        self.deadband.is_finite()
            && self.deadband >= 0.0
            && !self.at_least.is_zero()
            && self.edges.iter().all(|edge| edge.is_finite())
    }
}
