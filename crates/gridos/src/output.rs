//! What commands show on the standard output.

use std::fmt::Display;
use std::io;

/// Nobody reads the output any more, as behind `| head`: no failure, but nothing more to do.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads the output any more")]
pub(crate) struct Closed;

/// The output cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to the output")]
struct NotShown(#[source] io::Error);

/// Shows `text` as it is.
///
/// # Errors
/// [`Closed`] if nobody reads the output any more, or what else the system says of it.
pub(crate) fn show(text: impl Display) -> Result<(), Box<dyn std::error::Error>> {
    write(&mut io::stdout().lock(), text)
}

/// Shows `text` as a line of its own.
///
/// # Errors
/// As [`show`].
pub(crate) fn line(text: impl Display) -> Result<(), Box<dyn std::error::Error>> {
    show(format_args!("{text}\n"))
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
    fn an_output_that_nobody_reads_is_no_failure() {
        let (reader, mut writer) = io::pipe().unwrap();
        write(&mut writer, 1).unwrap();
        drop(reader);
        assert!(write(&mut writer, 2).unwrap_err().is::<Closed>());
    }
}
