//! What all ways store: chunks of the journal, full of sweeps.

use gridos_benches::{Fleet, POINTS};
use gridos_journal::{Chunk, Frames, Record, Tail};
use gridos_model::{Batch, PointId, Readings, Sweep, TimeQuality, Timestamp};

/// Devices of 125 points, each swept once a second.
const DEVICES: usize = 64;
/// Bytes of the journal in one transaction: the writer's default.
const CHUNK_BYTES: usize = 4 << 20;
/// Midnight of 2026-11-23.
const BEGIN: Timestamp = Timestamp::from_millis(1_795_392_000_000);

/// A fleet that measures, second after second.
pub(crate) struct Chunks {
    pub(crate) fleet: Fleet,
    frames: Frames,
    batch: Batch,
    nth: usize,
}

impl Chunks {
    pub(crate) fn new() -> Self {
        Self {
            fleet: Fleet::new(DEVICES).expect("a plain fleet"),
            frames: Frames::new(0, Tail::default()),
            batch: Batch::default(),
            nth: 0,
        }
    }

    /// The next chunk of the stream.
    pub(crate) fn next(&mut self) -> Chunk {
        while self.frames.bytes().len() < CHUNK_BYTES {
            let second = i64::try_from(self.nth / DEVICES).expect("short enough");
            let time = Timestamp::from_millis(BEGIN.as_millis() + second * 1_000);
            let layout = self.fleet.layout(self.nth);
            let synchronised = TimeQuality::Synchronised;
            self.batch.start_sweep(layout, time, synchronised, time);
            let drift = (self.nth % 977) as f64;
            let values = (0..POINTS).map(|point| point as f64 * 0.5 + drift * 0.1);
            self.batch.extend(values);
            let readings = self.batch.readings().expect("started");
            self.frames.append_readings(&readings);
            self.nth += 1;
        }
        let mut chunk = Chunk::default();
        chunk.load(&self.frames);
        self.frames.restart(0);
        chunk
    }

    /// The ids of the points of a sweep, in order.
    pub(crate) fn points(&self, sweep: &Sweep<'_>) -> Vec<PointId> {
        let layouts = self.fleet.directory.layouts();
        let mut found = layouts.filter(|layout| layout.id() == sweep.layout);
        let layout = found.next().expect("one of the fleet");
        (0..layout.len())
            .filter_map(|nth| layout.point_id(nth))
            .collect()
    }
}

/// The sweeps of a chunk.
pub(crate) fn sweeps(chunk: &Chunk) -> impl Iterator<Item = Sweep<'_>> {
    chunk.records().filter_map(|(_, record)| match record {
        Ok(Record::Readings(Readings::Sweep(sweep))) => Some(sweep),
        _ => None,
    })
}
