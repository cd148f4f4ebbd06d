//! A batch's round: out of the pool, through the intake and the ring, back to the pool.

#![expect(clippy::expect_used, reason = "a bench stops at the first surprise")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gridos_benches::{BATCHES, Fleet, POINTS, readings};
use gridos_ring::{Intake, Pool, ring};
use gridos_telemetry::Telemetry;

fn round(criterion: &mut Criterion) {
    let fleet = Fleet::new(64).expect("a plain fleet");
    let telemetry = Arc::new(Telemetry::new("0", []));
    let (producer, mut consumer) = ring(BATCHES);
    let pool = Pool::new(BATCHES, POINTS);
    let intake = Intake::new(pool.clone(), producer, telemetry);
    let mut group = criterion.benchmark_group("ring");
    group.throughput(Throughput::Elements(readings(BATCHES)));
    group.bench_function("256 sweeps of 125 through", |bencher| {
        bencher.iter(|| {
            for n in 0..BATCHES {
                let mut batch = intake.take().expect("a free batch");
                fleet.fill(&mut batch, n);
                intake.offer(batch, Instant::now(), None).expect("room");
            }
            while let Some(slot) = consumer.pop() {
                pool.give(black_box(slot.batch));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, round);
criterion_main!(benches);
