//! What machines carry by the costs of one reading: nothing here is measured, all is reckoned.

use super::Costs;

/// A machine that has nothing else to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Machine {
    /// Its processors.
    pub cores: f64,
    /// Its memory, in bytes.
    pub memory: f64,
    /// Files that one process may have open.
    pub files: f64,
    /// Bytes a second that its disk takes for hours on end.
    pub disk: f64,
    /// The share of each of these that may be used; the rest is for bursts, for what comes after an outage, and for the
    /// devices of a machine that failed.
    pub used: f64,
}

/// What each device is like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plant {
    /// Its points.
    pub points_each: f64,
    /// From one reading of all of them to the next, in seconds.
    pub every: f64,
}

/// What bounds a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Its processors.
    Processors,
    /// Its memory.
    Memory,
    /// The files that it may have open.
    Files,
    /// Its disk.
    Disk,
}

/// What some engines carry, a machine each, and what their databases must take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Carried {
    /// Devices of all engines.
    pub devices: f64,
    /// Readings a second of all engines.
    pub readings: f64,
    /// What bounds each engine.
    pub bound: Bound,
    /// Memory of each engine, in bytes.
    pub resident: f64,
    /// Processors that PostgreSQL has under way, all the time.
    pub database_cores: f64,
    /// Machines for PostgreSQL, if each is like those of the engines.
    pub databases: f64,
    /// What bounds such a machine.
    pub database_bound: Bound,
    /// Write-ahead log, in bytes a second.
    pub wal: f64,
    /// Tables and indexes, in bytes a day.
    pub stored_a_day: f64,
}

/// Files that an engine needs beside those of devices: the journal, the database, clients.
const FILES_BESIDE: f64 = 1_000.0;
/// Connections that one writer has to the database at the most (`[store] connections`), each a processor of it.
const CONNECTIONS: f64 = 8.0;
const DAY: f64 = 86_400.0;
/// What reckoning with fractions adds is no further machine.
const ROUNDING: f64 = 1e-6;

impl Machine {
    /// Devices of `plant` that an engine alone on it carries, and what bounds them.
    pub fn engine(&self, costs: &Costs, plant: &Plant) -> (f64, Bound) {
        let per_device = plant.points_each / plant.every;
        let cpu = costs.engine_cpu / 1e6 * per_device;
        let memory = costs.device + costs.point * plant.points_each;
        let disk = costs.bytes.journal * per_device;
        least([
            (self.used * self.cores / cpu, Bound::Processors),
            (
                (self.used * self.memory - costs.base) / memory,
                Bound::Memory,
            ),
            (self.used * self.files - FILES_BESIDE, Bound::Files),
            (self.used * self.disk / disk, Bound::Disk),
        ])
    }

    /// Readings a second that a PostgreSQL alone on it takes, by one writer, and what bounds them.
    pub fn database(&self, costs: &Costs) -> (f64, Bound) {
        let cores = (self.used * self.cores).min(CONNECTIONS);
        let bytes = costs.bytes.wal + costs.bytes.table + costs.bytes.index;
        least([
            (cores * 1e6 / costs.database_cpu, Bound::Processors),
            (self.used * self.disk / bytes, Bound::Disk),
        ])
    }
}

impl Carried {
    /// What so many engines carry, each on a machine of its own.
    pub fn by(engines: f64, machine: &Machine, costs: &Costs, plant: &Plant) -> Self {
        let (each, bound) = machine.engine(costs, plant);
        let (database, database_bound) = machine.database(costs);
        let devices = engines * each;
        let readings = devices * plant.points_each / plant.every;
        Self {
            devices,
            readings,
            bound,
            resident: costs.base + each * (costs.device + costs.point * plant.points_each),
            database_cores: readings / 1e6 * costs.database_cpu,
            databases: (readings / database - ROUNDING).ceil(),
            database_bound,
            wal: readings * costs.bytes.wal,
            stored_a_day: readings * (costs.bytes.table + costs.bytes.index) * DAY,
        }
    }
}

fn least<const N: usize>(bounds: [(f64, Bound); N]) -> (f64, Bound) {
    let first = (f64::INFINITY, Bound::Processors);
    let least = bounds.into_iter().fold(
        first,
        |least, bound| {
            if bound.0 < least.0 { bound } else { least }
        },
    );
    (least.0.max(0.0), least.1)
}
