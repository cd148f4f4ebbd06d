//! What one reading, one point and one device cost, out of the runs of a machine.

use super::{Bytes, Run};

/// Points of a device in the run whose costs are taken for all.
const USUAL_POINTS: u32 = 100;

/// The costs that capacity is reckoned from; each is of one machine and its load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Costs {
    /// Processor time of the engine for a million readings, in seconds.
    pub engine_cpu: f64,
    /// The same of PostgreSQL.
    pub database_cpu: f64,
    /// Memory of an engine without devices, in bytes.
    pub base: f64,
    /// Memory of a point, in bytes.
    pub point: f64,
    /// Memory of a device with its connection, in bytes, beside its points.
    pub device: f64,
    /// What a reading takes on the disk.
    pub bytes: Bytes,
}

impl Costs {
    /// Processor time and bytes of the largest plant of usual devices; memory by what it grew by between plants that
    /// differ in one thing. `None` without the runs that this takes.
    pub fn of(runs: &[Run]) -> Option<Self> {
        let paced = || {
            let plain = |run: &&Run| run.size.every_ms.is_some() && run.size.columns == 0;
            runs.iter().filter(plain)
        };
        let usual = paced().filter(|run| run.size.points_each == USUAL_POINTS);
        let usual = usual.max_by_key(|run| run.size.devices)?;
        let same_devices = paced().filter(|run| run.size.devices == usual.size.devices);
        let wide = same_devices.max_by_key(|run| run.size.points_each)?;
        let points = wide.size.points() - usual.size.points();
        let same_points = paced().filter(|run| run.size.points().eq(&usual.size.points()));
        let few = same_points.min_by_key(|run| run.size.devices)?;
        let devices = f64::from(usual.size.devices) - f64::from(few.size.devices);
        if points <= 0.0 || devices <= 0.0 {
            return None;
        }
        let point = ((wide.resident - usual.resident) / points).max(0.0);
        let device = ((usual.resident - few.resident) / devices).max(0.0);
        let grown = point * usual.size.points() + device * f64::from(usual.size.devices);
        Some(Self {
            engine_cpu: usual.engine_cpu,
            database_cpu: usual.database_cpu,
            base: (usual.resident - grown).max(0.0),
            point,
            device,
            bytes: usual.bytes,
        })
    }
}
