//! `gridos check`.

use super::Outcome;
use crate::check::Report;
use crate::cli::Check;
use crate::config::Config;
use crate::output;

pub(crate) fn run(args: &Check) -> Outcome {
    let config = Config::load(&args.config, std::env::vars_os())?;
    let report = Report::of(&config)?;
    match args.json {
        true => output::json(&report.as_json()),
        false => output::line(report),
    }
}
