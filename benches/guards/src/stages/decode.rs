//! Registers to columns.

#![expect(clippy::expect_used, reason = "a guard stops at the first surprise")]

use std::hint::black_box;

use gridos_benches::{Fleet, POINTS};
use gridos_model::{Batch, TimeQuality, Timestamp};

use super::Rounds;

pub(super) fn registers() -> Rounds {
    let fleet = Fleet::new(1).expect("a plain fleet");
    let words = Fleet::words(7);
    let mut batch = Batch::with_capacity(POINTS);
    Rounds::new(POINTS as u64, move || {
        let (request, now) = (&fleet.plan.requests()[0], Timestamp::EPOCH);
        batch.start_sweep(fleet.layout(0), now, TimeQuality::Synchronised, now);
        request
            .decode_registers(black_box(&words), &mut batch)
            .expect("125 registers");
        black_box(&batch);
    })
}
