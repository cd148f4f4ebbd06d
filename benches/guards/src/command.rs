//! What is asked for, and how it is answered.

use std::env;
use std::process::ExitCode;

use crate::callgrind::{self, COUNT, CallgrindError};
use crate::limits::{Limits, LimitsError};
use crate::stages::{self, STAGES};
use crate::verdict::Verdict;

/// Tells that nothing may be skipped, as for all tests.
const SKIP_NOTHING: &str = "GRIDOS_TESTS_SKIP_NOTHING";

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    #[error("there is no stage '{name}'; there are {known}")]
    Unknown { name: String, known: String },
    #[error(transparent)]
    Count(#[from] CallgrindError),
    #[error(transparent)]
    Limits(#[from] LimitsError),
    #[error("valgrind is not installed (apt-get install valgrind), and {SKIP_NOTHING} is set")]
    NotInstalled,
}

/// Does what `arguments` ask for.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode, CommandError> {
    match arguments {
        [mode, name] if mode == COUNT => count(name),
        _ if cfg!(not(target_arch = "x86_64")) => {
            println!("skipped: the limits are of x86-64, and this machine is another");
            Ok(ExitCode::SUCCESS)
        }
        _ if !callgrind::is_installed() => match env::var_os(SKIP_NOTHING) {
            Some(_) => Err(CommandError::NotInstalled),
            None => {
                println!("skipped: valgrind is not installed (apt-get install valgrind)");
                Ok(ExitCode::SUCCESS)
            }
        },
        [mode] if mode == "--write" => write(),
        names => compare(names),
    }
}

/// Does, under valgrind, what is counted.
fn count(name: &str) -> Result<ExitCode, CommandError> {
    let found = STAGES.iter().find(|stage| stage.name == name);
    let stage = found.ok_or_else(|| unknown(name))?;
    callgrind::count(&mut (stage.prepare)());
    Ok(ExitCode::SUCCESS)
}

fn unknown(name: &str) -> CommandError {
    CommandError::Unknown {
        name: name.to_owned(),
        known: stages::names().join(", "),
    }
}

fn write() -> Result<ExitCode, CommandError> {
    let mut limits = Limits::default();
    for stage in &STAGES {
        limits.set(stage, callgrind::instructions(stage.name)?);
    }
    limits.write()?;
    print!("{limits}");
    Ok(ExitCode::SUCCESS)
}

fn compare(names: &[String]) -> Result<ExitCode, CommandError> {
    let is_known = |name: &&String| stages::names().contains(&name.as_str());
    if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
        return Err(self::unknown(unknown));
    }
    let limits = Limits::read()?;
    let mut is_good = true;
    for stage in &STAGES {
        if names.is_empty() || names.iter().any(|name| name == stage.name) {
            let counted = callgrind::instructions(stage.name)?;
            let verdict = Verdict::of(counted, limits.of(stage.name));
            println!(
                "{:22} {counted:9.2} a {:9} {verdict}",
                stage.name, stage.unit
            );
            is_good &= verdict.is_good();
        }
    }
    for name in limits
        .names()
        .filter(|name| !stages::names().contains(name))
    {
        println!("{name:22} is in limits.toml, and there is no such stage: take it out");
        is_good = false;
    }
    if !is_good {
        println!(
            "If this is meant: cargo run --release -p gridos-guards -- --write, and say why in the commit."
        );
    }
    Ok(match is_good {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
