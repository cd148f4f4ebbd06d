//! The roll: who is in the fleet, and who has what.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use gridos_fleet::{MemberRecord, Plan, Role, SessionId, Share};
use gridos_model::DeviceId;
use gridos_telemetry::Vitals;

use crate::bucket::{Bucket, BucketError};
use crate::watching::{self, Seen};

/// Who is in a fleet, and who has what, by what its bucket says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roll {
    /// The canary's share of the channels.
    pub share: Share,
    /// The version of the plan; 0 if there is none.
    pub plan: u64,
    /// All members with a session, by name.
    pub members: Vec<Standing>,
    /// Who is given each channel.
    pub owners: HashMap<DeviceId, Arc<str>>,
    /// How many channels are on their way from one member to another.
    pub moving: usize,
    /// How many are given to nobody.
    pub unowned: usize,
}

/// How a member stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its name.
    pub name: Arc<str>,
    /// The revision that began its session.
    pub session: SessionId,
    /// Which channels it may have.
    pub role: Role,
    /// Its weight.
    pub capacity: u32,
    /// The version that it runs.
    pub version: String,
    /// How many channels the plan gives it.
    pub channels: usize,
    /// How long others wait for it if it says nothing.
    pub hold_off: Duration,
    /// Whether it is about to leave.
    pub leaving: bool,
    /// How it did when it renewed its lease last, if it says so.
    pub vitals: Option<Vitals>,
}

/// A member: its name, its session, what it says of itself, and how it did lately.
pub(crate) type Known<'a> = (&'a str, SessionId, &'a MemberRecord, Option<Vitals>);

impl Roll {
    /// What the bucket says at this moment.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn read(bucket: &Bucket) -> Result<Self, BucketError> {
        let (mut share, mut plan) = (Share::NONE, None);
        let mut records = BTreeMap::new();
        for seen in watching::all(bucket).await? {
            match seen {
                Seen::Share(_, told) => share = told,
                Seen::Plan(_, told) => plan = told,
                Seen::Record(name, revision, Some(said)) => {
                    records.insert(name, (revision, *said));
                }
                Seen::Record(name, _, None) => drop(records.remove(&name)),
                Seen::Store(_) | Seen::Note(..) | Seen::Complete | Seen::Lost => {}
            }
        }
        let members = records.iter().map(|(name, (revision, (record, vitals)))| {
            (name.as_str(), record.session_at(*revision), record, *vitals)
        });
        Ok(Self::of(share, plan.as_ref(), members))
    }

    /// The roll of `members`, each with its session.
    pub(crate) fn of<'a>(
        share: Share,
        plan: Option<&Plan>,
        members: impl Iterator<Item = Known<'a>>,
    ) -> Self {
        let standing = |(name, session, record, vitals): Known<'a>| Standing {
            name: name.into(),
            session,
            role: record.role,
            capacity: record.capacity,
            version: record.version.clone(),
            channels: 0,
            hold_off: record.hold_off,
            leaving: record.leaving,
            vitals,
        };
        let mut roll = Self {
            share,
            plan: plan.map_or(0, |plan| plan.version.raw()),
            members: members.map(standing).collect(),
            ..Self::default()
        };
        roll.members.sort_by(|a, b| a.name.cmp(&b.name));
        let places: HashMap<SessionId, usize> = (0..)
            .zip(&roll.members)
            .map(|(place, member)| (member.session, place))
            .collect();
        for (device, holding) in plan.iter().flat_map(|plan| &plan.holdings) {
            roll.moving += usize::from(holding.from.is_some());
            let place = holding.owner.and_then(|owner| places.get(&owner));
            match place.and_then(|place| roll.members.get_mut(*place)) {
                Some(member) => {
                    member.channels += 1;
                    roll.owners.insert(*device, Arc::clone(&member.name));
                }
                None => roll.unowned += 1,
            }
        }
        roll
    }
}

#[cfg(test)]
mod tests {
    use gridos_fleet::{Epoch, Holding};

    use super::*;

    #[test]
    fn the_roll_counts_what_each_is_given() {
        let record = MemberRecord {
            session: None,
            instance: 1,
            birth: 1,
            renewal: 1,
            role: Role::Stable,
            capacity: 7,
            address: String::new(),
            version: "0".to_owned(),
            hold_off: Duration::from_secs(1),
            keep_hold_off: Duration::from_secs(1),
            peers: Vec::new(),
            seen: Epoch::default(),
            releasing: Vec::new(),
            leaving: false,
        };
        let session = |n| Some(SessionId::from_raw(n));
        let holding = |owner, from| Holding {
            owner,
            from,
            epoch: Epoch::from_raw(2),
        };
        let devices = ["a", "b", "c", "d"].map(DeviceId::of);
        let plan = Plan {
            version: Epoch::from_raw(3),
            holdings: BTreeMap::from([
                (devices[0], holding(session(1), None)),
                (devices[1], holding(session(1), session(2))),
                (devices[2], holding(None, session(2))),
                (devices[3], holding(session(9), None)),
            ]),
        };
        let members = [("m", SessionId::from_raw(1), &record, None)];
        let roll = Roll::of(Share::NONE, Some(&plan), members.into_iter());
        assert_eq!((roll.plan, roll.moving, roll.unowned), (3, 2, 2));
        assert_eq!((roll.members[0].channels, roll.owners.len()), (2, 2));
        assert_eq!(roll.owners.get(&devices[1]).map(|name| &**name), Some("m"));
    }
}
