//! What measuring costs: once per batch, and once per scrape.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use gridos_telemetry::{Protocol, Telemetry};

fn telemetry(criterion: &mut Criterion) {
    let telemetry = Telemetry::new("0", (0..10_000).map(|n| format!("feeder-{n}")));
    let mut recorder = telemetry.stages.alarm.recorder();
    criterion.bench_function("telemetry/record one batch", |bencher| {
        bencher.iter(|| {
            recorder.record(Protocol::Modbus, black_box(Duration::from_micros(730)));
            recorder.flush();
        });
    });
    criterion.bench_function("telemetry/render with 10,000 devices", |bencher| {
        bencher.iter(|| black_box(telemetry.render()));
    });
}

criterion_group!(benches, telemetry);
criterion_main!(benches);
