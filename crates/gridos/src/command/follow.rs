//! `gridos fleet follow`: the canary's share of the devices is the weight of a Rollout.

use std::error::Error;
use std::time::Duration;

use gridos_fleet::{Share, StoreId};
use gridos_roster::{Bucket, BucketOptions, Roll};
use tokio::time::{MissedTickBehavior, interval};

use super::Outcome;
use crate::cli::FleetFollow;
use crate::output;
use crate::rollout::{Cluster, Wish};

/// More often, it is only load.
const EVERY_MIN: Duration = Duration::from_millis(100);

/// Follows until it is asked to end.
pub(super) async fn run(args: &FleetFollow, options: BucketOptions) -> Outcome {
    let cluster = Cluster::new(
        &args.rollout,
        args.namespace.as_deref(),
        args.api.as_deref(),
        &args.account,
    )?;
    let mut follower = Follower {
        cluster,
        options,
        bucket: None,
        set: None,
    };
    let mut ticks = interval(args.every.max(EVERY_MIN));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let follow = async {
        let mut trouble = String::new();
        loop {
            ticks.tick().await;
            match follower.look().await {
                Ok(Some(share)) => output::line(format!("the canary's share is {share}"))?,
                Ok(None) => {}
                Err(error) => {
                    follower.bucket = None;
                    let what = told(&*error);
                    if what != trouble {
                        output::line(format!(
                            "the weight cannot be followed: {what}; trying again"
                        ))?;
                    }
                    trouble = what;
                    continue;
                }
            }
            trouble.clear();
        }
    };
    tokio::select! {
        outcome = follow => outcome,
        ended = super::asked_to_end(None) => Ok(ended?),
    }
}

struct Follower {
    cluster: Cluster,
    options: BucketOptions,
    /// Open from the first use to the first trouble.
    bucket: Option<Bucket>,
    /// What this process set last, and in which bucket; nothing before it has set anything.
    set: Option<(StoreId, Share)>,
}

impl Follower {
    /// Sets the share if it has to change; gives back what it was set to.
    async fn look(&mut self) -> Result<Option<Share>, Box<dyn Error>> {
        let rollout = self.cluster.rollout().await?;
        // A bucket that was made anew has no share.
        let is_none = self.set.is_some_and(|(_, share)| share == Share::NONE);
        if !rollout.is_tried() && is_none {
            return Ok(None);
        }
        if self.bucket.is_none() {
            self.bucket = Some(Bucket::open(&self.options).await?);
        }
        let Some(bucket) = &self.bucket else {
            return Ok(None);
        };
        let store = bucket.id_now().await?;
        let members = match rollout.is_tried() {
            true => Vec::new(),
            false => Roll::read(bucket).await?.members,
        };
        match rollout.wish(&members) {
            Wish::Be(share) if self.set != Some((store, share)) => {
                bucket.set_share(share).await?;
                self.set = Some((store, share));
                Ok(Some(share))
            }
            Wish::Be(_) | Wish::Stay => Ok(None),
        }
    }
}

/// An error with all that is behind it.
fn told(error: &dyn Error) -> String {
    let mut told = error.to_string();
    let mut behind = error.source();
    while let Some(cause) = behind {
        told = format!("{told}: {cause}");
        behind = cause.source();
    }
    told
}
