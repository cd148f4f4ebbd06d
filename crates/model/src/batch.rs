//! The batch: the unit that flows, recycled rather than freed.

use std::sync::Arc;

use crate::{Events, Layout, Quality, Readings, Sweep, TimeQuality, Timestamp};

/// The readings of one device that arrived together, in columns that keep their capacity.
///
/// A batch is taken from a pool, started as a sweep or as events, filled, and given back after the
/// journal has copied it. Columns are always of equal length; the quality column stays empty
/// until the first value that is not good.
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
}

#[derive(Clone, Copy, Debug, Default)]
enum Shape {
    Sweep {
        time: Timestamp,
        time_quality: TimeQuality,
    },
    #[default]
    Events,
}

/// Why a batch may not leave its producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// `start_sweep` or `start_events` was not called.
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
        let known = self
            .layout
            .as_ref()
            .is_some_and(|layout| (position as usize) < layout.len());
        if known {
            self.push(value, quality);
            self.points.push(position);
            self.times.push(time);
        }
        known
    }

    /// Adds all values of a sweep at once, all of them good unless not finite.
    pub fn extend(&mut self, values: impl IntoIterator<Item = f64>) {
        for value in values {
            self.push(value, Quality::GOOD);
        }
    }

    /// Adds to the quality of each event what `judge` says of its position and time; does nothing
    /// to a sweep.
    pub fn flag_events(&mut self, mut judge: impl FnMut(u32, Timestamp) -> Quality) {
        for (event, (position, time)) in self.points.iter().zip(&self.times).enumerate() {
            let flags = judge(*position, *time);
            if !flags.is_good() {
                self.qualities.resize(self.values.len(), Quality::GOOD);
                self.qualities[event] |= flags;
            }
        }
    }

    /// Whether the batch may flow: started, not empty, and a sweep as long as its layout.
    pub fn check(&self) -> Result<(), BatchError> {
        let layout = self.layout.as_ref().ok_or(BatchError::NotStarted)?;
        if self.values.is_empty() {
            return Err(BatchError::Empty);
        }
        match self.shape {
            Shape::Sweep { .. } if self.values.len() != layout.len() => {
                Err(BatchError::SweepLength {
                    values: self.values.len(),
                    points: layout.len(),
                })
            }
            Shape::Sweep { .. } | Shape::Events => Ok(()),
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
        })
    }

    /// How many readings the batch holds.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether the batch holds no reading.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Bytes of memory the columns hold on to, filled or not.
    pub fn capacity_bytes(&self) -> usize {
        self.values.capacity() * size_of::<f64>()
            + self.qualities.capacity() * size_of::<Quality>()
            + self.points.capacity() * size_of::<u32>()
            + self.times.capacity() * size_of::<Timestamp>()
    }

    /// Empties the batch, keeping its memory; drops its hold on the layout.
    pub fn clear(&mut self) {
        self.layout = None;
        self.values.clear();
        self.qualities.clear();
        self.points.clear();
        self.times.clear();
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
mod tests {
    use super::*;
    use crate::{DirectoryBuilder, Point};

    fn layout(points: usize) -> Arc<Layout> {
        let points = (0..points)
            .map(|n| Point::new(&format!("p{n}"), ""))
            .collect();
        let mut builder = DirectoryBuilder::default();
        let device = builder.add("d", points, &[]).unwrap();
        Arc::clone(builder.build().device(device).whole())
    }

    #[test]
    fn good_values_need_no_quality_column() {
        let mut batch = Batch::default();
        batch.start_sweep(
            &layout(2),
            Timestamp::EPOCH,
            TimeQuality::None,
            Timestamp::EPOCH,
        );
        batch.extend([1.0, 2.0]);
        assert_eq!(batch.readings().unwrap().qualities(), []);
        assert_eq!(batch.check(), Ok(()));
    }

    #[test]
    fn first_bad_value_fills_the_quality_column() {
        let mut batch = Batch::default();
        batch.start_sweep(
            &layout(3),
            Timestamp::EPOCH,
            TimeQuality::None,
            Timestamp::EPOCH,
        );
        batch.extend([1.0, f64::NAN, 3.0]);
        let qualities = [Quality::GOOD, Quality::NOT_FINITE, Quality::GOOD];
        assert_eq!(batch.readings().unwrap().qualities(), qualities);
    }

    #[test]
    fn a_sweep_of_another_length_is_refused() {
        let mut batch = Batch::default();
        assert_eq!(batch.check(), Err(BatchError::NotStarted));
        batch.start_sweep(
            &layout(3),
            Timestamp::EPOCH,
            TimeQuality::None,
            Timestamp::EPOCH,
        );
        assert_eq!(batch.check(), Err(BatchError::Empty));
        batch.extend([1.0, 2.0]);
        assert_eq!(
            batch.check(),
            Err(BatchError::SweepLength {
                values: 2,
                points: 3
            })
        );
    }

    #[test]
    fn an_event_of_an_unknown_point_is_not_taken() {
        let mut batch = Batch::default();
        batch.start_events(&layout(2), Timestamp::EPOCH);
        assert!(batch.push_event(1, Timestamp::EPOCH, 5.0, Quality::GOOD));
        assert!(!batch.push_event(2, Timestamp::EPOCH, 5.0, Quality::GOOD));
        assert_eq!(batch.len(), 1);
    }

    #[test]
    fn flags_are_added_to_the_events_they_are_about() {
        let mut batch = Batch::default();
        batch.start_events(&layout(2), Timestamp::EPOCH);
        for millis in [5, 3, 8] {
            batch.push_event(1, Timestamp::from_millis(millis), 1.0, Quality::GOOD);
        }
        batch.flag_events(|_, time| {
            if time < Timestamp::from_millis(5) {
                Quality::LATE
            } else {
                Quality::GOOD
            }
        });
        let qualities = [Quality::GOOD, Quality::LATE, Quality::GOOD];
        assert_eq!(batch.readings().unwrap().qualities(), qualities);
    }

    #[test]
    fn a_recycled_batch_keeps_its_memory_and_nothing_else() {
        let mut batch = Batch::with_capacity(100);
        assert_eq!(batch.capacity_bytes(), 0);
        let fill = |batch: &mut Batch| {
            batch.start_events(&layout(1), Timestamp::EPOCH);
            batch.push_event(0, Timestamp::EPOCH, f64::NAN, Quality::GOOD);
            batch.clear();
            batch.capacity_bytes()
        };
        let bytes = fill(&mut batch);
        assert!(bytes >= 100 * (8 + 4 + 8));
        assert_eq!(fill(&mut batch), bytes);
        assert!(batch.is_empty() && batch.readings().is_none());
    }

    #[test]
    fn a_sweep_takes_room_for_its_layout_alone() {
        let mut batch = Batch::with_capacity(100);
        let (time, quality) = (Timestamp::EPOCH, TimeQuality::Synchronised);
        batch.start_sweep(&layout(3), time, quality, time);
        batch.extend([1.0, 2.0, 3.0]);
        assert_eq!(batch.capacity_bytes(), 3 * 8);
    }
}
