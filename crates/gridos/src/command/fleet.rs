//! `gridos fleet`: a fleet of engines, by what its bucket says.

use std::fmt::Write as _;

use gridos_fleet::{Role, Share};
use gridos_roster::{Bucket, BucketOptions, Roll};
use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval};

use super::Outcome;
use crate::cli::exit_codes::DEGRADED;
use crate::cli::{FleetCommand, FleetShare, FleetStatus};
use crate::config::ConfigFile;
use crate::output::{self, Ended};

/// Why a fleet cannot be asked.
#[derive(Debug, thiserror::Error)]
enum FleetError {
    #[error("{0} has no section [fleet]: its devices are this engine's alone")]
    NoFleet(String),
    #[error("{0} is no share: write a number from 0 to 100")]
    NoShare(f64),
}

pub(crate) fn run(command: &FleetCommand) -> Outcome {
    super::block_on(async {
        match command {
            FleetCommand::Share(args) => share(args).await,
            FleetCommand::Status(args) if args.watch => {
                let bucket = Bucket::open(&options(&args.config)?).await?;
                tokio::select! {
                    outcome = watch(&bucket, args) => outcome,
                    ended = super::asked_to_end(None) => Ok(ended?),
                }
            }
            FleetCommand::Status(args) => status(args).await,
            FleetCommand::Follow(args) => super::follow::run(args, options(&args.config)?).await,
        }
    })?
}

/// Where the fleet of the configuration at `path` is.
fn options(path: &std::path::Path) -> Result<BucketOptions, Box<dyn std::error::Error>> {
    let file = ConfigFile::new(path, std::env::vars_os());
    let config = file.parse(&file.text()?)?;
    let none = || FleetError::NoFleet(path.display().to_string());
    let membership = config.membership.as_ref().ok_or_else(none)?;
    Ok(membership.bucket("gridos fleet")?)
}

async fn share(args: &FleetShare) -> Outcome {
    let share = Share::from_percent(args.percent);
    let share = share.ok_or(FleetError::NoShare(args.percent))?;
    let bucket = Bucket::open(&options(&args.config)?).await?;
    bucket.set_share(share).await?;
    output::line(format!("the canary's share is {share}"))
}

async fn status(args: &FleetStatus) -> Outcome {
    let bucket = Bucket::open(&options(&args.config)?).await?;
    let roll = Roll::read(&bucket).await?;
    match args.json {
        true => output::json(&told(&roll))?,
        false => output::show(page(&roll))?,
    }
    match roll.unowned + roll.moving {
        0 => Ok(()),
        _ => Err(Ended(DEGRADED).into()),
    }
}

async fn watch(bucket: &Bucket, args: &FleetStatus) -> Outcome {
    let mut ticks = interval(args.every.max(std::time::Duration::from_millis(100)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match (Roll::read(bucket).await, args.json) {
            (Ok(roll), true) => output::json(&told(&roll))?,
            (Ok(roll), false) => output::line(page(&roll))?,
            (Err(error), true) => {
                output::json(&json!({ "error": { "message": error.to_string() } }))?;
            }
            (Err(error), false) => output::line(error.to_string())?,
        }
    }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Stable => "stable",
        Role::Canary => "canary",
    }
}

fn told(roll: &Roll) -> Value {
    let members = roll.members.iter().map(|member| {
        json!({
            "name": &*member.name, "role": role(member.role), "capacity": member.capacity,
            "version": member.version, "channels": member.channels, "leaving": member.leaving,
            "session": member.session.raw(),
        })
    });
    json!({
        "share_percent": f64::from(roll.share.ppm()) / 10_000.0,
        "plan": roll.plan, "moving": roll.moving, "unowned": roll.unowned,
        "members": members.collect::<Vec<_>>(),
    })
}

fn page(roll: &Roll) -> String {
    let mut page = format!(
        "share of the canary {}, plan {}, {} channels on their way, {} without an owner\n",
        roll.share, roll.plan, roll.moving, roll.unowned
    );
    let widest = roll.members.iter().map(|member| member.name.len()).max();
    let widest = widest.unwrap_or(0).max("member".len());
    // Writing to a text cannot fail.
    let _ = writeln!(
        page,
        "{:widest$}  role    capacity  channels  version",
        "member"
    );
    for member in &roll.members {
        let leaving = if member.leaving { "  leaving" } else { "" };
        let _ = writeln!(
            page,
            "{:widest$}  {:6}  {:>8}  {:>8}  {}{leaving}",
            &*member.name,
            role(member.role),
            member.capacity,
            member.channels,
            member.version
        );
    }
    page
}
