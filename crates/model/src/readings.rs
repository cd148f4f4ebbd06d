//! A batch as the stages see it: borrowed columns, from a live batch or from the journal.

use crate::{LayoutId, Quality, Texts, TimeQuality, Timestamp};

/// The readings of one device that arrived together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Readings<'a> {
    /// All points of a layout at one instant.
    Sweep(Sweep<'a>),
    /// Changes with their own times.
    Events(Events<'a>),
    /// Texts with their own times.
    Texts(Texts<'a>),
}

/// All points of a layout at one instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sweep<'a> {
    /// The layout whose points the columns follow.
    pub layout: LayoutId,
    /// When the values were true, at the source.
    pub time: Timestamp,
    /// How far `time` may be trusted.
    pub time_quality: TimeQuality,
    /// When the engine had the last byte.
    pub received: Timestamp,
    /// One value per point of the layout.
    pub values: &'a [f64],
    /// One quality per value, or empty if all are good.
    pub qualities: &'a [Quality],
}

/// Changes of points of one layout, each with its own time, in the order of arrival.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Events<'a> {
    /// The layout that `points` are positions in.
    pub layout: LayoutId,
    /// When the engine had the last byte.
    pub received: Timestamp,
    /// Per event, the position of its point in the layout.
    pub points: &'a [u32],
    /// Per event, when it happened; its quality says how far that may be trusted.
    pub times: &'a [Timestamp],
    /// Per event, the value.
    pub values: &'a [f64],
    /// One quality per value, or empty if all are good.
    pub qualities: &'a [Quality],
}

impl<'a> Readings<'a> {
    /// The layout of any shape.
    pub fn layout(&self) -> LayoutId {
        match self {
            Self::Sweep(sweep) => sweep.layout,
            Self::Events(events) => events.layout,
            Self::Texts(texts) => texts.layout,
        }
    }

    /// When the engine had the last byte of the batch.
    pub fn received(&self) -> Timestamp {
        match self {
            Self::Sweep(sweep) => sweep.received,
            Self::Events(events) => events.received,
            Self::Texts(texts) => texts.received,
        }
    }

    /// The numbers of a sweep or of events; texts have none.
    pub fn values(&self) -> &'a [f64] {
        match self {
            Self::Sweep(sweep) => sweep.values,
            Self::Events(events) => events.values,
            Self::Texts(_) => &[],
        }
    }

    /// The quality column: empty if all values or texts are good.
    pub fn qualities(&self) -> &'a [Quality] {
        match self {
            Self::Sweep(sweep) => sweep.qualities,
            Self::Events(events) => events.qualities,
            Self::Texts(texts) => texts.qualities,
        }
    }

    /// How many readings there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Sweep(sweep) => sweep.values.len(),
            Self::Events(events) => events.values.len(),
            Self::Texts(texts) => texts.texts.len(),
        }
    }

    /// Whether there is no reading.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
