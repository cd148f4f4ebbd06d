//! Columns against alarm limits.

#![expect(clippy::expect_used, reason = "a guard stops at the first surprise")]

use std::hint::black_box;

use gridos_alarm::Judge;
use gridos_benches::{Fleet, NOW, POINTS, readings};
use gridos_model::{Batch, Quality, TimeQuality, Timestamp};

use super::Rounds;

const DEVICES: usize = 64;
const NORMAL: f64 = 1.0;
const HIGH: f64 = 8.5e3;

pub(super) fn swept() -> Rounds {
    judged(vec![sweep(|_| NORMAL)], 0)
}

pub(super) fn by_index() -> Rounds {
    judged(vec![events()], 0)
}

pub(super) fn transitions() -> Rounds {
    let high = |point| if point % 10 == 9 { HIGH } else { NORMAL };
    judged(vec![sweep(high), sweep(|_| NORMAL)], POINTS / 10)
}

/// All devices say one batch after the other; in each of these `changes` of a device's points
/// change their level.
fn judged(batches: Vec<Batch>, changes: usize) -> Rounds {
    let fleet = Fleet::new(DEVICES).expect("a plain fleet");
    let mut judge: Judge = fleet.judge().expect("plain limits");
    let mut out = Vec::with_capacity(DEVICES * POINTS);
    Rounds::new(readings(DEVICES * batches.len()), move || {
        for batch in &batches {
            out.clear();
            let readings = batch.readings().expect("started");
            for device in 0..DEVICES {
                let first = fleet.layout(device).first();
                judge.on_readings(first, black_box(&readings), NOW, &mut out);
            }
            assert_eq!(out.len(), DEVICES * changes, "levels change as they should");
        }
    })
}

fn sweep(value: impl Fn(usize) -> f64) -> Batch {
    let (fleet, now) = (Fleet::new(1).expect("a plain fleet"), Timestamp::EPOCH);
    let mut batch = Batch::with_capacity(POINTS);
    batch.start_sweep(fleet.layout(0), now, TimeQuality::Synchronised, now);
    batch.extend((0..POINTS).map(value));
    batch
}

/// Each point once, in an order of its own.
fn events() -> Batch {
    let fleet = Fleet::new(1).expect("a plain fleet");
    let mut batch = Batch::with_capacity(POINTS);
    batch.start_events(fleet.layout(0), Timestamp::EPOCH);
    for place in 0..POINTS {
        let position = u32::try_from(place * 57 % POINTS).expect("a small number");
        batch.push_event(position, Timestamp::EPOCH, NORMAL, Quality::GOOD);
    }
    batch
}
