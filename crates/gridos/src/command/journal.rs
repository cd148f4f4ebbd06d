//! `gridos journal`: looking into a journal, and repairing one.

mod drain;
mod dump;
mod info;
mod names;
mod place;
mod record;
mod repair;
mod verify;

pub(crate) use names::Names;
pub(crate) use place::Place;

use super::Outcome;
use crate::cli::JournalCommand;

pub(crate) fn run(command: &JournalCommand) -> Outcome {
    match command {
        JournalCommand::Info(args) => info::run(args),
        JournalCommand::Verify(args) => verify::run(args),
        JournalCommand::Dump(args) => dump::run(args),
        JournalCommand::Repair(args) => repair::run(args),
        JournalCommand::Drain(args) => drain::run(args),
    }
}
