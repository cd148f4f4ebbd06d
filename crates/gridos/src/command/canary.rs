//! `gridos canary`.

use std::time::Duration;

use serde_json::json;

use gridos_canary::{Check, Decision, Thresholds, Verdict, judge};

use super::Outcome;
use crate::canary::evidence::{Grid, gather, scrape_interval};
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

/// What to do where an interval may have fewer than two scrapes, from which alone a latency can be told.
fn too_short(interval: Duration, scrapes_apart: f64) -> Option<String> {
    // Scrapes come some milliseconds early or late.
    let least = 2.0
        * if scrapes_apart < 1.0 {
            scrapes_apart
        } else {
            scrapes_apart.round()
        };
    (interval.as_secs_f64() < least).then(|| {
        format!(
            "Prometheus scrapes every {:.1} s, and an interval must hold two scrapes: --interval {:.0}s",
            scrapes_apart,
            least.ceil()
        )
    })
}

/// Where it is the reason, it is told.
fn add_hint(verdict: &mut Verdict, hint: &str) {
    for finding in &mut verdict.findings {
        let is_latency = finding.check == Check::LatencyAgainstStable;
        if is_latency && finding.decision == Decision::Inconclusive {
            finding.why = format!("{}; {hint}", finding.why);
        }
    }
}

async fn judged(args: &CanaryJudge) -> Outcome {
    if args.interval.is_zero() || args.interval > args.window {
        return Err(NoInterval.into());
    }
    let prometheus = Prometheus::new(&args.prometheus)?;
    let grid = Grid::until_now(args.window, args.interval);
    let stable = gather(&prometheus, &args.stable, grid).await?;
    let candidate = gather(&prometheus, &args.candidate, grid).await?;
    let mut verdict = judge(&stable, &candidate, &Thresholds::default());
    for selector in [&args.stable, &args.candidate] {
        let apart = scrape_interval(&prometheus, selector, grid).await?;
        if let Some(hint) = apart.and_then(|apart| too_short(args.interval, apart)) {
            add_hint(&mut verdict, &hint);
            break;
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_of_fewer_than_two_scrapes_is_told_with_what_to_do() {
        let said = |seconds, apart| too_short(Duration::from_secs(seconds), apart);
        assert_eq!(
            said(15, 15.002).as_deref(),
            Some(
                "Prometheus scrapes every 15.0 s, and an interval must hold two scrapes: --interval 30s"
            )
        );
        assert_eq!((said(30, 15.002), said(30, 14.9)), (None, None));
        assert_eq!((said(2, 1.0), said(1, 0.5)), (None, None));
        assert!(said(1, 1.0).is_some());
    }
}
