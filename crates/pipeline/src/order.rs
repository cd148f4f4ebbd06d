//! The order of time: which reading of a point is the youngest, and which come late.

use std::ops::Range;
use std::time::Duration;

use gridos_model::{Batch, PointIndex, Quality, Readings, Timestamp};

/// Batches overtake each other on their way here by no more than this. When the youngest reading of a
/// point is ahead of a reception by more, the engine's own clock was set back.
const OVERTAKEN_MAX: Duration = Duration::from_secs(60);

/// The time of the youngest reading of every point.
///
/// A late reading belongs to the past: it goes to the history, and neither to the live view nor to
/// the alarms. A time in the future counts as that of reception, so that one wrong clock cannot
/// make everything after it late; and a clock that was never set orders nothing.
#[derive(Debug)]
pub struct Order {
    youngest: Vec<Timestamp>,
}

impl Order {
    /// The order of `points` points, none of which was read yet.
    pub fn new(points: usize) -> Self {
        Self {
            youngest: vec![Timestamp::MIN; points],
        }
    }

    /// Makes room for `points` points in all, and forgets those at `left`, which are nobody's any more.
    pub(crate) fn renew(&mut self, points: usize, left: &[Range<usize>]) {
        let points = points.max(self.youngest.len());
        self.youngest.resize(points, Timestamp::MIN);
        for row in left {
            if let Some(youngest) = self.youngest.get_mut(row.clone()) {
                youngest.fill(Timestamp::MIN);
            }
        }
    }

    /// An earlier process knew a reading of the point at `time`: what is older stays late.
    pub(crate) fn begin(&mut self, point: PointIndex, time: Timestamp) {
        if let Some(youngest) = self.youngest.get_mut(point.get()) {
            *youngest = time.max(*youngest);
        }
    }

    /// Takes note of a batch whose layout begins at `first`, and flags its events or texts that come
    /// late.
    ///
    /// Sweeps come in order from one session, so they are never late: a clock that was set back
    /// must not stop the live values.
    pub fn note(&mut self, first: PointIndex, batch: &mut Batch) {
        match batch.readings() {
            Some(Readings::Sweep(sweep)) => {
                let points = first.get()..first.get() + sweep.values.len();
                if let Some(youngest) = self.youngest.get_mut(points) {
                    youngest.fill(sweep.time.min(sweep.received));
                }
            }
            Some(Readings::Events(events)) => {
                let received = events.received;
                batch.flag_events(|position, time, quality| {
                    self.event(first.get() + position as usize, time, quality, received)
                });
            }
            Some(Readings::Texts(texts)) => {
                let received = texts.received;
                batch.flag_events(|position, time, quality| {
                    self.event(first.get() + position as usize, time, quality, received)
                });
            }
            None => {}
        }
    }

    fn event(
        &mut self,
        point: usize,
        time: Timestamp,
        quality: Quality,
        received: Timestamp,
    ) -> Quality {
        let Some(youngest) = self.youngest.get_mut(point) else {
            return Quality::GOOD;
        };
        // Whoever has no clock tells what happens in its order, and in no other one.
        if quality.contains(Quality::CLOCK_UNSYNCHRONISED) {
            return Quality::GOOD;
        }
        let is_set_back = *youngest > received.saturating_add(OVERTAKEN_MAX);
        if time < *youngest && !is_set_back {
            return Quality::LATE;
        }
        *youngest = time.min(received);
        Quality::GOOD
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gridos_model::{DirectoryBuilder, Point, TimeQuality};

    use super::*;

    const FIRST: PointIndex = PointIndex::new(0);

    /// Each event as position, time and time of reception in milliseconds; which are late.
    fn late(order: &mut Order, events: &[(u32, i64)], received: i64) -> Vec<bool> {
        let mut batch = batch(received);
        for (position, time) in events {
            batch.push_event(*position, Timestamp::from_millis(*time), 1.0, Quality::GOOD);
        }
        order.note(FIRST, &mut batch);
        let readings = batch.readings().unwrap();
        let quality = |event| readings.qualities().get(event).copied().unwrap_or_default();
        (0..events.len())
            .map(|event| quality(event).contains(Quality::LATE))
            .collect()
    }

    fn batch(received: i64) -> Batch {
        let mut builder = DirectoryBuilder::default();
        let device = builder
            .add("d", vec![Point::new("a", ""), Point::new("b", "")], &[])
            .unwrap();
        let directory = builder.build();
        let mut batch = Batch::default();
        batch.start_events(
            directory.device(device).whole(),
            Timestamp::from_millis(received),
        );
        batch
    }

    #[test]
    fn pitfall_2_an_event_before_a_younger_one_of_its_point_is_late() {
        let mut order = Order::new(2);
        assert_eq!(
            late(&mut order, &[(0, 5), (1, 3), (0, 4), (0, 5)], 9),
            [false, false, true, false]
        );
        assert_eq!(late(&mut order, &[(0, 4), (1, 4)], 9), [true, false]);
    }

    #[test]
    fn a_text_before_a_younger_one_of_its_point_is_late() {
        let mut order = Order::new(2);
        let mut texts = batch(9);
        let layout = Arc::clone(texts.layout().unwrap());
        texts.start_texts(&layout, Timestamp::from_millis(9));
        for (position, time) in [(0, 5), (1, 3), (0, 4)] {
            let time = Timestamp::from_millis(time);
            assert!(texts.push_text(position, time, "a", Quality::GOOD));
        }
        order.note(FIRST, &mut texts);
        assert_eq!(
            texts.readings().unwrap().qualities(),
            [Quality::GOOD, Quality::GOOD, Quality::LATE]
        );
    }

    #[test]
    fn a_clock_ahead_makes_nothing_after_it_late() {
        let mut order = Order::new(2);
        assert_eq!(late(&mut order, &[(0, 500)], 10), [false]);
        assert_eq!(late(&mut order, &[(0, 11)], 11), [false]);
    }

    #[test]
    fn when_the_clock_of_the_engine_is_set_back_nothing_is_late_for_that() {
        let mut order = Order::new(2);
        assert_eq!(
            late(&mut order, &[(0, 90_000), (1, 90_000)], 90_000),
            [false; 2]
        );
        // It was only overtaken.
        assert_eq!(late(&mut order, &[(0, 29_000)], 30_000), [true]);
        assert_eq!(
            late(&mut order, &[(0, 19_000), (0, 18_000)], 20_000),
            [false, true]
        );
        assert_eq!(
            late(&mut order, &[(1, 21_000), (0, 18_500)], 21_000),
            [false, true]
        );
    }

    #[test]
    fn what_a_clock_tells_that_was_never_set_is_not_late_and_makes_nothing_late() {
        let mut order = Order::new(2);
        assert_eq!(late(&mut order, &[(0, 100)], 110), [false]);
        let mut batch = batch(120);
        for millis in [7, 5] {
            let quality = Quality::CLOCK_UNSYNCHRONISED;
            batch.push_event(0, Timestamp::from_millis(millis), 1.0, quality);
        }
        order.note(FIRST, &mut batch);
        let readings = batch.readings().unwrap();
        assert_eq!(readings.qualities(), [Quality::CLOCK_UNSYNCHRONISED; 2]);
        // Set meanwhile, it tells what happened before the others were received.
        assert_eq!(late(&mut order, &[(0, 99), (0, 115)], 130), [true, false]);
    }

    #[test]
    fn a_sweep_is_never_late_and_what_is_older_is() {
        let mut order = Order::new(2);
        let sweep = |order: &mut Order, millis| {
            let mut sweep = batch(0);
            let (layout, time) = (
                sweep.layout().unwrap().clone(),
                Timestamp::from_millis(millis),
            );
            sweep.start_sweep(&layout, time, TimeQuality::Synchronised, time);
            sweep.extend([1.0, 2.0]);
            order.note(FIRST, &mut sweep);
            assert_eq!(sweep.readings().unwrap().qualities(), []);
        };
        sweep(&mut order, 100);
        assert_eq!(late(&mut order, &[(1, 99)], 101), [true]);
        sweep(&mut order, 50);
        assert_eq!(late(&mut order, &[(1, 99)], 101), [false]);
    }
}
