//! Columns to the bytes of PostgreSQL's binary COPY.

#![expect(clippy::expect_used, reason = "a guard stops at the first surprise")]

use std::hint::black_box;

use bytes::BytesMut;
use gridos_benches::readings;
use gridos_model::{Batch, Readings};
use gridos_rows::copy;

use super::{Rounds, journal};

pub(super) fn sweeps() -> Rounds {
    encoded(journal::sweeps())
}

pub(super) fn events() -> Rounds {
    encoded(journal::events())
}

fn encoded(batches: Vec<Batch>) -> Rounds {
    let mut bytes = BytesMut::with_capacity(1 << 20);
    Rounds::new(readings(batches.len()), move || {
        bytes.clear();
        for batch in &batches {
            match batch.readings().expect("started") {
                Readings::Sweep(sweep) => copy::sweep(black_box(&sweep), &mut bytes),
                Readings::Events(events) => copy::events(black_box(&events), &mut bytes),
                // Texts are rare and not copied.
                Readings::Texts(_) => {}
            }
        }
        black_box(&bytes);
    })
}
