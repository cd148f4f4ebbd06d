//! What a reading costs as the plant grows: `gridos bench` over a grid of sizes, and the chart and the tables of
//! `docs/explanation/capacity.md` that are made of it.

mod measure;
mod options;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use gridos_benches::growth::{Costs, Measured, carried, splice, svg};

use self::options::Options;

const USAGE: &str = "\
usage: growth measure FOLDER [KEY=VALUE…]   measures, and draws; FOLDER keeps what each run told, which is not measured again
       growth draw                          makes the chart and the tables of what was measured last
       growth calculate [KEY=VALUE…]        what 1, 10 and 100 machines carry by those costs

measure    rate=500000 readings a second   seconds=10 each   devices=10000 at most   points=1000 of each at most
           most=10000000 points in all
           charts=1000 devices beside clients of the history, 0: none   full=yes: also as fast as devices answer
calculate  cores=2 memory_gib=24 files=20000 disk_mb=500 used=0.5 points=100 every=1

GRIDOS=path/to/gridos measures with a binary that is built already.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["measure", folder, rest @ ..] => measured(Path::new(folder), rest),
        ["draw"] => draw(),
        ["calculate", rest @ ..] => calculate(rest),
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn measured(folder: &Path, rest: &[&str]) -> Result<(), Box<dyn Error>> {
    let measured = measure::all(folder, &mut Options::of(rest)?)?;
    let text = serde_json::to_string_pretty(&measured)?;
    fs::write(root().join(MEASURED), text + "\n")?;
    draw()
}

fn draw() -> Result<(), Box<dyn Error>> {
    let (measured, page) = (last()?, root().join("docs/explanation/capacity.md"));
    let text = fs::read_to_string(&page)?;
    let text = splice(&text, &measured).ok_or(
        "too few runs, or a mark is missing in docs/explanation/capacity.md; costs need plants that differ in devices \
         and in points of a device, large enough that their memory grows with both",
    )?;
    fs::write(page, text)?;
    fs::write(root().join("docs/explanation/growth.svg"), svg(&measured))?;
    Ok(())
}

fn calculate(rest: &[&str]) -> Result<(), Box<dyn Error>> {
    let mut options = Options::of(rest)?;
    let (machine, plant) = (options.machine()?, options.plant()?);
    options.none_is_left()?;
    let costs = Costs::of(&last()?.runs).ok_or("too few runs were measured")?;
    print!("{}", carried(&machine, &costs, &plant));
    Ok(())
}

/// What of each run the page is made of.
const MEASURED: &str = "benches/growth/measured.json";

fn last() -> Result<Measured, Box<dyn Error>> {
    let text = fs::read_to_string(root().join(MEASURED))?;
    Ok(serde_json::from_str(&text)?)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
