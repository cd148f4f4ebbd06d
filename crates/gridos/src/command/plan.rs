//! `gridos plan`.

use super::Outcome;
use crate::cli::Plan;
use crate::config::Config;
use crate::output;
use crate::plan::{PlanReport, PlanReportError};

pub(crate) fn run(args: &Plan) -> Outcome {
    let config = Config::load(&args.config, std::env::vars_os())?;
    match PlanReport::of(&config, args.device.as_deref(), args.round_trip) {
        Ok(report) if args.json => output::json(&report.as_json()),
        Ok(report) => output::line(report),
        // Faults are shown as lists, like those of every other command.
        Err(PlanReportError::Config(faults)) => Err(faults.into()),
        Err(error @ PlanReportError::NoDevice(_)) => Err(error.into()),
    }
}
