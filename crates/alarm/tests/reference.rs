//! The columnar evaluator against the plainest one that could be written, on random streams.

#![cfg(test)]

use std::ops::Range;

use gridos_alarm::{Evaluator, Limits};
use gridos_model::{
    Events, LayoutId, Level, PointId, PointIndex, Quality, Readings, Sweep, TimeQuality, Timestamp,
    Transition,
};
use proptest::prelude::*;

/// More than two chunks of the evaluator.
const POINTS: usize = 150;

/// One point, judged by the words of the definition: each limit is active from the limit on, until
/// the value is back by the deadband.
#[derive(Clone, Default)]
struct Point {
    limits: Option<[Option<f64>; 4]>,
    deadband: f64,
    level: Level,
    occurrence: u64,
}

impl Point {
    fn step(&mut self, id: PointId, reading: &Reading, at: [Timestamp; 2]) -> Option<Transition> {
        let Reading { value, quality, .. } = *reading;
        let usable = value.is_finite() && !quality.is_bad() && !quality.contains(Quality::LATE);
        let [high_high, high, low, low_low] = self.limits.filter(|_| usable)?;
        let from = self.level;
        let rises = |limit: Option<f64>, was: bool| {
            limit.is_some_and(|limit| value >= limit || (was && value > limit - self.deadband))
        };
        let falls = |limit: Option<f64>, was: bool| {
            limit.is_some_and(|limit| value <= limit || (was && value < limit + self.deadband))
        };
        let mut to = Level::Normal;
        if falls(low, [Level::Low, Level::LowLow].contains(&from)) {
            to = Level::Low;
        }
        if falls(low_low, from == Level::LowLow) {
            to = Level::LowLow;
        }
        if rises(high, [Level::High, Level::HighHigh].contains(&from)) {
            to = Level::High;
        }
        if rises(high_high, from == Level::HighHigh) {
            to = Level::HighHigh;
        }
        if from == to {
            return None;
        }
        self.occurrence += u64::from(from == Level::Normal);
        self.level = to;
        Some(Transition {
            point: id,
            from,
            to,
            time: at[0],
            received: at[1],
            value,
            quality,
            occurrence: self.occurrence,
        })
    }
}

#[derive(Clone, Debug)]
struct Reading {
    position: u32,
    value: f64,
    quality: Quality,
}

#[derive(Clone, Debug)]
enum Step {
    /// A layout, its points and their values, all good if the flag is set.
    Sweep(Range<usize>, Vec<Reading>, bool),
    Events(Range<usize>, Vec<Reading>, bool),
    Set(usize, [Option<f64>; 4], f64),
    Restore(usize, Level, u64),
}

fn value() -> impl Strategy<Value = f64> {
    let odd = [
        f64::NAN,
        -f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MAX,
        f64::MIN,
        -0.0,
    ];
    prop_oneof![
        8 => (-12_i32..=12).prop_map(|n| f64::from(n) / 2.0),
        1 => prop::sample::select(odd.to_vec()),
    ]
}

fn quality() -> impl Strategy<Value = Quality> {
    let doubts = [
        Quality::COMM_LOST,
        Quality::NOT_FINITE,
        Quality::LATE,
        Quality::OUT_OF_RANGE,
        Quality::STALE.union(Quality::LATE),
    ];
    prop_oneof![4 => Just(Quality::GOOD), 1 => prop::sample::select(doubts.to_vec())]
}

fn reading() -> impl Strategy<Value = Reading> {
    // Few positions, so that one batch often has several events of one point.
    let position = prop_oneof![3 => 0_u32..4, 1 => 0_u32..150];
    (position, value(), quality()).prop_map(|(position, value, quality)| Reading {
        position,
        value,
        quality,
    })
}

/// A range of points that are read together; many overlap, as groups and the whole layout do.
fn layout() -> impl Strategy<Value = Range<usize>> {
    prop_oneof![
        Just(0..POINTS),
        (0..POINTS, 1..=POINTS).prop_map(|(first, len)| first..(first + len).min(POINTS)),
    ]
}

fn ladder() -> impl Strategy<Value = ([Option<f64>; 4], f64)> {
    let limit = |range: Range<i32>| prop::option::weighted(0.8, range.prop_map(f64::from));
    let deadband = prop::sample::select(vec![0.0, 0.5, 1.0, f64::MIN_POSITIVE]);
    let ladder = (limit(4..6), limit(1..4), limit(-3..0), limit(-6..-3));
    (ladder, deadband).prop_map(|((hh, h, l, ll), deadband)| ([hh, h, l, ll], deadband))
}

fn step() -> impl Strategy<Value = Step> {
    let sweep = (
        layout(),
        prop::collection::vec(reading(), POINTS),
        any::<bool>(),
    );
    let events = (
        layout(),
        prop::collection::vec(reading(), 1..100),
        any::<bool>(),
    );
    let level = (0_u8..5).prop_map(|raw| Level::from_raw(raw).unwrap());
    prop_oneof![
        4 => sweep.prop_map(|(layout, readings, good)| Step::Sweep(layout, readings, good)),
        4 => events.prop_map(|(layout, readings, good)| Step::Events(layout, readings, good)),
        2 => (0..POINTS, ladder()).prop_map(|(point, (limits, deadband))| {
            Step::Set(point, limits, deadband)
        }),
        1 => (0..POINTS, level, 0_u64..9).prop_map(|(point, level, occurrence)| {
            Step::Restore(point, level, occurrence)
        }),
    ]
}

fn index(point: usize) -> PointIndex {
    PointIndex::new(u32::try_from(point).unwrap())
}

fn id(point: usize) -> PointId {
    PointId::from_raw(point as u64 + 1_000)
}

/// Both evaluators side by side.
struct Pair {
    evaluator: Evaluator,
    points: Vec<Point>,
    now: Timestamp,
}

impl Pair {
    fn new() -> Self {
        Self {
            evaluator: Evaluator::new(POINTS),
            points: vec![Point::default(); POINTS],
            now: Timestamp::EPOCH,
        }
    }

    fn set(&mut self, point: usize, limits: [Option<f64>; 4], deadband: f64) {
        let [hh, h, l, ll] = limits;
        if let Ok(checked) = Limits::new(hh, h, l, ll, deadband) {
            assert!(self.evaluator.set(index(point), id(point), checked));
            self.points[point].limits = Some(limits);
            self.points[point].deadband = deadband;
        }
    }

    fn restore(&mut self, point: usize, level: Level, occurrence: u64) {
        let known = self.evaluator.restore(index(point), level, occurrence);
        assert_eq!(known, self.points[point].limits.is_some());
        if known {
            self.points[point].level = level;
            self.points[point].occurrence = occurrence;
        }
    }

    /// What the columns give, and what one reading after the other gives.
    fn read(
        &mut self,
        layout: Range<usize>,
        readings: &[Reading],
        events: bool,
    ) -> [Vec<Transition>; 2] {
        self.now = self
            .now
            .saturating_add(std::time::Duration::from_millis(1_000));
        let (now, received) = (
            self.now,
            self.now.saturating_add(std::time::Duration::from_millis(1)),
        );
        let values: Vec<_> = readings.iter().map(|reading| reading.value).collect();
        let mut qualities: Vec<_> = readings.iter().map(|reading| reading.quality).collect();
        if qualities.iter().all(|quality| quality.is_good()) {
            qualities.clear();
        }
        let points: Vec<_> = readings.iter().map(|reading| reading.position).collect();
        let time_of = |n: usize| Timestamp::from_nanos(now.as_nanos() + i64::try_from(n).unwrap());
        let times: Vec<_> = (0..readings.len()).map(time_of).collect();
        let id_of_layout = LayoutId::from_raw(1);
        let columns = if events {
            Readings::Events(Events {
                layout: id_of_layout,
                received,
                points: &points,
                times: &times,
                values: &values,
                qualities: &qualities,
            })
        } else {
            Readings::Sweep(Sweep {
                layout: id_of_layout,
                time: now,
                time_quality: TimeQuality::None,
                received,
                values: &values,
                qualities: &qualities,
            })
        };
        let mut found = Vec::new();
        self.evaluator
            .evaluate(index(layout.start), &columns, &mut found);
        let mut expected = Vec::new();
        for (reading, time) in readings.iter().zip(&times) {
            let point = layout.start + reading.position as usize;
            let time = if events { *time } else { now };
            expected.extend(self.points[point].step(id(point), reading, [time, received]));
        }
        [found, expected]
    }

    fn run(&mut self, step: &Step) -> [Vec<Transition>; 2] {
        match step {
            Step::Set(point, limits, deadband) => self.set(*point, *limits, *deadband),
            Step::Restore(point, level, occurrence) => self.restore(*point, *level, *occurrence),
            Step::Sweep(layout, readings, good) => {
                let mut readings: Vec<_> = readings[..layout.len()].to_vec();
                for (position, reading) in readings.iter_mut().enumerate() {
                    reading.position = u32::try_from(position).unwrap();
                }
                return self.read(layout.clone(), &improved(readings, *good), false);
            }
            Step::Events(layout, readings, good) => {
                let of_layout = |reading: &Reading| (reading.position as usize) < layout.len();
                let readings = readings
                    .iter()
                    .filter(|reading| of_layout(reading))
                    .cloned();
                return self.read(layout.clone(), &improved(readings.collect(), *good), true);
            }
        }
        [Vec::new(), Vec::new()]
    }
}

/// The readings, all of good quality if `good`.
fn improved(mut readings: Vec<Reading>, good: bool) -> Vec<Reading> {
    if good {
        readings
            .iter_mut()
            .for_each(|reading| reading.quality = Quality::GOOD);
    }
    readings
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn columns_and_single_readings_agree(
        definitions in prop::collection::vec(prop::option::weighted(0.7, ladder()), POINTS),
        steps in prop::collection::vec(step(), 1..20),
    ) {
        let mut pair = Pair::new();
        for (point, definition) in definitions.into_iter().enumerate() {
            if let Some((limits, deadband)) = definition {
                pair.set(point, limits, deadband);
            }
        }
        for step in &steps {
            let [found, expected] = pair.run(step);
            prop_assert_eq!(found, expected, "{:?}", step);
            let active = pair.points.iter().filter(|point| point.level != Level::Normal);
            prop_assert_eq!(pair.evaluator.active(), active.count());
            for (n, point) in pair.points.iter().enumerate() {
                prop_assert_eq!(pair.evaluator.level(index(n)), point.level);
                prop_assert_eq!(pair.evaluator.occurrence(index(n)), point.occurrence);
            }
        }
    }
}
