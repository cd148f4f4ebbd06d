//! What was measured of one scenario.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::copy::{Alone, Sizes};
use super::half::Half;
use super::latency::Percentiles;
use super::questions::History;
use super::sample::{Ledger, Sample};

/// What grows in a shorter time is what grows at every start.
const SETTLED_AFTER: Duration = Duration::from_secs(595);

/// All of it; rates are readings a second.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Figures {
    pub(super) scenario: String,
    pub(super) seconds: f64,
    pub(super) devices: usize,
    /// Points of all devices.
    pub(super) points: usize,
    /// What the devices have, if they are not read as fast as they answer.
    pub(super) offered: Option<f64>,
    pub(super) durable: f64,
    pub(super) stored: f64,
    /// By stage, in milliseconds: from the last byte (`wire-…`) and from when it was due (`due-…`).
    pub(super) latency_ms: BTreeMap<String, Percentiles>,
    pub(super) cpu_seconds_per_million: Cpu,
    pub(super) resident_bytes: Memory,
    pub(super) bytes_per_reading: Option<Bytes>,
    pub(super) ledger: Account,
    /// What the wire alone gives, where devices are read as fast as they answer.
    pub(super) wire_alone: Option<f64>,
    /// What the database alone takes.
    pub(super) database_alone: Option<Alone>,
    pub(super) ratios: Ratios,
    /// How it is at half of that rate, where devices are read as fast as they answer.
    pub(super) half: Option<Half>,
    pub(super) outage: Option<Outage>,
    /// What a client was answered that asked for the history meanwhile.
    pub(super) history: Option<History>,
}

/// What was stored, beside the limits of the same run.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Ratios {
    pub(super) of_wire: Option<f64>,
    /// Of one connection that copies the same rows.
    pub(super) of_copy: Option<f64>,
    /// Of what both, one after the other on the same processors, would allow.
    pub(super) of_both: Option<f64>,
    pub(super) times_rows: Option<f64>,
}

/// Processor time of each process for a million readings that it handled: durable ones, of the server stored ones.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Cpu {
    pub(super) engine: f64,
    /// Of the simulated devices, and of this process where it posts.
    pub(super) devices: f64,
    pub(super) server: Option<f64>,
}

/// Memory of the engine.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Memory {
    pub(super) peak: u64,
    /// How much it grows in an hour, by the straight line that fits the second half best; of less than ten minutes it
    /// would say nothing.
    pub(super) growth_per_hour: Option<f64>,
}

/// What a reading takes on the disk.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Bytes {
    pub(super) journal: f64,
    pub(super) wal: f64,
    pub(super) table: f64,
    pub(super) index: f64,
}

/// Where all readings were in the end.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Account {
    pub(super) received: u64,
    pub(super) stored: u64,
    pub(super) refused: u64,
    pub(super) lost: u64,
    pub(super) is_balanced: bool,
}

/// The database was away.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Outage {
    pub(super) seconds: f64,
    /// How long it took until all that had gathered was stored, beside what came meanwhile.
    pub(super) drained_within: f64,
    /// What was stored in that time, by second, and how many times as fast as readings came.
    pub(super) drained: f64,
    pub(super) times_as_fast: f64,
}

impl Figures {
    /// What it is worth, where devices give what they can.
    pub(super) fn with_ratios(mut self) -> Self {
        let stored = self.offered.is_none().then_some(self.stored);
        let of = |limit: Option<f64>| Some(stored? / limit?);
        let (arrays, rows) = (
            self.database_alone.map(|alone| alone.arrays),
            self.database_alone.map(|alone| alone.rows),
        );
        let together = self.wire_alone.zip(arrays);
        let together = together.map(|(wire, copy)| 1.0 / (1.0 / wire + 1.0 / copy));
        self.ratios = Ratios {
            of_wire: of(self.wire_alone),
            of_copy: of(arrays),
            of_both: of(together),
            times_rows: of(rows),
        };
        self
    }
}

impl Account {
    /// Whether every reading is stored, or was refused to whoever sent it.
    pub(super) fn is_whole(&self) -> bool {
        self.is_balanced && self.lost == 0
    }
}

impl From<Ledger> for Account {
    fn from(ledger: Ledger) -> Self {
        Self {
            received: ledger.received,
            stored: ledger.stored,
            refused: ledger.refused,
            lost: ledger.lost,
            is_balanced: ledger.is_balanced,
        }
    }
}

/// What grew between two samples.
#[derive(Clone, Copy, Debug)]
pub(super) struct Between {
    pub(super) seconds: f64,
    pub(super) durable: u64,
    pub(super) stored: u64,
    pub(super) journal: u64,
    engine: f64,
    devices: f64,
    server: Option<f64>,
}

impl Between {
    pub(super) fn of(before: &Sample, after: &Sample) -> Self {
        let server = after.server_cpu.zip(before.server_cpu);
        Self {
            seconds: after.at.duration_since(before.at).as_secs_f64(),
            durable: after.ledger.journalled - before.ledger.journalled,
            stored: after.ledger.stored - before.ledger.stored,
            journal: after.journal - before.journal,
            engine: after.engine_cpu - before.engine_cpu,
            devices: after.devices_cpu - before.devices_cpu,
            server: server.map(|(after, before)| after - before),
        }
    }

    pub(super) fn cpu(&self) -> Cpu {
        let of = |seconds: f64, readings: u64| seconds / (readings as f64 / 1e6);
        Cpu {
            engine: of(self.engine, self.durable),
            devices: of(self.devices, self.durable),
            server: self.server.map(|server| of(server, self.stored)),
        }
    }
}

/// What a reading took of so many bytes.
pub(super) fn bytes(between: &Between, wal: u64, sizes: Sizes, stored: u64) -> Bytes {
    let of = |bytes: u64, readings: u64| bytes as f64 / readings as f64;
    Bytes {
        journal: of(between.journal, between.durable),
        wal: of(wal, between.stored),
        table: of(sizes.table, stored),
        index: of(sizes.index, stored),
    }
}

/// How much something grows in an hour once it has settled; `None` if it was watched for too short.
pub(super) fn settled_growth(points: &[(Duration, u64)]) -> Option<f64> {
    let (last, _) = points.last()?;
    let settled = points.get(points.len() / 2..)?;
    (*last >= SETTLED_AFTER).then(|| growth_per_hour(settled))
}

/// How much something grows in an hour, by the straight line that fits the points best (least squares).
fn growth_per_hour(points: &[(Duration, u64)]) -> f64 {
    let count = points.len() as f64;
    let hours = |at: &Duration| at.as_secs_f64() / 3_600.0;
    let mean_x = points.iter().map(|(at, _)| hours(at)).sum::<f64>() / count;
    let mean_y = points.iter().map(|(_, bytes)| *bytes as f64).sum::<f64>() / count;
    let (mut rise, mut run) = (0.0, 0.0);
    for (at, bytes) in points {
        let x = hours(at) - mean_x;
        rise += x * (*bytes as f64 - mean_y);
        run += x * x;
    }
    if run > 0.0 { rise / run } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straight_line_grows_as_it_grows() {
        let minutes = |n: u64| Duration::from_secs(60 * n);
        let points: Vec<_> = (0..10).map(|n| (minutes(n), 1_000 + 5 * n)).collect();
        assert!((growth_per_hour(&points) - 300.0).abs() < 1e-6);
        assert!(growth_per_hour(&points[..1]).abs() < f64::EPSILON);
        assert!(growth_per_hour(&[]).abs() < f64::EPSILON);
    }

    #[test]
    fn what_grows_at_the_start_is_no_growth() {
        let grows_at_first = |second: u64| (Duration::from_secs(second), second.min(300));
        let points: Vec<_> = (0..600).map(grows_at_first).collect();
        let growth = settled_growth(&points).unwrap();
        assert!(growth.abs() < 1e-6, "{growth}");
        assert_eq!(settled_growth(&points[..500]), None);
        assert_eq!(settled_growth(&[]), None);
    }
}
