//! The batch: the unit that flows, recycled rather than freed.

use std::sync::Arc;

use crate::finite::are_finite;
use crate::texts::{self, TEXTS_BYTES_MAX};
use crate::{Events, Layout, Quality, Readings, Sweep, TextColumn, Texts, TimeQuality, Timestamp};

/// The readings of one device that arrived together, in columns that keep their capacity.
///
/// A batch is taken from a pool, started as a sweep, as events or as texts, filled, and given back
/// after the journal has copied it. Columns are always of equal length; the quality column stays
/// empty until the first value that is not good. Texts are rare: their memory is not kept.
#[derive(Debug, Default)]
pub struct Batch {
    layout: Option<Arc<Layout>>,
    shape: Shape,
    received: Timestamp,
    values: Vec<f64>,
    qualities: Vec<Quality>,
    points: Vec<u32>,
    times: Vec<Timestamp>,
    /// Events for which room is made at the first one.
    room: usize,
    texts: String,
    ends: Vec<u32>,
}

#[derive(Clone, Copy, Debug, Default)]
enum Shape {
    Sweep {
        time: Timestamp,
        time_quality: TimeQuality,
    },
    #[default]
    Events,
    Texts,
}

/// Why a batch may not leave its producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// `start_sweep`, `start_events` or `start_texts` was not called.
    #[error("the batch was not started")]
    NotStarted,
    /// There is no reading in it.
    #[error("the batch is empty")]
    Empty,
    /// A sweep must have one value for each point of its layout.
    #[error("the sweep has {values} values for a layout of {points} points")]
    SweepLength {
        /// Values in the batch.
        values: usize,
        /// Points of the layout.
        points: usize,
    },
}

impl Batch {
    /// An empty batch for up to `readings` readings without growing.
    ///
    /// The columns get their room when a batch first needs them, and keep it: a sweep only that
    /// for the values of its layout, since it may wait in a pool among ten thousands of others.
    pub fn with_capacity(readings: usize) -> Self {
        Self {
            room: readings,
            ..Self::default()
        }
    }

    /// Empties the batch and makes it a sweep of `layout` at `time`, received at `received`.
    pub fn start_sweep(
        &mut self,
        layout: &Arc<Layout>,
        time: Timestamp,
        time_quality: TimeQuality,
        received: Timestamp,
    ) {
        self.clear();
        self.values.reserve_exact(layout.len());
        self.layout = Some(Arc::clone(layout));
        self.shape = Shape::Sweep { time, time_quality };
        self.received = received;
    }

    /// Empties the batch and makes it events of `layout`, received at `received`.
    pub fn start_events(&mut self, layout: &Arc<Layout>, received: Timestamp) {
        self.clear();
        self.values.reserve_exact(self.room);
        self.points.reserve_exact(self.room);
        self.times.reserve_exact(self.room);
        self.layout = Some(Arc::clone(layout));
        self.shape = Shape::Events;
        self.received = received;
    }

    /// Empties the batch and makes it texts of `layout`, received at `received`.
    pub fn start_texts(&mut self, layout: &Arc<Layout>, received: Timestamp) {
        self.clear();
        self.layout = Some(Arc::clone(layout));
        self.shape = Shape::Texts;
        self.received = received;
    }

    /// Adds the next value of a sweep.
    ///
    /// A NaN or infinite value is flagged [`Quality::NOT_FINITE`] here, so no producer can forget.
    #[inline]
    pub fn push(&mut self, value: f64, quality: Quality) {
        let quality = judge_finite(value, quality);
        if !quality.is_good() || !self.qualities.is_empty() {
            self.qualities.resize(self.values.len(), Quality::GOOD);
            self.qualities.push(quality);
        }
        self.values.push(value);
    }

    /// Adds an event of the point at `position` of the layout; returns whether there is such a
    /// point and the event was taken.
    #[inline]
    pub fn push_event(
        &mut self,
        position: u32,
        time: Timestamp,
        value: f64,
        quality: Quality,
    ) -> bool {
        let known = self.knows(position);
        if known {
            self.push(value, quality);
            self.points.push(position);
            self.times.push(time);
        }
        known
    }

    /// Adds events at once, as [`Batch::push_event`] would one by one; each is its position, its
    /// time, its value and its quality. Returns whether the layout has all their points: else none
    /// is added.
    #[inline]
    pub fn push_events(
        &mut self,
        events: impl Iterator<Item = (u32, Timestamp, f64, Quality)> + Clone,
    ) -> bool {
        let are_known = events.clone().all(|(position, ..)| self.knows(position));
        if are_known {
            let points = events.clone().map(|(position, ..)| position);
            self.points.extend(points);
            self.times.extend(events.clone().map(|(_, time, ..)| time));
            self.push_all(events.map(|(.., value, quality)| (value, quality)));
        }
        are_known
    }

    /// Adds a text of the point at `position` of the layout, of any bytes; returns whether there
    /// is such a point and the text was taken. It is not if the batch was not started for texts, or
    /// would have more than [`TEXTS_BYTES_MAX`] bytes of them.
    ///
    /// Bytes that are no plain text are escaped and flagged [`Quality::TEXT_ESCAPED`]; what goes
    /// beyond [`TEXT_BYTES_MAX`](crate::TEXT_BYTES_MAX) is cut off and flagged
    /// [`Quality::TEXT_CUT`].
    pub fn push_text(
        &mut self,
        position: u32,
        time: Timestamp,
        text: impl AsRef<[u8]>,
        quality: Quality,
    ) -> bool {
        if !matches!(self.shape, Shape::Texts) || !self.knows(position) {
            return false;
        }
        let before = self.texts.len();
        let quality = quality | texts::append(text.as_ref(), &mut self.texts);
        let end = u32::try_from(self.texts.len()).ok();
        let Some(end) = end.filter(|_| self.texts.len() <= TEXTS_BYTES_MAX) else {
            self.texts.truncate(before);
            return false;
        };
        if !quality.is_good() || !self.qualities.is_empty() {
            self.qualities.resize(self.ends.len(), Quality::GOOD);
            self.qualities.push(quality);
        }
        self.ends.push(end);
        self.points.push(position);
        self.times.push(time);
        true
    }

    #[inline]
    fn knows(&self, position: u32) -> bool {
        let layout = self.layout.as_ref();
        layout.is_some_and(|layout| (position as usize) < layout.len())
    }

    /// Adds values at once, as [`Batch::push`] would one by one.
    ///
    /// `readings` is gone through once where all are good and finite, and twice where not.
    #[inline]
    pub fn push_all(&mut self, readings: impl Iterator<Item = (f64, Quality)> + Clone) {
        let before = self.values.len();
        let mut doubts = Quality::GOOD;
        self.values.extend(readings.clone().map(|(value, quality)| {
            doubts |= quality;
            value
        }));
        let are_finite = are_finite(&self.values[before..]);
        if !are_finite || !doubts.is_good() || !self.qualities.is_empty() {
            self.qualities.resize(before, Quality::GOOD);
            let judged = readings.map(|(value, quality)| judge_finite(value, quality));
            self.qualities.extend(judged);
        }
    }

    /// Adds all values of a sweep at once, all of them good unless not finite.
    #[inline]
    pub fn extend(&mut self, values: impl IntoIterator<Item = f64>) {
        let before = self.values.len();
        self.values.extend(values);
        let added = &self.values[before..];
        if !are_finite(added) || !self.qualities.is_empty() {
            self.qualities.resize(before, Quality::GOOD);
            let judged = added
                .iter()
                .map(|value| judge_finite(*value, Quality::GOOD));
            self.qualities.extend(judged);
        }
    }

    /// Adds to the quality of each event or text what `judge` says of its position, time and
    /// quality so far; does nothing to a sweep.
    pub fn flag_events(&mut self, mut judge: impl FnMut(u32, Timestamp, Quality) -> Quality) {
        for (event, (position, time)) in self.points.iter().zip(&self.times).enumerate() {
            let so_far = self.qualities.get(event).copied().unwrap_or_default();
            let flags = judge(*position, *time, so_far);
            if !flags.is_good() {
                self.qualities.resize(self.points.len(), Quality::GOOD);
                self.qualities[event] |= flags;
            }
        }
    }

    /// Whether the batch may flow: started, not empty, and a sweep as long as its layout.
    pub fn check(&self) -> Result<(), BatchError> {
        let layout = self.layout.as_ref().ok_or(BatchError::NotStarted)?;
        if self.is_empty() {
            return Err(BatchError::Empty);
        }
        match self.shape {
            Shape::Sweep { .. } if self.values.len() != layout.len() => {
                Err(BatchError::SweepLength {
                    values: self.values.len(),
                    points: layout.len(),
                })
            }
            Shape::Sweep { .. } | Shape::Events | Shape::Texts => Ok(()),
        }
    }

    /// The layout, or `None` if the batch was never started.
    pub fn layout(&self) -> Option<&Arc<Layout>> {
        self.layout.as_ref()
    }

    /// The columns, or `None` if the batch was never started.
    pub fn readings(&self) -> Option<Readings<'_>> {
        let layout = self.layout.as_ref()?.id();
        let (received, values, qualities) = (self.received, &*self.values, &*self.qualities);
        Some(match self.shape {
            Shape::Sweep { time, time_quality } => Readings::Sweep(Sweep {
                layout,
                time,
                time_quality,
                received,
                values,
                qualities,
            }),
            Shape::Events => {
                let (points, times) = (&*self.points, &*self.times);
                Readings::Events(Events {
                    layout,
                    received,
                    points,
                    times,
                    values,
                    qualities,
                })
            }
            Shape::Texts => Readings::Texts(Texts {
                layout,
                received,
                points: &self.points,
                times: &self.times,
                texts: TextColumn::of_batch(&self.texts, &self.ends),
                qualities,
            }),
        })
    }

    /// How many readings the batch holds.
    pub fn len(&self) -> usize {
        // One of the two is always empty.
        self.values.len() + self.ends.len()
    }

    /// Whether the batch holds no reading.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of memory the columns hold on to, filled or not.
    pub fn capacity_bytes(&self) -> usize {
        self.values.capacity() * size_of::<f64>()
            + self.qualities.capacity() * size_of::<Quality>()
            + self.points.capacity() * size_of::<u32>()
            + self.times.capacity() * size_of::<Timestamp>()
            + self.texts.capacity()
            + self.ends.capacity() * size_of::<u32>()
    }

    /// Empties the batch, keeping its memory but that of texts; drops its hold on the layout.
    pub fn clear(&mut self) {
        self.layout = None;
        self.values.clear();
        self.qualities.clear();
        self.points.clear();
        self.times.clear();
        self.texts = String::new();
        self.ends = Vec::new();
    }
}

#[inline]
fn judge_finite(value: f64, quality: Quality) -> Quality {
    if value.is_finite() {
        quality
    } else {
        quality | Quality::NOT_FINITE
    }
}

#[cfg(test)]
mod tests;
