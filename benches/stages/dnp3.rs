//! DNP3 frames to columns: full fragments of g32v7 events as they arrive from a socket.
//!
//! Beside it what cannot be left out: the same octets copied, and only their checksums computed.

#![expect(clippy::expect_used, reason = "a bench stops at the first surprise")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gridos_benches::{Fleet, Master, READ_BYTES, fragments};
use gridos_dnp3::link::{Reader, Recovery, crc};
use gridos_model::Batch;

fn dnp3(criterion: &mut Criterion) {
    let (fragments, events) = fragments();
    let octets = fragments.concat();
    let fleet = Fleet::new(1).expect("a plain fleet");
    bytes(criterion, &octets);
    let mut group = criterion.benchmark_group("dnp3");
    group.throughput(Throughput::Elements(events));
    group.bench_function("frames to columns", |bencher| {
        let mut master = Master::default();
        let mut batch = Batch::with_capacity(256);
        bencher.iter(|| {
            let decoded = master.decode(black_box(&octets), fleet.layout(0), &mut batch);
            black_box(&batch);
            assert_eq!(decoded, events);
        });
    });
    group.finish();
}

/// What counts octets.
fn bytes(criterion: &mut Criterion, octets: &[u8]) {
    let mut group = criterion.benchmark_group("dnp3 octets");
    group.throughput(Throughput::Bytes(octets.len() as u64));
    group.bench_function("limit: copied", |bencher| {
        let mut copy = vec![0; octets.len()];
        bencher.iter(|| {
            copy.copy_from_slice(black_box(octets));
            black_box(&copy);
        });
    });
    group.bench_function("limit: checksums of 16 octets each", |bencher| {
        bencher.iter(|| {
            let sums = black_box(octets).chunks(18).map(|block| {
                let (block, _) = block.split_at(block.len().min(16));
                u64::from(crc(block))
            });
            black_box(sums.sum::<u64>());
        });
    });
    group.bench_function("frames read and checked", |bencher| {
        let mut reader = Reader::new(Recovery::Stream);
        bencher.iter(|| {
            let mut payload = 0;
            for mut input in black_box(octets).chunks(READ_BYTES) {
                while let Some(frame) = reader.read(&mut input) {
                    payload += frame.expect("a good frame").payload.len();
                }
            }
            black_box(payload)
        });
    });
    group.finish();
}

criterion_group!(benches, dnp3);
criterion_main!(benches);
