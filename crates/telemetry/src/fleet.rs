//! What a member of a fleet counts in, and what it knows of the others.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::{Counter, Gauge, Vitals};

/// What a member of a fleet counts in; all is 0 where devices are not shared.
#[derive(Debug, Default)]
pub struct FleetCells {
    /// Channels that the fleet shares.
    pub channels: Gauge,
    /// Of these, those that this engine has.
    pub held: Gauge,
    /// Channels that the plan gives to nobody, or to who is no member any more.
    pub unowned: Gauge,
    /// Channels that it took.
    pub takes: Counter,
    /// Channels that it gave back.
    pub releases: Counter,
    /// Times that its lease ended and it gave up all at once.
    pub fences: Counter,
    /// 1 while the bucket that members share can be used, else 0.
    pub reachable: Gauge,
    /// 1 while that is away and peers' promises let this engine go on, else 0.
    pub kept_by_peers: Gauge,
    roll: RwLock<Arc<FleetRoll>>,
}

/// What is known of a fleet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FleetRoll {
    /// The fleet's name; empty where devices are not shared.
    pub name: String,
    /// What this engine is called in it.
    pub member: String,
    /// The canary's share of the channels, in parts per million.
    pub share_ppm: u32,
    /// The version of the plan.
    pub plan: u64,
    /// All members.
    pub members: Vec<FleetMember>,
    /// Who has each device that is shared, by the device's name; those that nobody has are left out.
    pub owners: HashMap<String, Arc<str>>,
}

/// A member of a fleet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FleetMember {
    /// Its name.
    pub name: Arc<str>,
    /// `stable` or `canary`.
    pub role: &'static str,
    /// Its weight.
    pub capacity: u32,
    /// The version that it runs.
    pub version: String,
    /// How many channels the plan gives it.
    pub channels: usize,
    /// Whether it is about to leave.
    pub leaving: bool,
    /// How it did when it renewed its lease last; none if it is of a version that does not say so.
    pub vitals: Option<Vitals>,
}

impl FleetCells {
    /// What is known of the fleet.
    pub fn roll(&self) -> Arc<FleetRoll> {
        Arc::clone(&self.roll.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Who has the device of that name, if it is shared and anybody has it.
    pub fn owner(&self, device: &str) -> Option<String> {
        let roll = self.roll();
        roll.owners.get(device).map(|owner| (**owner).to_owned())
    }

    /// Notes what is known of the fleet.
    pub fn set_roll(&self, roll: FleetRoll) {
        *self.roll.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(roll);
    }
}
