//! `gridos replay`.

use std::error::Error;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::Outcome;
use super::journal::Place;
use crate::cli::Replay;
use crate::cli::exit_codes::DIFFERENT;
use crate::config::{Config, Fleet};
use crate::output::{self, Ended};
use crate::tee::{
    Comparison, Judge, Places, Reader, Report, SourceKind, Span, Told, replay_captures,
    replay_journal,
};

/// Why nothing was compared.
#[derive(Debug, thiserror::Error)]
enum NotCompared {
    #[error("{} cannot be read", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} cannot be run", program.display())]
    NotRun { program: PathBuf, source: io::Error },
    #[error("{} gives nothing to read", .0.display())]
    Silent(PathBuf),
    #[error("{} ended with {code}: what it says stands above", program.display())]
    Failed { program: PathBuf, code: String },
}

pub(crate) fn run(args: &Replay) -> Outcome {
    let config = Config::load(&args.config, std::env::vars_os())?;
    let fleet = Fleet::of(&config)?;
    let source = match args.journal {
        Some(_) => SourceKind::Journal,
        None => SourceKind::Capture,
    };
    let (comparison, stable) = comparison(args, source)?;
    let mut told = Told::begin(args.record.as_deref(), comparison, source)?;
    let seen = match &args.journal {
        Some(journal) => {
            let span = Span {
                from: args.from,
                until: args.until,
            };
            replay_journal(&Place::find(journal)?, span, &fleet, &mut told)?;
            None
        }
        None => {
            let places: Places = args.at.iter().cloned().collect();
            Some(replay_captures(&args.capture, &places, &fleet, &mut told)?)
        }
    };
    let (counts, found) = match told.end() {
        Ok(ended) => ended,
        Err(error) => {
            // What the other version says of itself is nearer to the cause.
            stable.map_or(Ok(()), Stable::end)?;
            return Err(error.into());
        }
    };
    stable.map_or(Ok(()), Stable::end)?;
    let is_parity = found.as_ref().is_none_or(|found| found.is_parity());
    let report = Report {
        source,
        counts,
        found,
        seen,
        notes: notes(&fleet, source),
    };
    show(args, &report)?;
    match is_parity {
        true => Ok(()),
        false => Err(Ended(DIFFERENT).into()),
    }
}

fn show(args: &Replay, report: &Report) -> Outcome {
    match (args.json, args.record.as_deref()) {
        // The output is the record.
        (_, Some(path)) if path == Path::new("-") => Ok(()),
        (true, _) => output::json(&report.json()),
        (false, _) => output::show(report),
    }
}

fn notes(fleet: &Fleet, source: SourceKind) -> Vec<String> {
    let mut notes = Vec::new();
    let links = Judge::new(fleet).left_out();
    if links > 0 {
        notes.push(format!(
            "{links} alarms of links are not replayed: nothing recorded tells when a link was lost"
        ));
    }
    if source == SourceKind::Journal {
        notes.push(
            "a journal holds decoded readings: how registers and objects are decoded only a capture shows"
                .to_owned(),
        );
    }
    notes
}

/// What to compare with, if anything, and the other version if it runs beside.
fn comparison(
    args: &Replay,
    source: SourceKind,
) -> Result<(Option<Comparison>, Option<Stable>), Box<dyn Error>> {
    if let Some(path) = &args.against {
        let file = File::open(path).map_err(|source| NotCompared::Unreadable {
            path: path.clone(),
            source,
        })?;
        let input = Box::new(BufReader::new(file));
        let reader = Reader::open(path.display().to_string(), input, source)?;
        return Ok((Some(Comparison::with(reader, args.differences)), None));
    }
    let Some(program) = &args.stable else {
        return Ok((None, None));
    };
    let mut stable = Stable::run(program, args)?;
    let output = stable.child.stdout.take();
    let output = output.ok_or_else(|| NotCompared::Silent(program.clone()))?;
    let input = Box::new(BufReader::new(output));
    match Reader::open(program.display().to_string(), input, source) {
        Ok(reader) => {
            let comparison = Comparison::with(reader, args.differences);
            Ok((Some(comparison), Some(stable)))
        }
        Err(error) => {
            stable.end()?;
            Err(error.into())
        }
    }
}

/// The other version, as it replays the same.
struct Stable {
    program: PathBuf,
    child: Child,
}

impl Stable {
    fn run(program: &Path, args: &Replay) -> Result<Self, NotCompared> {
        let spawned = Command::new(program)
            .args(arguments(args))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn();
        let child = spawned.map_err(|source| NotCompared::NotRun {
            program: program.to_owned(),
            source,
        })?;
        Ok(Self {
            program: program.to_owned(),
            child,
        })
    }

    fn end(mut self) -> Result<(), NotCompared> {
        let ended = self.child.wait();
        let ended = ended.map_err(|source| NotCompared::NotRun {
            program: self.program.clone(),
            source,
        })?;
        match ended.success() {
            true => Ok(()),
            false => Err(NotCompared::Failed {
                program: self.program,
                code: ended.to_string(),
            }),
        }
    }
}

fn arguments(args: &Replay) -> Vec<OsString> {
    let config = args.stable_config.as_ref().unwrap_or(&args.config);
    let mut words: Vec<OsString> = vec!["replay".into(), config.into()];
    let mut say = |name: &str, value: OsString| words.extend([name.into(), value]);
    if let Some(journal) = &args.journal {
        say("--journal", journal.into());
    }
    for capture in &args.capture {
        say("--capture", capture.into());
    }
    for (device, at) in &args.at {
        say("--at", format!("{device}={at}").into());
    }
    for (name, time) in [("--from", args.from), ("--until", args.until)] {
        if let Some(time) = time {
            say(name, time.to_string().into());
        }
    }
    say("--record", "-".into());
    words
}
