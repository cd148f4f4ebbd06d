//! Columns added up to minutes.

#![expect(clippy::expect_used, reason = "a guard stops at the first surprise")]

use std::hint::black_box;

use gridos_benches::readings;
use gridos_model::Readings;
use gridos_rows::minutes::Minutes;

use super::{Rounds, journal};

pub(super) fn sweeps() -> Rounds {
    let batches = journal::sweeps();
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
