//! Random readings, and a store in memory that answers questions about them in the plainest way.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use gridos_journal::Tail;
use gridos_model::{Batch, Layout, Quality, Readings, TimeQuality, Timestamp};
use gridos_store::{Column, ColumnValues, PointReading, Sample, Store};

use super::{IA, IB, STATE};
use crate::support::fixture::{Fixture, at};

/// The points of the fixture's device, by their position in its layout of all.
pub(super) const POINTS: [&str; 3] = [IA, IB, STATE];
pub(super) const MINUTE: i64 = 60_000;
pub(super) const DAY: i64 = 86_400_000;
/// In the middle of a day, in milliseconds after midnight.
pub(super) const NOON: i64 = DAY / 2;

/// Numbers that are the same at each run (Vigna, xorshift64*).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number from 0 to below `end`.
    pub(super) fn below(&mut self, end: i64) -> i64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        i64::try_from(drawn).unwrap() % end
    }

    pub(super) fn index(&mut self, end: usize) -> usize {
        usize::try_from(self.below(i64::try_from(end).unwrap())).unwrap()
    }

    /// Milliseconds after midnight: mostly around noon and often the same, sometimes late.
    pub(super) fn millis(&mut self) -> i64 {
        match self.below(12) {
            0 => NOON - 20 * DAY + self.below(30) * MINUTE / 2,
            1 => NOON + self.below(120 * MINUTE),
            _ => NOON + self.below(300) * MINUTE / 4,
        }
    }

    fn value(&mut self) -> f64 {
        match self.below(20) {
            0 => f64::NAN,
            1 => f64::INFINITY,
            2 => f64::NEG_INFINITY,
            n => f64::from(i32::try_from(self.below(50) * n).unwrap()) / 10.0 - 20.0,
        }
    }

    fn quality(&mut self) -> Quality {
        match self.below(6) {
            0 => Quality::STALE,
            1 => Quality::LATE,
            2 => Quality::COMM_LOST | Quality::OUT_OF_RANGE,
            _ => Quality::GOOD,
        }
    }
}

/// One reading, in the order of all: time, reception, layout, shape, arrival.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Known {
    order: (i64, i64, i64, bool, usize, usize),
    point: usize,
    time: Timestamp,
    value: Option<f64>,
    quality: Quality,
}

impl Known {
    fn is_usable(&self) -> bool {
        self.value.is_some_and(f64::is_finite) && !self.quality.is_bad()
    }

    fn sample(&self) -> Sample {
        Sample {
            time: self.time,
            value: self.value.unwrap(),
        }
    }
}

/// Everything that was stored.
#[derive(Default)]
pub(super) struct Reference {
    known: Vec<Known>,
    records: usize,
    written: Tail,
}

impl Reference {
    /// Stores `records` random records.
    pub(super) async fn grow(
        &mut self,
        store: &Arc<dyn Store>,
        fixture: &mut Fixture,
        dice: &mut Dice,
        records: usize,
    ) {
        for _ in 0..records {
            let batch = batch(fixture, dice, self.records);
            let readings = batch.readings().unwrap();
            self.learn(batch.layout().unwrap(), &readings);
            fixture.readings(&readings);
        }
        let chunk = fixture.chunk(self.written);
        self.written = chunk.until();
        let stream = fixture.stream();
        store.write(stream, &chunk, fixture.book()).await.unwrap();
        self.known.sort_by_key(|known| known.order);
    }

    fn learn(&mut self, layout: &Layout, readings: &Readings<'_>) {
        self.records += 1;
        let received = readings.received().as_micros();
        for (nth, value) in readings.values().iter().enumerate() {
            let quality = readings.qualities().get(nth).copied().unwrap_or_default();
            let (time, point, doubt) = match readings {
                Readings::Sweep(sweep) => (sweep.time, nth, doubt(sweep.time_quality)),
                Readings::Events(events) => {
                    let point = events.points[nth] as usize;
                    (events.times[nth], point, Quality::GOOD)
                }
                Readings::Texts(_) => panic!("no texts are drawn"),
            };
            let is_event = matches!(readings, Readings::Events(_));
            let micros = time.as_micros();
            self.known.push(Known {
                order: (
                    micros,
                    received,
                    layout.id().as_i64(),
                    is_event,
                    self.records,
                    nth,
                ),
                point,
                time: Timestamp::from_micros(micros),
                value: Some(*value).filter(|value| !value.is_nan()),
                quality: quality | doubt,
            });
        }
    }

    /// The readings of some points in a range.
    pub(super) fn readings(
        &self,
        points: &[usize],
        from: Timestamp,
        until: Timestamp,
    ) -> Vec<PointReading> {
        let range = from..until;
        let asked = |known: &Known| points.iter().position(|point| *point == known.point);
        let reading = |known: &Known| {
            Some(PointReading {
                point: asked(known).filter(|_| range.contains(&known.time))?,
                time: known.time,
                value: known.value,
                quality: known.quality,
            })
        };
        self.known.iter().filter_map(reading).collect()
    }

    /// The columns of a point that have readings; `edges` are where they begin and the last ends.
    pub(super) fn columns(
        &self,
        point: usize,
        edges: &[Timestamp],
        from: Timestamp,
        until: Timestamp,
    ) -> Vec<Column> {
        let range = from..until;
        let column = |edge: &[Timestamp]| {
            let inside = |known: &&Known| {
                let in_column = edge[0] <= known.time && known.time < edge[1];
                known.point == point && in_column && range.contains(&known.time)
            };
            let all: Vec<&Known> = self.known.iter().filter(inside).collect();
            let usable: Vec<_> = all.iter().filter(|known| known.is_usable()).collect();
            let values: Vec<f64> = usable.iter().map(|known| known.value.unwrap()).collect();
            let least = values.iter().copied().fold(f64::INFINITY, f64::min);
            let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let first_at = |value: f64| {
                let found = usable.iter().find(|known| known.value == Some(value));
                found.unwrap().sample()
            };
            let values = (!usable.is_empty()).then(|| ColumnValues {
                first: usable[0].sample(),
                last: usable[usable.len() - 1].sample(),
                min: first_at(least),
                max: first_at(most),
                average: values.iter().sum::<f64>() / values.len() as f64,
            });
            (!all.is_empty()).then(|| Column {
                from: edge[0],
                count: all.len() as u64,
                good: usable.len() as u64,
                values,
            })
        };
        edges.windows(2).filter_map(column).collect()
    }

    /// The last reading of each point at `time` or before, but not older than `look_back`.
    pub(super) fn instant(
        &self,
        time: Timestamp,
        look_back: Duration,
    ) -> Vec<(&str, PointReading)> {
        let range = time.saturating_sub(look_back)..=time;
        let mut names: Vec<_> = (0..).zip(POINTS).collect();
        names.sort_by_key(|(_, name)| *name);
        let last = |(point, name)| {
            let mut known = self.known.iter().rev();
            let last = known.find(|known| known.point == point && range.contains(&known.time))?;
            let (time, value, quality) = (last.time, last.value, last.quality);
            let reading = PointReading {
                point,
                time,
                value,
                quality,
            };
            Some((name, reading))
        };
        names.into_iter().filter_map(last).collect()
    }
}

fn doubt(quality: TimeQuality) -> Quality {
    match quality {
        TimeQuality::Synchronised => Quality::GOOD,
        TimeQuality::Unsynchronised => Quality::CLOCK_UNSYNCHRONISED,
        TimeQuality::None => Quality::NO_SOURCE_TIME,
    }
}

/// A sweep of one of two layouts, or up to 300 events around an instant or of any time before; the
/// `nth` record of all. What a store cuts into several rows has no two events at one time,
/// because only within a row their order is told for certain.
fn batch(fixture: &Fixture, dice: &mut Dice, nth: usize) -> Batch {
    let mut batch = Batch::default();
    let millis = dice.millis();
    let received = |millis| at(millis).saturating_add(Duration::from_micros(nth as u64));
    if dice.below(3) > 0 {
        let layout = [fixture.pair(), fixture.whole()][dice.index(2)].clone();
        let qualities = [
            TimeQuality::Synchronised,
            TimeQuality::Unsynchronised,
            TimeQuality::None,
        ];
        let received = received(millis + dice.below(3));
        batch.start_sweep(&layout, at(millis), qualities[dice.index(3)], received);
        for _ in 0..layout.len() {
            let (value, quality) = (dice.value(), dice.quality());
            batch.push(value, quality);
        }
    } else {
        let received = received(NOON + 200 * MINUTE + dice.below(3));
        batch.start_events(&fixture.whole(), received);
        let count = [3, 40, 300][dice.index(3)];
        let is_scattered = dice.below(2) == 0;
        let is_cut = is_scattered || count > 100;
        let mut used = HashSet::new();
        for _ in 0..count {
            let time = match is_scattered {
                true => dice.millis(),
                false => millis + dice.below(if is_cut { 2 * MINUTE } else { 5 }),
            };
            let position = u32::try_from(dice.below(3)).unwrap();
            let (value, quality) = (dice.value(), dice.quality());
            if used.insert(time) || !is_cut {
                assert!(batch.push_event(position, at(time), value, quality));
            }
        }
    }
    batch
}
