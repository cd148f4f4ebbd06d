//! `gridos alarms`: those of a running engine, and what stored history would have told.

mod act;
mod list;
mod replay;

use super::Outcome;
use crate::cli::AlarmsCommand;

pub(crate) fn run(command: &AlarmsCommand) -> Outcome {
    match command {
        AlarmsCommand::List(args) => list::run(args),
        AlarmsCommand::Ack(args) => act::ack(args),
        AlarmsCommand::Shelve(args) => act::shelve(args),
        AlarmsCommand::Unshelve(args) => act::unshelve(args),
        AlarmsCommand::Replay(args) => replay::run(args),
    }
}
