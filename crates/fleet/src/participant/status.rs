//! What people see of the fleet.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Participant;
use crate::{Moment, Role, SessionId, Share};

/// The fleet as one member sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// All members with a session, by name.
    pub members: Vec<MemberStatus>,
    /// Who leads; none while that is not known.
    pub leader: Option<String>,
    /// The canary's share of the devices.
    pub share: Share,
    /// Devices of the configuration.
    pub devices: usize,
    /// How many of them are the canary's by the share.
    pub canary: usize,
    /// How many the plan gives to members of that role.
    pub given_to_canary: usize,
    /// Devices on their way from one member to another.
    pub moving: usize,
    /// Devices that are given to nobody.
    pub unowned: usize,
    /// The role whose devices the other serves, because it has no member itself.
    pub unserved: Option<Role>,
    /// Devices that this member polls or is letting go.
    pub held: usize,
    /// Devices that this member is given and waits for.
    pub waiting: usize,
    /// For how long it may poll without another renewal.
    pub lease_left: Duration,
    /// Whether it lives on by its peers' grants, the store being away.
    pub is_kept_by_peers: bool,
}

/// A member as another one sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberStatus {
    /// Its name.
    pub name: String,
    /// Its session.
    pub session: SessionId,
    /// Which devices it may have.
    pub role: Role,
    /// Its weight.
    pub capacity: u32,
    /// The version that it runs.
    pub version: String,
    /// How many devices the plan gives it.
    pub devices: usize,
    /// Since when nothing was heard of it.
    pub quiet: Duration,
    /// Whether it is about to end.
    pub leaving: bool,
}

impl Participant {
    /// The fleet as this member sees it.
    pub fn status(&self, now: Moment) -> Status {
        let mut given = BTreeMap::<SessionId, usize>::new();
        let (mut moving, mut unowned) = (0, 0);
        for holding in self
            .view
            .plan()
            .iter()
            .flat_map(|plan| plan.holdings.values())
        {
            moving += usize::from(holding.from.is_some());
            match holding.owner {
                Some(owner) => *given.entry(owner).or_default() += 1,
                None => unowned += 1,
            }
        }
        let mut status = Status {
            members: Vec::new(),
            leader: None,
            share: self.view.share(),
            devices: self.leader.devices(),
            canary: self.view.share().of(self.leader.devices()),
            given_to_canary: 0,
            moving,
            unowned,
            unserved: self.unserved(),
            held: self.member.held(),
            waiting: self.member.waiting(),
            lease_left: self.lease.until().since(now),
            is_kept_by_peers: self.is_kept_by_peers(now),
        };
        let mut first = None;
        for (name, seen) in self.view.sessions() {
            let devices = given.get(&seen.session).copied().unwrap_or(0);
            let watcher = self.watcher();
            let is_silent =
                watcher.is_some_and(|w| w.me != seen.session && now >= w.silent_from(seen));
            if !is_silent && first.is_none_or(|(id, _)| seen.session < id) {
                first = Some((seen.session, name));
            }
            if seen.record.role == Role::Canary {
                status.given_to_canary += devices;
            }
            status.members.push(MemberStatus {
                name: name.to_owned(),
                session: seen.session,
                role: seen.record.role,
                capacity: seen.record.capacity,
                version: seen.record.version.clone(),
                devices,
                quiet: now.since(seen.heard),
                leaving: seen.record.leaving,
            });
        }
        status.leader = first.map(|(_, name)| name.to_owned());
        status
    }

    fn unserved(&self) -> Option<Role> {
        let candidates = self.view.sessions().map(|(_, seen)| &seen.record);
        let has = |role| {
            let mut serving = candidates.clone().filter(|r| !r.leaving && r.capacity > 0);
            serving.any(|record| record.role == role)
        };
        match (has(Role::Stable), has(Role::Canary)) {
            (true, false) => Some(Role::Canary),
            (false, true) => Some(Role::Stable),
            _ => None,
        }
    }
}
