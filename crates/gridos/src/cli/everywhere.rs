//! What holds for every command: how it begins, how it ends, and how it tells that it could not.

use std::error::Error;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};
use serde_json::{Value, json};

use super::Cli;
use super::exit_codes::{FAILED, MISTAKEN};
use crate::color;
use crate::config::Faults;
use crate::output::{Closed, Ended};

/// Does what the process was started for.
pub fn main() -> ExitCode {
    let given: Vec<OsString> = std::env::args_os().collect();
    let tells_json = json_is_wanted(&given);
    color::choose(&given);
    match Cli::try_parse_from(given) {
        Ok(cli) => end(cli.run(), tells_json),
        Err(error) => refuse(&error, tells_json),
    }
}

/// Every command with its options: what help, completions, man pages and the reference are made of.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Also where the rest of the arguments is wrong: whoever reads JSON is told in JSON.
fn json_is_wanted(given: &[OsString]) -> bool {
    let words = given.iter().skip(1).take_while(|word| *word != "--");
    words.into_iter().any(|word| word == "--json")
}

/// Says on the error output why a command could not do its work.
fn end(outcome: Result<(), Box<dyn Error>>, tells_json: bool) -> ExitCode {
    let Err(error) = outcome else {
        return ExitCode::SUCCESS;
    };
    if error.is::<Closed>() {
        return ExitCode::SUCCESS;
    }
    if let Some(Ended(code)) = error.downcast_ref() {
        return ExitCode::from(*code);
    }
    let code = match error.is::<Faults>() {
        true => MISTAKEN,
        false => FAILED,
    };
    match tells_json {
        true => eprintln!("{}", as_json(&*error, code)),
        false => eprintln!("{}", explain(&*error)),
    }
    ExitCode::from(code)
}

/// What clap says: help and the version, or what is wrong with the arguments.
fn refuse(error: &clap::Error, tells_json: bool) -> ExitCode {
    let is_mistake = error.use_stderr();
    let is_help = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if tells_json && is_mistake && !is_help {
        let text = error.render().to_string();
        let text = text.trim().trim_start_matches("error: ");
        let (message, _) = text.split_once("\n\n").unwrap_or((text, ""));
        eprintln!("{}", problem(message, &[], &[], MISTAKEN));
    } else {
        // Nobody may be reading.
        let _ = error.print();
    }
    match is_mistake {
        true => ExitCode::from(MISTAKEN),
        false => ExitCode::SUCCESS,
    }
}

/// An error and its causes, on one line unless they are lists of faults.
fn explain(error: &(dyn Error + 'static)) -> String {
    let mut text = match error.is::<Faults>() {
        true => error.to_string(),
        false => format!("gridos: {error}"),
    };
    for cause in causes(error) {
        text = format!("{text}: {cause}");
    }
    text
}

fn as_json(error: &(dyn Error + 'static), code: u8) -> Value {
    let faults: Vec<Value> = match error.downcast_ref::<Faults>() {
        None => Vec::new(),
        Some(faults) => faults
            .as_slice()
            .iter()
            .map(|fault| json!({ "place": fault.place.to_string(), "what": fault.what }))
            .collect(),
    };
    match faults.len() {
        0 => problem(&error.to_string(), &causes(error), &[], code),
        count => {
            let message = format!("{count} faults in the configuration");
            problem(&message, &[], &faults, code)
        }
    }
}

fn problem(message: &str, causes: &[String], faults: &[Value], code: u8) -> Value {
    json!({ "error": {
        "message": message,
        "causes": causes,
        "faults": faults,
        "exit_code": code,
    } })
}

fn causes(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut causes = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        causes.push(error.to_string());
        cause = error.source();
    }
    causes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the disk is full")]
    struct Full;

    #[derive(Debug, thiserror::Error)]
    #[error("the file cannot be written")]
    struct NotWritten(#[source] Full);

    #[test]
    fn an_error_is_told_with_its_causes() {
        assert_eq!(
            explain(&NotWritten(Full)),
            "gridos: the file cannot be written: the disk is full"
        );
        assert_eq!(
            as_json(&NotWritten(Full), 1),
            json!({ "error": {
                "message": "the file cannot be written",
                "causes": ["the disk is full"],
                "faults": [],
                "exit_code": 1,
            } })
        );
    }

    #[test]
    fn json_is_wanted_before_the_arguments_are_understood() {
        let wanted = |words: &[&str]| {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            json_is_wanted(&words)
        };
        assert!(wanted(&["gridos", "chek", "--json"]));
        assert!(!wanted(&["gridos", "check", "x.toml"]));
        assert!(!wanted(&["gridos", "decode", "dnp3", "--", "--json"]));
    }
}
