//! Columns added up to minutes, and minutes to the bytes of PostgreSQL's binary COPY.

#![expect(clippy::expect_used, reason = "a bench stops at the first surprise")]

use std::hint::black_box;

use bytes::BytesMut;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use gridos_benches::{BATCHES, Fleet, POINTS, Random, readings};
use gridos_model::{Batch, Quality, Readings, TimeQuality, Timestamp};
use gridos_rows::copy;
use gridos_rows::minutes::{Minute, Minutes};

fn minutes(criterion: &mut Criterion) {
    let fleet = Fleet::new(64).expect("a plain fleet");
    let mut group = criterion.benchmark_group("minutes");
    group.throughput(Throughput::Elements(readings(BATCHES)));
    for name in ["sweeps", "doubtful sweeps", "events"] {
        let batches = batches(&fleet, name);
        let mut open = opened();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                add(&mut open, &batches);
                black_box(&open);
            });
        });
    }
    let batches = batches(&fleet, "sweeps");
    let mut columns: Vec<f64> = Vec::with_capacity(BATCHES * POINTS);
    group.bench_function("columns copied", |bencher| {
        bencher.iter(|| {
            columns.clear();
            for batch in &batches {
                let readings = batch.readings().expect("started");
                columns.extend_from_slice(readings.values());
            }
            black_box(&columns);
        });
    });
    group.throughput(Throughput::Elements(readings(64)));
    let mut bytes = BytesMut::with_capacity(1 << 20);
    group.bench_function("closed and encoded", |bencher| {
        let filled = || {
            let mut open = opened();
            add(&mut open, &batches);
            open
        };
        bencher.iter_batched(
            filled,
            |mut open| {
                bytes.clear();
                for row in open.close() {
                    copy::minute(&row, &mut bytes);
                }
                black_box(&bytes);
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn batches(fleet: &Fleet, name: &str) -> Vec<Batch> {
    let mut random = Random::default();
    let batch = |n| {
        let (mut batch, layout) = (Batch::default(), fleet.layout(n));
        if name == "events" {
            fleet.fill_events(&mut batch, n, &mut random);
            return batch;
        }
        // One time for all: whoever adds them again adds nothing that is late.
        let time = Timestamp::EPOCH;
        batch.start_sweep(layout, time, TimeQuality::Synchronised, time);
        for point in 0..POINTS {
            let is_doubtful = name == "doubtful sweeps" && point % 10 == n % 10;
            let quality = [Quality::GOOD, Quality::STALE][usize::from(is_doubtful)];
            batch.push(point as f64 * 0.5, quality);
        }
        batch
    };
    (0..BATCHES).map(batch).collect()
}

fn opened() -> Minutes {
    let mut open = Minutes::default();
    open.expect(Minute::of(Timestamp::EPOCH));
    open
}

fn add(open: &mut Minutes, batches: &[Batch]) {
    for batch in batches {
        match batch.readings().expect("started") {
            Readings::Sweep(sweep) => open.add_sweep(&sweep),
            Readings::Events(events) => open.add_events(&events),
            // Texts are of no minute.
            Readings::Texts(_) => {}
        }
    }
}

criterion_group!(benches, minutes);
criterion_main!(benches);
