//! Columns against alarm limits, beside the bare comparison of the same columns.

#![expect(clippy::expect_used, reason = "a bench stops at the first surprise")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use gridos_benches::{Fleet, POINTS, Random, readings};
use gridos_model::{Batch, Quality, TimeQuality, Timestamp};

fn sweeps(criterion: &mut Criterion) {
    for devices in [64, 512, 8_192] {
        let fleet = Fleet::new(devices).expect("a plain fleet");
        let mut evaluator = fleet.evaluator().expect("plain limits");
        let mut batch = Batch::with_capacity(POINTS);
        let mut out = Vec::new();
        let mut group = criterion.benchmark_group(format!("evaluate {} points", devices * POINTS));
        group.throughput(Throughput::Elements(readings(devices)));
        group.bench_function("sweeps within limits", |bencher| {
            let mut filled = sweep_of(&fleet, &mut batch);
            bencher.iter(|| {
                for n in 0..devices {
                    let first = fleet.layout(n).first();
                    let readings = filled.readings().expect("started");
                    evaluator.evaluate(first, black_box(&readings), &mut out);
                }
            });
            batch = std::mem::take(&mut filled);
        });
        group.bench_function("bare comparison", |bencher| {
            let lows = vec![-8e3_f64; devices * POINTS];
            let highs = vec![8e3_f64; devices * POINTS];
            let filled = sweep_of(&fleet, &mut batch);
            let values = filled.readings().expect("started").values();
            bencher.iter(|| {
                let mut outside = 0_u32;
                for (lows, highs) in lows.chunks(POINTS).zip(highs.chunks(POINTS)) {
                    for ((value, low), high) in black_box(values).iter().zip(lows).zip(highs) {
                        outside += u32::from(!((value > low) & (value < high)));
                    }
                }
                black_box(outside)
            });
        });
        assert!(out.is_empty(), "values within the limits change no level");
        group.finish();
    }
}

fn transitions(criterion: &mut Criterion) {
    let fleet = Fleet::new(64).expect("a plain fleet");
    let mut group = criterion.benchmark_group("evaluate transitions");
    group.throughput(Throughput::Elements(POINTS as u64));
    for (name, every) in [("0.8 %", 125), ("10 %", 10)] {
        let mut evaluator = fleet.evaluator().expect("plain limits");
        let mut out = Vec::with_capacity(POINTS);
        let mut high = false;
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || {
                    high = !high;
                    let mut batch = Batch::with_capacity(POINTS);
                    let now = Timestamp::EPOCH;
                    batch.start_sweep(fleet.layout(0), now, TimeQuality::Synchronised, now);
                    for point in 0..POINTS {
                        let value = if high && point % every == 0 {
                            8.5e3
                        } else {
                            1.0
                        };
                        batch.push(value, Quality::GOOD);
                    }
                    batch
                },
                |batch| {
                    out.clear();
                    let readings = batch.readings().expect("started");
                    evaluator.evaluate(Fleet::first(batch), &readings, &mut out);
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

fn events(criterion: &mut Criterion) {
    let fleet = Fleet::new(512).expect("a plain fleet");
    let mut evaluator = fleet.evaluator().expect("plain limits");
    let mut random = Random::default();
    let batches: Vec<_> = (0..512)
        .map(|n| {
            let mut batch = Batch::default();
            fleet.fill_events(&mut batch, n, &mut random);
            batch
        })
        .collect();
    let mut out = Vec::new();
    let mut group = criterion.benchmark_group("evaluate events");
    group.throughput(Throughput::Elements(readings(batches.len())));
    group.bench_function("random points of 64,000", |bencher| {
        bencher.iter(|| {
            for batch in &batches {
                let readings = batch.readings().expect("started");
                evaluator.evaluate(Fleet::first(batch), &readings, &mut out);
            }
        });
    });
    group.finish();
}

fn sweep_of(fleet: &Fleet, batch: &mut Batch) -> Batch {
    let mut filled = std::mem::take(batch);
    fleet.fill(&mut filled, 0);
    filled
}

criterion_group!(benches, sweeps, transitions, events);
criterion_main!(benches);
