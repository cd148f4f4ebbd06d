//! The latency of a batch.

use std::hint::black_box;
use std::time::Duration;

use gridos_telemetry::{Protocol, Telemetry};

use super::Rounds;

const BATCHES: u64 = 64;

/// A turn of the pipeline with as many batches.
pub(super) fn record() -> Rounds {
    let telemetry = Telemetry::new("0", []);
    let mut recorder = telemetry.stages.alarm.recorder();
    Rounds::new(BATCHES, move || {
        for _ in 0..BATCHES {
            recorder.record(Protocol::Modbus, black_box(Duration::from_micros(730)));
        }
        recorder.flush();
    })
}
