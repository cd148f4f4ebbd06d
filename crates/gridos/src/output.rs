//! What commands show on the standard output.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Nobody reads the output any more, as behind `| head`: no failure, but nothing more to do.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads the output any more")]
pub(crate) struct Closed;

/// The command has said all there is to say, and ends with this code.
#[derive(Debug, thiserror::Error)]
#[error("ended with {0}")]
pub(crate) struct Ended(pub(crate) u8);

/// The output cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to the output")]
struct NotShown(#[source] io::Error);

/// A file that was asked for cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be written{}", path.display(), advice(source))]
pub(crate) struct NotWritten {
    path: PathBuf,
    source: io::Error,
}

impl NotWritten {
    /// The file at `path`, and why.
    pub(crate) fn new(path: &Path, source: io::Error) -> Self {
        Self {
            path: path.to_owned(),
            source,
        }
    }
}

/// Makes the file at `path`, which must not be there: it may have been changed by hand.
///
/// # Errors
/// If it is there, or what else the system says of it.
pub(crate) fn new_file(path: &Path, text: &str) -> Result<(), NotWritten> {
    let made = File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
    made.map_err(|source| NotWritten::new(path, source))
}

fn advice(error: &io::Error) -> &'static str {
    if error.kind() == io::ErrorKind::AlreadyExists {
        "; choose another name, or remove it first"
    } else {
        ""
    }
}

/// Shows `text` as it is.
///
/// # Errors
/// [`Closed`] if nobody reads the output any more, or what else the system says of it.
pub(crate) fn show(text: impl Display) -> Result<(), Box<dyn std::error::Error>> {
    // Without the colours in it, where the output takes none.
    write(&mut anstream::stdout().lock(), text)
}

/// Shows `text` as a line of its own.
///
/// # Errors
/// As [`show`].
pub(crate) fn line(text: impl Display) -> Result<(), Box<dyn std::error::Error>> {
    show(format_args!("{text}\n"))
}

/// Shows JSON as a line of its own.
///
/// # Errors
/// As [`show`].
pub(crate) fn json(value: &serde_json::Value) -> Result<(), Box<dyn std::error::Error>> {
    line(value)
}

/// Shows octets as they are.
///
/// # Errors
/// As [`show`].
pub(crate) fn raw(bytes: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
    stream(|out| Ok(out.write_all(bytes)?))
}

/// Draws on a terminal: moves of the cursor are shown whatever is said about colours.
///
/// # Errors
/// As [`show`].
pub(crate) fn drawn(text: &str) -> Result<(), Box<dyn std::error::Error>> {
    write(&mut io::stdout().lock(), text)
}

/// Shows what `work` writes, many lines at a time.
///
/// # Errors
/// As [`show`], or what `work` says.
pub(crate) fn stream(
    work: impl FnOnce(&mut dyn io::Write) -> Result<(), Box<dyn std::error::Error>>,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let done = work(&mut out).and_then(|()| Ok(out.flush()?));
    done.map_err(|error| match error.downcast_ref::<io::Error>() {
        Some(broken) if broken.kind() == io::ErrorKind::BrokenPipe => Closed.into(),
        _ => error,
    })
}

fn write(out: &mut impl io::Write, text: impl Display) -> Result<(), Box<dyn std::error::Error>> {
    match write!(out, "{text}").and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Closed.into()),
        Err(error) => Err(NotShown(error).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_there_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made.toml");
        new_file(&path, "first").unwrap();
        let refused = new_file(&path, "second").unwrap_err().to_string();
        assert!(refused.ends_with("choose another name, or remove it first"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "first");
    }

    #[test]
    fn an_output_that_nobody_reads_is_no_failure() {
        let (reader, mut writer) = io::pipe().unwrap();
        write(&mut writer, 1).unwrap();
        drop(reader);
        assert!(write(&mut writer, 2).unwrap_err().is::<Closed>());
    }
}
