//! `gridos doctor`: whether this machine is fit for the engine of a configuration.

use serde_json::{Value, json};

use super::Outcome;
use crate::cli::Doctor;
use crate::cli::exit_codes::FAILED;
use crate::color::{BAD, FAINT, GOOD, WARNING, paint};
use crate::config::Config;
use crate::doctor::{Finding, Grade, examine};
use crate::output::{self, Ended};
use crate::progress::Progress;

pub(crate) fn run(args: &Doctor) -> Outcome {
    let config = Config::load(&args.config, std::env::vars_os())?;
    let progress = Progress::of_unknown("looking at this machine, ");
    let found = super::block_on(examine(&config, args))?;
    drop(progress);
    let count = |grade: Grade| found.iter().filter(|one| one.grade == grade).count();
    let (problems, warnings) = (count(Grade::Problem), count(Grade::Warning));
    if args.json {
        output::json(&json!({
            "checks": found.iter().map(Finding::as_json).collect::<Vec<Value>>(),
            "warnings": warnings,
            "problems": problems,
        }))?;
    } else {
        found.iter().try_for_each(show)?;
        output::line(format_args!("{problems} problems, {warnings} warnings"))?;
    }
    match problems {
        0 => Ok(()),
        _ => Err(Ended(FAILED).into()),
    }
}

fn show(finding: &Finding) -> Outcome {
    let style = match finding.grade {
        Grade::Ok => GOOD,
        Grade::Warning => WARNING,
        Grade::Problem => BAD,
    };
    let grade = format!("{:<8}", finding.grade.name());
    output::line(format_args!(
        "{} {:<13} {}",
        paint(style, grade),
        finding.check,
        finding.what
    ))?;
    match finding.advice.is_empty() {
        true => Ok(()),
        false => output::line(format_args!("{:23}{}", "", paint(FAINT, &finding.advice))),
    }
}
