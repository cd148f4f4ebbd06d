//! What a reading costs as a plant grows: runs of `gridos bench`, the chart and the tables that are made of them, and
//! what machines carry by the costs of one reading.

mod capacity;
mod chart;
mod costs;
mod page;
mod panels;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use capacity::{Bound, Carried, Machine, Plant};
pub use costs::Costs;
pub use page::{carried, splice};
pub use panels::svg;

/// All runs of one machine.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Measured {
    /// The machine, and its database.
    pub on: String,
    /// The day, as `2026-11-28`.
    pub day: String,
    /// Each size that was measured.
    pub runs: Vec<Run>,
    /// Each size that was not, and why.
    pub failed: Vec<Failed>,
}

/// What a plant has, and how it is read.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Size {
    /// Modbus devices, a connection each.
    pub devices: u32,
    /// Points of each.
    pub points_each: u32,
    /// From one reading of a device to the next, in milliseconds; `None`: as fast as it answers.
    pub every_ms: Option<u64>,
    /// Points that a client asks ten times a second to have a chart of, all at once.
    pub columns: u32,
}

/// One size, measured.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Run {
    /// What was measured.
    #[serde(flatten)]
    pub size: Size,
    /// Readings a second that were stored.
    pub stored: f64,
    /// Processor time of the engine for a million readings, in seconds.
    pub engine_cpu: f64,
    /// The same of PostgreSQL.
    pub database_cpu: f64,
    /// From the last byte on the wire until it is durable, 99th percentile in milliseconds.
    pub durable_p99: f64,
    /// The same until it is committed in the database.
    pub stored_p99: f64,
    /// Until a chart was answered, 99th percentile in milliseconds.
    pub chart_p99: Option<f64>,
    /// Memory of the engine at its peak, in bytes.
    pub resident: f64,
    /// What a reading takes, in bytes.
    pub bytes: Bytes,
}

/// What a reading takes on the disk, in bytes.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Bytes {
    /// In the journal.
    pub journal: f64,
    /// In the write-ahead log of the database.
    pub wal: f64,
    /// In its tables, with minutes.
    pub table: f64,
    /// In their indexes.
    pub index: f64,
}

/// One size that could not be measured.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Failed {
    /// What was to be measured.
    #[serde(flatten)]
    pub size: Size,
    /// What was told instead.
    pub why: String,
}

impl Size {
    /// Points of the whole plant.
    pub fn points(&self) -> f64 {
        f64::from(self.devices) * f64::from(self.points_each)
    }
}

impl Run {
    /// Out of what `gridos bench --json` tells of one scenario; `None` if a figure is missing.
    pub fn of(size: Size, told: &Value) -> Option<Self> {
        let figures = told.pointer("/scenarios/0")?;
        let number = |path: &str| figures.pointer(path).and_then(Value::as_f64);
        let bytes = |of: &str| number(&format!("/bytes_per_reading/{of}"));
        Some(Self {
            size,
            stored: number("/stored")?,
            engine_cpu: number("/cpu_seconds_per_million/engine")?,
            database_cpu: number("/cpu_seconds_per_million/server")?,
            durable_p99: number("/latency_ms/wire-durable/p99")?,
            stored_p99: number("/latency_ms/wire-stored/p99")?,
            chart_p99: number("/history/p99"),
            resident: number("/resident_bytes/peak")?,
            bytes: Bytes {
                journal: bytes("journal")?,
                wal: bytes("wal")?,
                table: bytes("table")?,
                index: bytes("index")?,
            },
        })
    }
}

/// The machine and the database out of what `gridos bench --json` tells.
pub fn machine(told: &Value) -> String {
    let text = |path: &str| told.pointer(path).and_then(Value::as_str).unwrap_or("?");
    let number = |path: &str| told.pointer(path).and_then(Value::as_f64).unwrap_or(0.0);
    format!(
        "{} cores of {}, {:.1} GiB, Linux {}, {}; {}",
        number("/machine/cores"),
        text("/machine/processor"),
        number("/machine/memory_bytes") / f64::from(1 << 30),
        text("/machine/kernel"),
        text("/machine/file_system"),
        text("/postgresql")
    )
}

#[cfg(test)]
mod tests;
