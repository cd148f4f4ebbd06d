//! Registers to columns.

#![expect(clippy::expect_used, reason = "a bench stops at the first surprise")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gridos_benches::{Fleet, POINTS};
use gridos_model::{Batch, TimeQuality, Timestamp};
use std::hint::black_box;

fn decode(criterion: &mut Criterion) {
    let fleet = Fleet::new(1).expect("a plain fleet");
    let words = Fleet::words(7);
    let request = &fleet.plan.requests()[0];
    let mut batch = Batch::with_capacity(POINTS);
    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::Elements(POINTS as u64));
    group.bench_function("125 scaled u16 registers", |bencher| {
        bencher.iter(|| {
            let now = Timestamp::EPOCH;
            batch.start_sweep(fleet.layout(0), now, TimeQuality::Synchronised, now);
            request
                .decode_registers(black_box(&words), &mut batch)
                .expect("125 registers");
            black_box(&batch);
        });
    });
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
