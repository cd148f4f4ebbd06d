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
    /// Processor time and bytes of the largest plant of usual devices; memory by the plane that fits all plants best.
    /// `None` without runs of plants that differ both in devices and in points of a device, or if their memory does
    /// not grow with both: then they were too small.
    pub fn of(runs: &[Run]) -> Option<Self> {
        let paced = || {
            let plain = |run: &&Run| run.size.every_ms.is_some() && run.size.columns == 0;
            runs.iter().filter(plain)
        };
        let usual = paced().filter(|run| run.size.points_each == USUAL_POINTS);
        let usual = usual.max_by_key(|run| run.size.devices)?;
        let memory =
            paced().map(|run| (f64::from(run.size.devices), run.size.points(), run.resident));
        let [base, device, point] = plane(memory)?;
        if base <= 0.0 || device <= 0.0 || point <= 0.0 {
            return None;
        }
        Some(Self {
            engine_cpu: usual.engine_cpu,
            database_cpu: usual.database_cpu,
            base,
            point,
            device,
            bytes: usual.bytes,
        })
    }
}

/// `a`, `b` and `c` of the plane `z = a + b x + c y` through points of `(x, y, z)` with the least squares of what `z`
/// is beside it, as a share of `z`: a plant of ten devices says as much as one of ten thousand.
fn plane(points: impl Iterator<Item = (f64, f64, f64)>) -> Option<[f64; 3]> {
    // The normal equations, of rows (1, x, y) / z and right sides 1.
    let (mut left, mut right) = ([[0.0; 3]; 3], [0.0; 3]);
    for (x, y, z) in points {
        let row = [1.0 / z, x / z, y / z];
        for (n, of_n) in row.iter().enumerate() {
            right[n] += of_n;
            for (m, of_m) in row.iter().enumerate() {
                left[n][m] += of_n * of_m;
            }
        }
    }
    let whole = determinant(&left);
    let size: f64 = (0..3).map(|n| left[n][n]).product();
    if whole.is_nan() || whole.abs() <= 1e-9 * size {
        return None;
    }
    // Cramer's rule.
    Some([0, 1, 2].map(|column| {
        let mut replaced = left;
        for (row, right) in replaced.iter_mut().zip(right) {
            row[column] = right;
        }
        determinant(&replaced) / whole
    }))
}

fn determinant(m: &[[f64; 3]; 3]) -> f64 {
    let [[a, b, c], [d, e, f], [g, h, i]] = *m;
    a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
}
