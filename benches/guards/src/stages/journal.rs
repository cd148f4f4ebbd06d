//! Batches to frames in memory, and frames back to columns: serialising and checking, no disk.

#![expect(clippy::expect_used, reason = "a guard stops at the first surprise")]

use std::hint::black_box;

use gridos_benches::{Fleet, Random, readings};
use gridos_journal::{Chunk, Frames, Record, Tail};
use gridos_model::Batch;

use super::Rounds;

const BATCHES: usize = 64;

pub(super) fn append() -> Rounds {
    appended(sweeps())
}

pub(super) fn append_events() -> Rounds {
    appended(events())
}

pub(super) fn read() -> Rounds {
    let mut frames = Frames::new(1, Tail::default());
    for batch in &sweeps() {
        frames.append_readings(&batch.readings().expect("started"));
    }
    let mut chunk = Chunk::default();
    Rounds::new(readings(BATCHES), move || {
        chunk.load(black_box(&frames));
        let mut count = 0;
        for (_, record) in chunk.records() {
            if let Ok(Record::Readings(readings)) = record {
                count += black_box(readings).len();
            }
        }
        assert_eq!(
            count as u64,
            readings(BATCHES),
            "every reading is read back"
        );
    })
}

fn appended(batches: Vec<Batch>) -> Rounds {
    let mut frames = Frames::new(1, Tail::default());
    Rounds::new(readings(BATCHES), move || {
        for batch in &batches {
            frames.append_readings(&batch.readings().expect("started"));
        }
        black_box(frames.bytes());
        frames.restart(1);
    })
}

/// Sweeps of as many devices.
pub(super) fn sweeps() -> Vec<Batch> {
    let fleet = Fleet::new(BATCHES).expect("a plain fleet");
    let sweep = |n| {
        let mut batch = Batch::default();
        fleet.fill(&mut batch, n);
        batch
    };
    (0..BATCHES).map(sweep).collect()
}

/// Events of as many devices, one batch each.
pub(super) fn events() -> Vec<Batch> {
    let (fleet, mut random) = (
        Fleet::new(BATCHES).expect("a plain fleet"),
        Random::default(),
    );
    let events = |n| {
        let mut batch = Batch::default();
        fleet.fill_events(&mut batch, n, &mut random);
        batch
    };
    (0..BATCHES).map(events).collect()
}
