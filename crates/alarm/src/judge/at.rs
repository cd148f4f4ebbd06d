//! Instants as delays are counted: by the source's clock, and by the engine's monotonic one.

use std::cmp::Ordering;
use std::time::Duration;

use gridos_model::{Quality, Timestamp};

use crate::Now;

/// What says that a reading's time is no measure of how long something lasted.
const UNTIMED: Quality = Quality::CLOCK_UNSYNCHRONISED
    .union(Quality::NO_SOURCE_TIME)
    .union(Quality::CLOCK_CLAMPED);

/// The clock that puts several instants in order.
///
/// Two by two each could be compared by the clock that fits it best, but then three could follow
/// each other in a circle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    /// The source's: all of them are of it.
    Source,
    /// The engine's monotonic one.
    Engine,
}

impl Clock {
    pub(super) fn of(instants: impl IntoIterator<Item = At>) -> Self {
        match instants.into_iter().all(|at| at.is_of_source) {
            true => Self::Source,
            false => Self::Engine,
        }
    }
}

/// An instant on both clocks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct At {
    /// What is told of it; never later than when the engine learned of it.
    pub(super) time: Timestamp,
    /// Whether durations are measured by `time`: it is of a source whose clock is right.
    pub(super) is_of_source: bool,
    /// The monotonic clock, since the engine's start.
    pub(super) mono: Duration,
}

impl At {
    /// When a reading was true. A time in the future counts as that of reception.
    pub(super) fn of_reading(
        time: Timestamp,
        is_synchronised: bool,
        quality: Quality,
        received: Timestamp,
        now: Now,
    ) -> Self {
        Self {
            time: time.min(received),
            is_of_source: is_synchronised && !quality.intersects(UNTIMED),
            mono: now.mono,
        }
    }

    /// An instant of the engine's own.
    pub(super) fn engine(time: Timestamp, now: Now) -> Self {
        Self {
            time,
            is_of_source: false,
            mono: now.mono,
        }
    }

    /// The instant `delay` later.
    pub(super) fn after(self, delay: Duration) -> Self {
        Self {
            time: self.time.saturating_add(delay),
            mono: self.mono.saturating_add(delay),
            ..self
        }
    }

    /// The instant `delay` earlier.
    pub(super) fn before(self, delay: Duration) -> Self {
        Self {
            time: self.time.saturating_sub(delay),
            mono: self.mono.saturating_sub(delay),
            ..self
        }
    }

    /// Whether it is not before `other`: by the source's clock if both are of it.
    pub(super) fn reaches(&self, other: &Self) -> bool {
        match self.is_of_source && other.is_of_source {
            true => self.time >= other.time,
            false => self.mono >= other.mono,
        }
    }

    /// Whether it is after `other`.
    pub(super) fn passes(&self, other: &Self) -> bool {
        !other.reaches(self)
    }

    /// The later one of both.
    pub(super) fn later(self, other: Self) -> Self {
        if self.reaches(&other) { self } else { other }
    }

    /// How two of several instants follow each other by `clock`.
    pub(super) fn compare(&self, other: &Self, clock: Clock) -> Ordering {
        match clock {
            Clock::Source => self.time.cmp(&other.time),
            Clock::Engine => self.mono.cmp(&other.mono),
        }
    }

    /// How long after `earlier` it is.
    pub(super) fn since(&self, earlier: &Self) -> Duration {
        match self.is_of_source && earlier.is_of_source {
            true => self.time.since(earlier.time),
            false => self.mono.saturating_sub(earlier.mono),
        }
    }
}
