//! Batches to frames in memory, and frames back to columns: serialising and checking, no disk.

#![expect(clippy::expect_used, reason = "a bench stops at the first surprise")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gridos_benches::{BATCHES, Fleet, readings};
use gridos_journal::{Chunk, Frames, Record, Tail};
use gridos_model::Batch;

fn journal(criterion: &mut Criterion) {
    let fleet = Fleet::new(64).expect("a plain fleet");
    let batches: Vec<_> = (0..BATCHES)
        .map(|n| {
            let mut batch = Batch::default();
            fleet.fill(&mut batch, n);
            batch
        })
        .collect();
    let mut group = criterion.benchmark_group("journal");
    group.throughput(Throughput::Elements(readings(BATCHES)));
    group.bench_function("append 256 sweeps of 125", |bencher| {
        let mut frames = Frames::new(1, Tail::default());
        bencher.iter(|| {
            for batch in &batches {
                frames.append_readings(&batch.readings().expect("started"));
            }
            black_box(frames.bytes());
            frames.restart(1);
        });
    });
    let mut frames = Frames::new(1, Tail::default());
    for batch in &batches {
        frames.append_readings(&batch.readings().expect("started"));
    }
    group.bench_function("check and read 256 sweeps of 125", |bencher| {
        let mut chunk = Chunk::default();
        bencher.iter(|| {
            chunk.load(black_box(&frames));
            let mut count = 0;
            for (_, record) in chunk.records() {
                if let Ok(Record::Readings(readings)) = record {
                    count += readings.len();
                }
            }
            assert_eq!(count as u64, readings(BATCHES));
        });
    });
    group.finish();
}

criterion_group!(benches, journal);
criterion_main!(benches);
