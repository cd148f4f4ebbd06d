//! A roll-out rehearsed on this machine: a fleet of real engines over a real NATS server, a real
//! Prometheus, simulated devices, and the manifests that ship.

mod config;
mod course;
mod damage;
mod error;
mod line;
mod live;
mod nats;
mod process;
mod scraper;
mod server;
mod share;
mod site;
mod telling;
mod wording;

use crate::cli::CanaryRehearse;
use crate::cli::exit_codes::{INCONCLUSIVE, NOT_AS_GOOD};
use crate::command::{Outcome, asked_to_end};
use crate::output::Ended;

use self::course::{Course, Ending};
use self::error::RehearseError;
use self::site::Site;
use self::telling::Telling;
use super::Manifests;

/// Rehearses until the candidate is promoted or rolled back, or somebody ends it.
pub(crate) async fn run(args: &CanaryRehearse) -> Outcome {
    crate::log::start("warn");
    let manifests = Manifests::load(args.manifests.as_deref())?;
    let telling = Telling::new(args);
    let ending = tokio::select! {
        ending = rehearsed(args, manifests, &telling) => ending?,
        ended = asked_to_end(None) => ended.map(|()| Ending::Interrupted)?,
    };
    telling.ended(ending);
    match ending {
        Ending::Promoted => Ok(()),
        Ending::RolledBack => Err(Ended(NOT_AS_GOOD).into()),
        Ending::Undecided | Ending::Interrupted => Err(Ended(INCONCLUSIVE).into()),
    }
}

async fn rehearsed(
    args: &CanaryRehearse,
    manifests: Manifests,
    telling: &Telling,
) -> Result<Ending, RehearseError> {
    let mut site = Site::start(args, telling).await?;
    let course = Course::new(manifests, f64::from(args.speed), telling);
    let ending = course.run(&mut site).await?;
    site.end(telling).await?;
    Ok(ending)
}
