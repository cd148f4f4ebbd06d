//! The whole way of a reading on one core without a system call: registers → batch → ring → alarm
//! → journal record → checked and read back → COPY bytes.

#![expect(clippy::expect_used, reason = "a bench stops at the first surprise")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use bytes::BytesMut;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gridos_benches::{BATCHES, Fleet, NOW, POINTS, readings};
use gridos_journal::{Chunk, Frames, Record, Tail};
use gridos_model::{Readings, TimeQuality, Timestamp};
use gridos_ring::{Intake, Pool, ring};
use gridos_rows::copy;
use gridos_telemetry::Telemetry;

fn way(criterion: &mut Criterion) {
    let fleet = Fleet::new(64).expect("a plain fleet");
    let answers: Vec<_> = (0..64).map(Fleet::words).collect();
    let request = &fleet.plan.requests()[0];
    let mut judge = fleet.judge().expect("plain limits");
    let telemetry = Arc::new(Telemetry::new("0", []));
    let (producer, mut consumer) = ring(BATCHES);
    let pool = Pool::new(BATCHES, POINTS);
    let intake = Intake::new(pool.clone(), producer, Arc::clone(&telemetry));
    let mut stage = telemetry.stages.alarm.recorder();
    let mut frames = Frames::new(1, Tail::default());
    let mut chunk = Chunk::default();
    let mut bytes = BytesMut::with_capacity(1 << 20);
    let mut judged = Vec::new();

    let mut group = criterion.benchmark_group("way");
    group.throughput(Throughput::Elements(readings(BATCHES)));
    group.bench_function("registers to COPY bytes", |bencher| {
        bencher.iter(|| {
            for n in 0..BATCHES {
                let mut batch = intake.take().expect("a free batch");
                let now = Timestamp::EPOCH;
                batch.start_sweep(fleet.layout(n), now, TimeQuality::Synchronised, now);
                let words = &answers[n % answers.len()];
                request
                    .decode_registers(words, &mut batch)
                    .expect("125 registers");
                intake.offer(batch, Instant::now(), None).expect("room");
            }
            while let Some(slot) = consumer.pop() {
                let readings = slot.batch.readings().expect("started");
                judge.on_readings(Fleet::first(&slot.batch), &readings, NOW, &mut judged);
                frames.append_readings(&readings);
                stage.record(slot.protocol, slot.arrival.wire.elapsed());
                pool.give(slot.batch);
            }
            stage.flush();
            chunk.load(&frames);
            frames.restart(1);
            bytes.clear();
            for (_, record) in chunk.records() {
                if let Ok(Record::Readings(Readings::Sweep(sweep))) = record {
                    copy::sweep(&sweep, &mut bytes);
                }
            }
            black_box(&bytes);
        });
    });
    group.finish();
    assert!(
        judged.is_empty(),
        "values within the limits change no level"
    );
}

criterion_group!(benches, way);
criterion_main!(benches);
