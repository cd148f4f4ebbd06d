//! Columns against alarm limits, swept and by index, beside the bare comparison with the same bands.

#![expect(clippy::expect_used, reason = "a bench stops at the first surprise")]

use std::hint::black_box;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use gridos_alarm::{Judge, Judged};
use gridos_benches::{Fleet, NOW, POINTS, Random, readings};
use gridos_model::{Batch, Quality, TimeQuality, Timestamp};

/// Devices with 125 points each: 64 Ki points, and 1 Mi.
const FLEETS: [(&str, usize); 2] = [("64 Ki", 524), ("1 Mi", 8_389)];
/// How many of a thousand readings change a level each time.
const TRANSITIONS: [(&str, usize); 3] = [("0 %", 0), ("0.1 %", 1), ("10 %", 100)];
/// Devices take turns with so many different batches, together 1,000 readings.
const ROUND: usize = 8;

/// What a fleet says when its points are normal, and when those that change are high.
struct Said {
    normal: Vec<Batch>,
    high: Vec<Batch>,
}

impl Said {
    /// `make` makes the `n`-th batch of values that a function of the reading's number gives.
    fn new(per_mille: usize, make: impl Fn(usize, &dyn Fn(usize) -> f64) -> Batch) -> Self {
        let every = 1_000_usize.checked_div(per_mille).unwrap_or(usize::MAX);
        let high = |n: usize| if n % every == every - 1 { 8.5e3 } else { 1.0 };
        Self {
            normal: (0..ROUND).map(|n| make(n, &|_| 1.0)).collect(),
            high: (0..ROUND).map(|n| make(n, &high)).collect(),
        }
    }
}

fn sweep(fleet: &Fleet, n: usize, value: &dyn Fn(usize) -> f64) -> Batch {
    let mut batch = Batch::with_capacity(POINTS);
    let now = Timestamp::EPOCH;
    batch.start_sweep(fleet.layout(0), now, TimeQuality::Synchronised, now);
    batch.extend((0..POINTS).map(|point| value(n * POINTS + point)));
    batch
}

/// Each point of a device once, in an order of its own.
fn events(fleet: &Fleet, n: usize, value: &dyn Fn(usize) -> f64) -> Batch {
    let mut batch = Batch::default();
    batch.start_events(fleet.layout(0), Timestamp::EPOCH);
    for place in 0..POINTS {
        let position = u32::try_from(place * 57 % POINTS).expect("a small number");
        let value = value(n * POINTS + place);
        batch.push_event(position, Timestamp::EPOCH, value, Quality::GOOD);
    }
    batch
}

/// All devices once, in the order of `turns`.
fn pass(judge: &mut Judge, fleet: &Fleet, turns: &[usize], said: &[Batch], out: &mut Vec<Judged>) {
    out.clear();
    for device in turns {
        let first = fleet.layout(*device).first();
        let readings = said[device % ROUND].readings().expect("started");
        judge.on_readings(first, black_box(&readings), NOW, out);
    }
}

fn judged(
    group: &mut BenchmarkGroup<'_, WallTime>,
    fleet: &Fleet,
    turns: &[usize],
    make: impl Fn(&Fleet, usize, &dyn Fn(usize) -> f64) -> Batch,
) {
    for (name, per_mille) in TRANSITIONS {
        let said = Said::new(per_mille, |n, value| make(fleet, n, value));
        let mut judge = fleet.judge().expect("plain limits");
        let mut out = Vec::with_capacity(turns.len() * POINTS);
        let mut is_high = false;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                is_high = !is_high;
                let said = if is_high { &said.high } else { &said.normal };
                pass(&mut judge, fleet, turns, said, &mut out);
            });
        });
        // The last points of a fleet may be of a round that is not full.
        let share = turns.len() * POINTS * per_mille / 1_000;
        assert!(out.len().abs_diff(share) <= 100, "{} of {share}", out.len());
    }
}

fn sweeps(criterion: &mut Criterion) {
    for (size, devices) in FLEETS {
        let fleet = Fleet::new(devices).expect("a plain fleet");
        let mut group = criterion.benchmark_group(format!("sweeps of {size} points"));
        group.throughput(Throughput::Elements(readings(devices)));
        let turns: Vec<_> = (0..devices).collect();
        judged(&mut group, &fleet, &turns, sweep);
        let (lows, highs) = bands(devices);
        let said = Said::new(0, |n, value| sweep(&fleet, n, value));
        group.bench_function("bare comparison", |bencher| {
            bencher.iter(|| {
                let mut outside = 0_u32;
                for device in &turns {
                    let values = said.normal[device % ROUND].readings().expect("started");
                    let columns = device * POINTS..(device + 1) * POINTS;
                    let bands = lows[columns.clone()].iter().zip(&highs[columns]);
                    for (value, (low, high)) in black_box(values.values()).iter().zip(bands) {
                        outside += u32::from(!((value > low) & (value < high)));
                    }
                }
                black_box(outside)
            });
        });
        group.finish();
    }
}

fn by_index(criterion: &mut Criterion) {
    for (size, devices) in FLEETS {
        let fleet = Fleet::new(devices).expect("a plain fleet");
        let mut group = criterion.benchmark_group(format!("events of {size} points"));
        group.throughput(Throughput::Elements(readings(devices)));
        let turns = shuffled(devices);
        judged(&mut group, &fleet, &turns, events);
        let (lows, highs) = bands(devices);
        let said = Said::new(0, |n, value| events(&fleet, n, value));
        group.bench_function("bare comparison", |bencher| {
            bencher.iter(|| {
                let mut outside = 0_u32;
                for device in &turns {
                    let readings = said.normal[device % ROUND].readings().expect("started");
                    let gridos_model::Readings::Events(events) = black_box(readings) else {
                        continue;
                    };
                    for (position, value) in events.points.iter().zip(events.values) {
                        let point = device * POINTS + *position as usize;
                        let inside = (*value > lows[point]) & (*value < highs[point]);
                        outside += u32::from(!inside);
                    }
                }
                black_box(outside)
            });
        });
        group.finish();
    }
}

fn bands(devices: usize) -> (Vec<f64>, Vec<f64>) {
    (vec![-8e3; devices * POINTS], vec![8e3; devices * POINTS])
}

/// The devices in a random order.
fn shuffled(devices: usize) -> Vec<usize> {
    let mut random = Random::default();
    let mut turns: Vec<_> = (0..devices).collect();
    for last in (1..devices).rev() {
        let end = u32::try_from(last + 1).expect("a small number");
        turns.swap(last, random.below(end) as usize);
    }
    turns
}

criterion_group!(benches, sweeps, by_index);
criterion_main!(benches);
