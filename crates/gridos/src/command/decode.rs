//! `gridos decode dnp3`: shows what captured octets mean.

use std::fs;
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use gridos_dnp3::explain::{Limits, Line, Sender, StreamExplainer, Tone, fragment};

use super::Outcome;
use crate::capture::{FileError, is_capture};
use crate::cli::DecodeDnp3;

mod captured;
mod hex;
mod show;

use show::Shown;

pub(crate) fn run(args: &DecodeDnp3) -> Outcome {
    let shown = Shown::new(io::BufWriter::new(io::stdout().lock()), args.json);
    match decode(args, shown) {
        // Whoever reads the output has seen enough.
        Err(error) if is_broken_pipe(&*error) => Ok(()),
        outcome => outcome,
    }
}

fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn decode(args: &DecodeDnp3, mut shown: Shown<impl Write>) -> Outcome {
    let limits = limits(args);
    match given(args)? {
        Given::Capture(name, file) => {
            let decoded = captured::decode(&file, args.port, limits, &mut shown);
            decoded.map_err(|error| error.within(&name))?;
        }
        Given::Octets(octets) => {
            for line in explained(&octets, args.fragment, limits)? {
                shown.line(0, &line)?;
            }
        }
    }
    shown.flush()?;
    match shown.faults() {
        0 => Ok(()),
        count => Err(NotDecoded { count }.into()),
    }
}

fn limits(args: &DecodeDnp3) -> Limits {
    if args.all {
        return Limits::NONE;
    }
    Limits {
        points: args.points,
        ..Limits::default()
    }
}

/// What is to be decoded.
enum Given {
    /// A capture, and its name.
    Capture(String, Vec<u8>),
    Octets(Vec<u8>),
}

fn given(args: &DecodeDnp3) -> Result<Given, NotGiven> {
    let (name, bytes) = match args.what.as_slice() {
        [] => from_input()?,
        [one] if one == "-" => from_input()?,
        [one] if Path::new(one).is_file() => (one.clone(), from_file(Path::new(one))?),
        [one] if hex::parse(one).is_err() && hex::is_path(one) => {
            (one.clone(), from_file(Path::new(one))?)
        }
        words => {
            let octets = hex::parse(&words.join(" "))?;
            return Ok(Given::Octets(octets));
        }
    };
    if is_capture(&bytes) {
        return Ok(Given::Capture(name, bytes));
    }
    // A text is hex; anything else is the octets themselves.
    let octets = match std::str::from_utf8(&bytes) {
        Ok(text)
            if text
                .chars()
                .all(|letter| !letter.is_control() || letter.is_whitespace()) =>
        {
            hex::parse(text)?
        }
        _ => bytes,
    };
    if octets.is_empty() {
        return Err(NotGiven::Nothing(name));
    }
    Ok(Given::Octets(octets))
}

fn from_input() -> Result<(String, Vec<u8>), NotGiven> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().read_to_end(&mut bytes);
    read.map_err(|source| NotGiven::Read {
        path: "the input".into(),
        source,
    })?;
    Ok(("the input".to_owned(), bytes))
}

fn from_file(path: &Path) -> Result<Vec<u8>, NotGiven> {
    fs::read(path).map_err(|source| NotGiven::Read {
        path: path.to_owned(),
        source,
    })
}

/// The lines of octets that are a stream, or one fragment.
fn explained(octets: &[u8], is_fragment: bool, limits: Limits) -> Result<Vec<Line>, NoFrame> {
    if is_fragment {
        return Ok(fragment(octets, Sender::Unknown, limits));
    }
    let mut lines = Vec::new();
    let mut explainer = StreamExplainer::new(Instant::now(), limits);
    explainer.push(octets, &mut lines);
    explainer.finish(&mut lines);
    if explainer.frames() > 0 || octets.starts_with(&[0x05]) {
        return Ok(lines);
    }
    let by_itself = fragment(octets, Sender::Unknown, limits);
    if by_itself.iter().all(|line| line.tone < Tone::Fault) {
        return Ok(by_itself);
    }
    Err(NoFrame {
        count: octets.len(),
    })
}

/// What was given cannot be read.
#[derive(Debug, thiserror::Error)]
enum NotGiven {
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Hex(#[from] hex::ParseHexError),
    #[error("there is nothing in {0}; give octets in hex, or a capture file")]
    Nothing(String),
}

/// A capture that cannot be decoded.
#[derive(Debug, thiserror::Error)]
enum NotCaptured {
    #[error("{name} is no capture that can be read here: {error}")]
    File { name: String, error: FileError },
    #[error("nothing of port {port} is in {name}{instead}; choose another with --port")]
    Port {
        name: String,
        port: u16,
        instead: String,
    },
    #[error("no packet of {name} can be read: {why}")]
    Link { name: String, why: String },
}

#[derive(Debug, thiserror::Error)]
#[error(
    "there is no DNP3 frame in these {count} octets (it would begin with 05 64), and they are no \
     fragment by themselves; --fragment shows what is wrong with them as one"
)]
struct NoFrame {
    count: usize,
}

#[derive(Debug, thiserror::Error)]
#[error("not all could be decoded; lines with ! say what could not: {count}")]
struct NotDecoded {
    count: u64,
}
