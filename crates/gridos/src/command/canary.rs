//! `gridos canary`.

use serde_json::json;

use gridos_canary::{Decision, Thresholds, judge};

use super::Outcome;
use crate::canary::evidence::{Grid, gather};
use crate::canary::{Prometheus, rehearse};
use crate::cli::exit_codes::{INCONCLUSIVE, NOT_AS_GOOD};
use crate::cli::{CanaryCommand, CanaryJudge};
use crate::color;
use crate::output::{self, Ended};

pub(crate) fn run(command: &CanaryCommand) -> Outcome {
    match command {
        CanaryCommand::Judge(args) => super::block_on(judged(args))?,
        CanaryCommand::Rehearse(args) => super::block_on(rehearse::run(args))?,
    }
}

#[derive(Debug, thiserror::Error)]
#[error("--interval must be above 0 and no longer than --window")]
struct NoInterval;

async fn judged(args: &CanaryJudge) -> Outcome {
    if args.interval.is_zero() || args.interval > args.window {
        return Err(NoInterval.into());
    }
    let prometheus = Prometheus::new(&args.prometheus)?;
    let grid = Grid::until_now(args.window, args.interval);
    let stable = gather(&prometheus, &args.stable, grid).await?;
    let candidate = gather(&prometheus, &args.candidate, grid).await?;
    let verdict = judge(&stable, &candidate, &Thresholds::default());
    if args.json {
        output::json(&json!(verdict))?;
    } else {
        let style = match verdict.decision {
            Decision::Pass => color::GOOD,
            Decision::Inconclusive => color::WARNING,
            Decision::Fail => color::BAD,
        };
        output::line(color::paint(style, &verdict))?;
    }
    match verdict.decision {
        Decision::Pass => Ok(()),
        Decision::Inconclusive => Err(Ended(INCONCLUSIVE).into()),
        Decision::Fail => Err(Ended(NOT_AS_GOOD).into()),
    }
}
