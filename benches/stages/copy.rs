//! Columns to the bytes of PostgreSQL's binary COPY.

#![expect(clippy::expect_used, reason = "a bench stops at the first surprise")]

use std::hint::black_box;

use bytes::BytesMut;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gridos_benches::{BATCHES, Fleet, Random, readings};
use gridos_model::{Batch, Readings};
use gridos_rows::copy;

fn copy(criterion: &mut Criterion) {
    let fleet = Fleet::new(64).expect("a plain fleet");
    let mut group = criterion.benchmark_group("copy");
    group.throughput(Throughput::Elements(readings(BATCHES)));
    let mut random = Random::default();
    for name in ["sweeps", "events"] {
        let batches: Vec<_> = (0..BATCHES)
            .map(|n| {
                let mut batch = Batch::default();
                match name {
                    "sweeps" => fleet.fill(&mut batch, n),
                    _ => fleet.fill_events(&mut batch, n, &mut random),
                }
                batch
            })
            .collect();
        let mut bytes = BytesMut::with_capacity(1 << 20);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                bytes.clear();
                for batch in &batches {
                    match batch.readings().expect("started") {
                        Readings::Sweep(sweep) => copy::sweep(&sweep, &mut bytes),
                        Readings::Events(events) => copy::events(&events, &mut bytes),
                        // Texts are rare and not copied.
                        Readings::Texts(_) => {}
                    }
                }
                black_box(&bytes);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, copy);
criterion_main!(benches);
