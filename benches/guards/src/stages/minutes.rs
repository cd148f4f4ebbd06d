//! Columns added up to minutes.

#![expect(clippy::expect_used, reason = "a guard stops at the first surprise")]

use std::hint::black_box;

use gridos_benches::{Fleet, readings};
use gridos_model::{Batch, Readings, TimeQuality, Timestamp};
use gridos_rows::minutes::Minutes;

use super::Rounds;

const DEVICES: usize = 64;

/// Two sweeps of each device in turn: values that stay are one comparison each, and these do not.
pub(super) fn sweeps() -> Rounds {
    let fleet = Fleet::new(DEVICES).expect("a plain fleet");
    let batches: Vec<Batch> = [0.0, 1.0]
        .into_iter()
        .flat_map(|step| (0..DEVICES).map(move |n| (n, step)))
        .map(|(n, step)| sweep(&fleet, n, step))
        .collect();
    let mut open = Minutes::default();
    Rounds::new(readings(batches.len()), move || {
        for batch in &batches {
            if let Readings::Sweep(sweep) = batch.readings().expect("started") {
                open.add_sweep(black_box(&sweep));
            }
        }
        black_box(&open);
    })
}

fn sweep(fleet: &Fleet, n: usize, step: f64) -> Batch {
    let mut batch = Batch::default();
    let time = Timestamp::EPOCH;
    batch.start_sweep(fleet.layout(n), time, TimeQuality::Synchronised, time);
    batch.extend((0..125).map(|point| f64::from(point) * 0.5 + step));
    batch
}
