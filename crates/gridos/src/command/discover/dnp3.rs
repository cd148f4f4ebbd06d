//! `gridos discover dnp3`: asks an outstation for its points and makes a profile of them.

use super::super::Outcome;
use super::super::probe::dnp3::{ask, meet};
use super::Made;
use crate::cli::DiscoverDnp3;

mod found;
mod profile;

use found::Found;

pub(crate) fn run(args: &DiscoverDnp3) -> Outcome {
    let asked = meet(&args.at, |talk| ask(talk, &args.at))?;
    let found = Found::of(&asked);
    if found.points.is_empty() {
        return Err(NoPoints.into());
    }
    for remark in &found.remarks {
        eprintln!("not read: {remark}");
    }
    if let Some(left_out) = found.left_out(args.max_points) {
        eprintln!("{left_out}");
    }
    let points = found.points.len().min(args.max_points);
    let text = profile::text(args, &found);
    let made = Made {
        what: "points",
        count: points,
        text: &text,
    };
    made.keep(args.output.as_deref(), args.json)
}

/// A profile without points would be none.
#[derive(Debug, thiserror::Error)]
#[error(
    "the outstation answers, but its class 0 has no points: it may be starting up still, or have been \
     told to leave all of them out of class 0"
)]
struct NoPoints;
