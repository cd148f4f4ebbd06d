//! A batch's round: out of the pool, through the intake and the ring, back to the pool.

#![expect(clippy::expect_used, reason = "a guard stops at the first surprise")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use gridos_benches::{Fleet, POINTS, readings};
use gridos_ring::{Intake, Pool, ring};
use gridos_telemetry::Telemetry;

use super::Rounds;

const BATCHES: usize = 64;

pub(super) fn turn() -> Rounds {
    let fleet = Fleet::new(BATCHES).expect("a plain fleet");
    let telemetry = Arc::new(Telemetry::new("0", []));
    let (producer, mut consumer) = ring(BATCHES);
    let pool = Pool::new(BATCHES, POINTS);
    let intake = Intake::new(pool.clone(), producer, telemetry);
    let wire = Instant::now();
    Rounds::new(readings(BATCHES), move || {
        for n in 0..BATCHES {
            let mut batch = intake.take().expect("a free batch");
            fleet.fill(&mut batch, n);
            intake.offer(batch, wire, None).expect("room");
        }
        while let Some(slot) = consumer.pop() {
            pool.give(black_box(slot.batch));
        }
    })
}
