//! The live view: the latest reading of every point, for readers that must not slow the writer.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering, fence};
use std::sync::{Arc, PoisonError, RwLock};

use gridos_model::{Directory, PointIndex, Quality, Readings, Texts, Timestamp};

use crate::growing::Growing;

/// The latest value of one point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LiveReading {
    /// The value; NaN if the device sent that.
    pub value: f64,
    /// Its time, at the source.
    pub time: Timestamp,
    /// When the engine had the last byte of it.
    pub received: Timestamp,
    /// What is known against it.
    pub quality: Quality,
}

/// The latest text of one point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveText {
    /// The text; empty and of bad quality if there is none.
    pub text: Arc<str>,
    /// Its time, at the source.
    pub time: Timestamp,
    /// When the engine had the last byte of it.
    pub received: Timestamp,
    /// What is known against it.
    pub quality: Quality,
}

/// The latest reading of every point of the process.
///
/// Written by the pipeline thread alone, without locks; each device is guarded by a sequence that
/// is odd while it is being written, so a reader takes value, time and quality of one moment. Texts
/// are rare and stand beside the columns, behind a lock.
#[derive(Debug)]
pub struct LiveView {
    values: Growing<AtomicU64>,
    times: Growing<Shown>,
    receptions: Growing<AtomicI64>,
    qualities: Growing<AtomicU32>,
    /// Per device.
    sequences: Growing<AtomicU64>,
    texts: RwLock<HashMap<usize, LiveText>>,
}

/// No reading yet.
const NEVER: i64 = i64::MIN;

/// The time of what is shown.
#[derive(Debug)]
struct Shown(AtomicI64);

impl Default for Shown {
    fn default() -> Self {
        Self(AtomicI64::new(NEVER))
    }
}

impl LiveView {
    /// The view of all points of `directory`, none of them read yet.
    pub fn new(directory: &Directory) -> Self {
        let points = directory.point_count();
        Self {
            values: Growing::new(points),
            times: Growing::new(points),
            receptions: Growing::new(points),
            qualities: Growing::new(points),
            sequences: Growing::new(directory.devices().len()),
            texts: RwLock::default(),
        }
    }

    /// How many points there is room for.
    pub(crate) fn points(&self) -> usize {
        self.values.len()
    }

    /// Goes on with the points of `directory`, and forgets those at `left`, which are nobody's any
    /// more. Only the thread that publishes may do so.
    pub fn renew(&self, directory: &Directory, left: &[Range<usize>]) {
        let points = directory.point_count();
        self.values.grow(points);
        self.times.grow(points);
        self.receptions.grow(points);
        self.qualities.grow(points);
        self.sequences.grow(directory.devices().len());
        let mut texts = self.texts.write().unwrap_or_else(PoisonError::into_inner);
        for index in left.iter().cloned().flatten() {
            texts.remove(&index);
            if let Some(shown) = self.times.get(index) {
                shown.0.store(NEVER, Ordering::Relaxed);
            }
        }
    }

    /// Publishes a batch of the device at `device` whose layout begins at `first`.
    ///
    /// Readings flagged late are of the past and do not replace what is shown; which is why no
    /// times are compared here. Only one thread may publish.
    pub fn publish(&self, device: usize, first: PointIndex, readings: &Readings<'_>) {
        let Some(sequence) = self.sequences.get(device) else {
            return;
        };
        let before = sequence.load(Ordering::Relaxed);
        if let Readings::Texts(texts) = readings {
            self.set_texts(first, texts);
            return sequence.store(before.wrapping_add(2), Ordering::Release);
        }
        let received = readings.received();
        sequence.store(before.wrapping_add(1), Ordering::Relaxed);
        fence(Ordering::Release);
        match readings {
            Readings::Sweep(sweep) => {
                for (position, value) in sweep.values.iter().enumerate() {
                    let quality = sweep.qualities.get(position).copied().unwrap_or_default();
                    let reading = LiveReading {
                        value: *value,
                        time: sweep.time,
                        received,
                        quality,
                    };
                    self.set(first.get() + position, reading);
                }
            }
            Readings::Events(events) => {
                for (event, position) in events.points.iter().enumerate() {
                    let quality = events.qualities.get(event).copied().unwrap_or_default();
                    let index = first.get() + *position as usize;
                    let reading = LiveReading {
                        value: events.values[event],
                        time: events.times[event],
                        received,
                        quality,
                    };
                    self.set(index, reading);
                }
            }
            Readings::Texts(_) => {}
        }
        sequence.store(before.wrapping_add(2), Ordering::Release);
    }

    /// The latest reading of the point at `index` of the device at `device`; `None` if there was
    /// none yet.
    pub fn get(&self, device: usize, index: PointIndex) -> Option<LiveReading> {
        let sequence = self.sequences.get(device)?;
        loop {
            let before = sequence.load(Ordering::Acquire);
            let reading = self.load(index.get())?;
            fence(Ordering::Acquire);
            if before.is_multiple_of(2) && sequence.load(Ordering::Relaxed) == before {
                return (reading.time.as_nanos() != NEVER).then_some(reading);
            }
            // The writer may have been preempted in the middle: let it run.
            std::thread::yield_now();
        }
    }

    /// A number that is another one whenever a batch of the device at `device` was published: who
    /// took it before reading, and finds it again, has missed nothing. 0 for no such device.
    pub fn version(&self, device: usize) -> u64 {
        let sequence = self.sequences.get(device);
        sequence.map_or(0, |sequence| sequence.load(Ordering::Acquire))
    }

    /// The latest text of the point at `index`; `None` if there was none yet.
    pub fn text(&self, index: PointIndex) -> Option<LiveText> {
        let texts = self.texts.read().unwrap_or_else(PoisonError::into_inner);
        texts.get(&index.get()).cloned()
    }

    fn set_texts(&self, first: PointIndex, texts: &Texts<'_>) {
        let mut shown = self.texts.write().unwrap_or_else(PoisonError::into_inner);
        let places = texts.points.iter().zip(texts.times);
        for (nth, ((position, time), text)) in places.zip(texts.texts.iter()).enumerate() {
            let quality = texts.qualities.get(nth).copied().unwrap_or_default();
            let index = first.get() + *position as usize;
            if self.times.get(index).is_some() && !quality.contains(Quality::LATE) {
                let latest = LiveText {
                    text: text.into(),
                    time: *time,
                    received: texts.received,
                    quality,
                };
                shown.insert(index, latest);
            }
        }
    }

    fn set(&self, index: usize, reading: LiveReading) {
        let columns = (
            self.times.get(index),
            self.values.get(index),
            self.receptions.get(index),
            self.qualities.get(index),
        );
        let (Some(shown), Some(values), Some(receptions), Some(qualities)) = columns else {
            return;
        };
        if reading.quality.contains(Quality::LATE) {
            return;
        }
        shown.0.store(reading.time.as_nanos(), Ordering::Relaxed);
        values.store(reading.value.to_bits(), Ordering::Relaxed);
        receptions.store(reading.received.as_nanos(), Ordering::Relaxed);
        qualities.store(reading.quality.bits(), Ordering::Relaxed);
    }

    fn load(&self, index: usize) -> Option<LiveReading> {
        Some(LiveReading {
            value: f64::from_bits(self.values.get(index)?.load(Ordering::Relaxed)),
            time: Timestamp::from_nanos(self.times.get(index)?.0.load(Ordering::Relaxed)),
            received: Timestamp::from_nanos(self.receptions.get(index)?.load(Ordering::Relaxed)),
            quality: Quality::from_bits_retain(self.qualities.get(index)?.load(Ordering::Relaxed)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gridos_model::{Batch, DirectoryBuilder, Point, TimeQuality};

    fn directory() -> Directory {
        let mut builder = DirectoryBuilder::default();
        builder
            .add("d", vec![Point::new("a", ""), Point::new("b", "")], &[])
            .unwrap();
        builder.build()
    }

    fn sweep(directory: &Directory, millis: i64, values: [f64; 2]) -> Batch {
        let mut batch = Batch::default();
        let (layout, time) = (
            directory.devices()[0].whole(),
            Timestamp::from_millis(millis),
        );
        batch.start_sweep(layout, time, TimeQuality::Synchronised, time);
        batch.extend(values);
        batch
    }

    #[test]
    fn the_youngest_reading_is_shown() {
        let directory = directory();
        let view = LiveView::new(&directory);
        let b = directory.find_point("d.b").unwrap().index;
        assert_eq!(view.get(0, b), None);
        for (millis, values) in [(5, [1.0, 2.0]), (9, [3.0, f64::NAN])] {
            let batch = sweep(&directory, millis, values);
            view.publish(0, PointIndex::new(0), &batch.readings().unwrap());
        }
        let mut late = Batch::default();
        late.start_events(directory.devices()[0].whole(), Timestamp::from_millis(10));
        late.push_event(1, Timestamp::from_millis(7), 6.0, Quality::LATE);
        view.publish(0, PointIndex::new(0), &late.readings().unwrap());
        let shown = view.get(0, b).unwrap();
        assert!(shown.value.is_nan());
        assert_eq!(
            (shown.time, shown.received, shown.quality),
            (
                Timestamp::from_millis(9),
                Timestamp::from_millis(9),
                Quality::NOT_FINITE
            )
        );
    }

    #[test]
    fn the_youngest_text_is_shown_beside_the_numbers() {
        let directory = directory();
        let view = LiveView::new(&directory);
        let b = directory.find_point("d.b").unwrap().index;
        assert_eq!(view.text(b), None);
        let before = view.version(0);
        let mut batch = Batch::default();
        batch.start_texts(directory.devices()[0].whole(), Timestamp::from_millis(10));
        for (millis, text, quality) in [
            (5, "v1.0", Quality::GOOD),
            (7, "v1.1", Quality::CLOCK_UNSYNCHRONISED),
            (6, "v1.0", Quality::LATE),
        ] {
            assert!(batch.push_text(1, Timestamp::from_millis(millis), text, quality));
        }
        view.publish(0, PointIndex::new(0), &batch.readings().unwrap());
        let expected = LiveText {
            text: "v1.1".into(),
            time: Timestamp::from_millis(7),
            received: Timestamp::from_millis(10),
            quality: Quality::CLOCK_UNSYNCHRONISED,
        };
        assert_eq!((view.text(b), view.get(0, b)), (Some(expected), None));
        assert_ne!(view.version(0), before);
    }

    #[test]
    fn a_reader_never_sees_half_a_sweep() {
        let directory = directory();
        let view = LiveView::new(&directory);
        let b = directory.find_point("d.b").unwrap().index;
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for n in 0..20_000 {
                    let batch = sweep(&directory, n, [0.0, n as f64]);
                    view.publish(0, PointIndex::new(0), &batch.readings().unwrap());
                }
            });
            while !writer.is_finished() {
                if let Some(shown) = view.get(0, b) {
                    assert_eq!(shown.value, shown.time.as_millis() as f64);
                }
            }
        });
    }
}
