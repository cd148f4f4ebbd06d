//! Instructions, counted by valgrind's tool callgrind in a process of its own for each stage.

use std::env;
use std::io;
use std::process::{Command, Output, Stdio};

use crate::stages::Rounds;

/// The argument by which this program is told to do what is counted.
pub(crate) const COUNT: &str = "--count";
/// Rounds before those that are counted: what grows has grown then, and what is looked up once is known.
const WARM: u64 = 2;
/// Rounds that are counted.
const COUNTED: u64 = 4;
/// The only function within which instructions are counted.
const TOGGLE: &str = "--toggle-collect=*gridos_guards*callgrind*counted*";

/// Why nothing was counted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallgrindError {
    #[error("valgrind cannot be started: {0}")]
    NotStarted(#[from] io::Error),
    #[error("'{name}' failed under valgrind:\n{said}")]
    Failed { name: String, said: String },
    #[error("'{name}' ended well under valgrind, but no count is in what it said:\n{said}")]
    NoCount { name: String, said: String },
}

/// Whether there is a valgrind to ask.
pub(crate) fn is_installed() -> bool {
    let mut version = Command::new("valgrind");
    version.arg("--version").stdout(Stdio::null());
    version.status().is_ok_and(|status| status.success())
}

/// Does the rounds, under valgrind, and says of how many readings those were that are counted.
pub(crate) fn count(rounds: &mut Rounds) {
    for _ in 0..WARM {
        (rounds.round)();
    }
    counted(&mut *rounds.round);
    println!("{}", rounds.of * COUNTED);
}

/// Found by its name, so it must stay a function.
#[inline(never)]
fn counted(round: &mut dyn FnMut()) {
    for _ in 0..COUNTED {
        round();
    }
}

/// The instructions of the stage `name` for each of what it counts.
pub(crate) fn instructions(name: &str) -> Result<f64, CallgrindError> {
    let mut valgrind = Command::new("valgrind");
    valgrind
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args(["--collect-atstart=no", TOGGLE]);
    // The environment lies on the stack, and moves what is behind it.
    let path = env::var_os("PATH").unwrap_or_default();
    let valgrind = valgrind.arg(env::current_exe()?).args([COUNT, name]);
    let output = valgrind.env_clear().env("PATH", path).output()?;
    let said = said(&output);
    let name = name.to_owned();
    if !output.status.success() {
        return Err(CallgrindError::Failed { name, said });
    }
    let of = String::from_utf8_lossy(&output.stdout).trim().parse().ok();
    let counted = collected(&said).zip(of);
    let Some((instructions, of)) = counted.filter(|(instructions, _)| *instructions > 0.0) else {
        return Err(CallgrindError::NoCount { name, said });
    };
    let of: f64 = of;
    Ok(instructions / of)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The number in the line `==pid== Collected : 123`.
fn collected(said: &str) -> Option<f64> {
    let mut words = said
        .lines()
        .find_map(|line| line.split_once("Collected :"))?
        .1
        .split_whitespace();
    words.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_found_in_what_callgrind_says() {
        let said = "==7== Callgrind, a call-graph\n==7== \n==7== Events    : Ir\n==7== Collected : 12345\n";
        assert_eq!(collected(said), Some(12345.0));
        assert_eq!(collected("==7== Collected :\n"), None);
        assert_eq!(collected("valgrind: no such tool"), None);
    }
}
