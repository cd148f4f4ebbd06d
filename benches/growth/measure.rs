//! Runs `gridos bench` for each size.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gridos_benches::growth::{Failed, Measured, Run, Size, machine};
use serde_json::Value;

use super::options::Options;

const DEVICES: [u32; 4] = [10, 100, 1_000, 10_000];
const WIDTHS: [u32; 2] = [100, 1_000];
const COLUMNS: [u32; 4] = [1, 2, 4, 8];
/// A device is read no more often than this.
const EVERY_MS_LEAST: f64 = 1.0;
/// To start, to connect so many devices a second, and for the database to learn so many points a second, where
/// nothing waits for that.
const WARM_UP: f64 = 5.0;
const CONNECTED_PER_SECOND: f64 = 1_000.0;
const LEARNT_PER_SECOND: f64 = 60_000.0;
/// Of more points the database learns so long that the journal is full before.
const POINTS_AS_FAST_MOST: f64 = 1e6;

/// Sizes, and how long each is measured.
struct Grid {
    sizes: Vec<Size>,
    seconds: f64,
}

/// Measures all sizes one after another; what each run told stays in `folder`, and what is there already is not measured
/// again.
pub(crate) fn all(folder: &Path, options: &mut Options) -> Result<Measured, Box<dyn Error>> {
    let grid = Grid::of(options)?;
    options.none_is_left()?;
    fs::create_dir_all(folder)?;
    let binary = binary()?;
    let mut measured = Measured {
        on: String::new(),
        day: today()?,
        runs: Vec::new(),
        failed: Vec::new(),
    };
    for (n, size) in grid.sizes.iter().enumerate() {
        eprintln!("{} of {}: {size:?}", n + 1, grid.sizes.len());
        match one(&binary, folder, *size, grid.seconds)? {
            Ok((on, run)) => {
                measured.on = on;
                measured.runs.push(run);
            }
            Err(why) => {
                eprintln!("  {why}");
                measured.failed.push(Failed { size: *size, why });
            }
        }
    }
    Ok(measured)
}

impl Grid {
    /// The same readings a second of ever more devices and points; then beside clients of the history; then all that
    /// the devices give.
    fn of(options: &mut Options) -> Result<Self, Box<dyn Error>> {
        let rate = options.number("rate", 500e3)?;
        let seconds = options.number("seconds", 10.0)?;
        let (devices, points) = (
            options.number("devices", 10e3)?,
            options.number("points", 1e3)?,
        );
        let charts = options.number("charts", 1e3)?;
        let most = options.number("most", 10e6)?;
        let is_full = options.yes("full")?;
        let plants = || {
            let all = WIDTHS
                .into_iter()
                .flat_map(|width| DEVICES.map(|devices| (devices, width)));
            all.filter(|(count, width)| {
                let (count, width) = (f64::from(*count), f64::from(*width));
                count <= devices && width <= points && count * width <= most
            })
        };
        let paced = |(devices, points_each): (u32, u32), columns| {
            let mut size = Size {
                devices,
                points_each,
                every_ms: None,
                columns,
            };
            size.every_ms = Some(whole((size.points() / rate * 1e3).max(EVERY_MS_LEAST)));
            size
        };
        let mut sizes: Vec<Size> = plants().map(|plant| paced(plant, 0)).collect();
        let beside = plants()
            .filter(|(devices, width)| f64::from(*devices) == charts && *width == WIDTHS[0]);
        sizes.extend(beside.flat_map(|plant| COLUMNS.map(|columns| paced(plant, columns))));
        if is_full {
            let full = plants().map(|(devices, points_each)| Size {
                devices,
                points_each,
                every_ms: None,
                columns: 0,
            });
            sizes.extend(full.filter(|size| size.points() <= POINTS_AS_FAST_MOST));
        }
        Ok(Self { sizes, seconds })
    }
}

/// One size: what it told, now or in an earlier run, or why it did not.
fn one(
    binary: &Path,
    folder: &Path,
    size: Size,
    seconds: f64,
) -> Result<Result<(String, Run), String>, Box<dyn Error>> {
    let every = size.every_ms.map(|every| format!("{every}ms"));
    // Each device was read once, and the tables know all points.
    let connected = WARM_UP + f64::from(size.devices) / CONNECTED_PER_SECOND;
    let warm_up = match size.every_ms {
        Some(every) => connected + every as f64 / 1e3,
        None => connected + size.points() / LEARNT_PER_SECOND,
    };
    let mut command = Command::new(binary);
    let scenario = if every.is_some() {
        "modbus-wide"
    } else {
        "modbus-dense"
    };
    command.args(["bench", scenario, "--json"]);
    command.args([
        "--devices",
        &size.devices.to_string(),
        "--points",
        &size.points_each.to_string(),
    ]);
    command.args([
        "--for",
        &format!("{}ms", whole(seconds * 1e3)),
        "--warm-up",
        &format!("{}ms", whole(warm_up * 1e3)),
    ]);
    if let Some(every) = &every {
        command.args(["--every", every]);
    }
    if size.columns > 0 {
        command.args(["--history", &size.columns.to_string()]);
    }
    let pace = every.as_deref().unwrap_or("full");
    let path = folder.join(format!(
        "{}x{}-{pace}-{}.json",
        size.devices, size.points_each, size.columns
    ));
    if !path.exists() {
        let output = command.output()?;
        if !output.status.success() {
            return Ok(Err(String::from_utf8_lossy(&output.stderr)
                .trim()
                .to_owned()));
        }
        fs::write(&path, &output.stdout)?;
    }
    let told: Value = serde_json::from_slice(&fs::read(&path)?)?;
    let run = Run::of(size, &told).ok_or("a figure is missing in what it told");
    Ok(run.map(|run| (machine(&told), run)).map_err(str::to_owned))
}

/// The engine to measure; built, unless there is one.
fn binary() -> Result<PathBuf, Box<dyn Error>> {
    if let Some(built) = std::env::var_os("GRIDOS") {
        return Ok(PathBuf::from(built));
    }
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--locked", "--quiet", "-p", "gridos"])
        .current_dir(super::root())
        .status()?;
    if !built.success() {
        return Err("gridos could not be built".into());
    }
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| super::root().join("target"), PathBuf::from);
    Ok(target.join("release/gridos"))
}

fn today() -> Result<String, Box<dyn Error>> {
    let output = Command::new("date").args(["-u", "+%F"]).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "milliseconds, above 0"
)]
fn whole(millis: f64) -> u64 {
    millis.round() as u64
}
