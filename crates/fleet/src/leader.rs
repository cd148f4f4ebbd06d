//! Makes the next plan.

use std::collections::{BTreeMap, BTreeSet};

use gridos_model::DeviceId;

use crate::assignment::{Candidate, Device, assign};
use crate::view::{Seen, View};
use crate::{Assignment, Epoch, Holding, Plan, Role, SessionId, Share};

/// How many devices may be on their way from one living member to another at a time, so that no change
/// leaves more of them between two polls.
const MOVES_MAX: usize = 2_000;

/// Who leads is whoever was there first; this is what he reckons with.
#[derive(Debug, Default)]
pub(crate) struct Leader {
    devices: Vec<Device>,
    target: Option<Target>,
}

/// The assignment for these members and this share.
#[derive(Debug)]
struct Target {
    members: Vec<(SessionId, String, Role, u32)>,
    share: Share,
    assignment: Assignment,
}

impl Leader {
    pub(crate) fn new(devices: Vec<Device>) -> Self {
        Self {
            devices: sole(devices),
            target: None,
        }
    }

    pub(crate) fn set_devices(&mut self, devices: Vec<Device>) {
        self.devices = sole(devices);
        self.target = None;
    }

    pub(crate) fn devices(&self) -> usize {
        self.devices.len()
    }

    /// The plan after the one that the view shows, if it is another. The first one begins behind `first`.
    pub(crate) fn next_plan(&mut self, view: &View, first: Epoch) -> Option<Plan> {
        let nothing = Plan::default();
        let old = view.plan().unwrap_or(&nothing);
        let version = if view.plan().is_some() {
            old.version.next()
        } else {
            first.max(Epoch::from_raw(1))
        };
        let target = Self::aim(&mut self.target, &self.devices, view);
        let wanted = target.assignment.members.iter().map(|place| {
            let (session, ..) = &target.members[(*place)?];
            Some(*session)
        });
        let wanted: BTreeMap<_, _> = self.devices.iter().map(|d| d.id).zip(wanted).collect();
        let holdings = Successor::new(view, version).holdings(old, &wanted);
        let is_news = view.plan().is_none() || holdings != old.holdings;
        is_news.then_some(Plan { version, holdings })
    }

    fn aim<'a>(target: &'a mut Option<Target>, devices: &[Device], view: &View) -> &'a Target {
        let sessions = view.sessions().filter(|(_, seen)| !seen.record.leaving);
        let member = |(name, seen): (&str, &Seen)| {
            let record = &seen.record;
            (seen.session, name.to_owned(), record.role, record.capacity)
        };
        let members: Vec<_> = sessions.map(member).collect();
        let share = view.share();
        let known = target
            .take()
            .filter(|t| t.members == members && t.share == share);
        target.insert(known.unwrap_or_else(|| {
            let candidate = |(_, name, role, capacity): &'_ (_, String, Role, u32)| {
                (name.clone(), *role, *capacity)
            };
            let candidates: Vec<_> = members.iter().map(candidate).collect();
            let candidates: Vec<_> = candidates
                .iter()
                .map(|(name, role, capacity)| Candidate {
                    name,
                    role: *role,
                    capacity: *capacity,
                })
                .collect();
            let assignment = assign(devices, &candidates, share);
            Target {
                members,
                share,
                assignment,
            }
        }))
    }
}

/// Each device once.
fn sole(mut devices: Vec<Device>) -> Vec<Device> {
    devices.sort_by_key(|device| device.id);
    devices.dedup_by_key(|device| device.id);
    devices
}

/// Makes one plan's holdings of those before.
struct Successor<'a> {
    view: &'a View,
    sessions: BTreeMap<SessionId, &'a Seen>,
    version: Epoch,
}

impl<'a> Successor<'a> {
    fn new(view: &'a View, version: Epoch) -> Self {
        let sessions = view
            .sessions()
            .map(|(_, seen)| (seen.session, seen))
            .collect();
        Self {
            view,
            sessions,
            version,
        }
    }

    fn holdings(
        &self,
        old: &Plan,
        wanted: &BTreeMap<DeviceId, Option<SessionId>>,
    ) -> BTreeMap<DeviceId, Holding> {
        let devices: BTreeSet<_> = wanted.keys().chain(old.holdings.keys()).copied().collect();
        let mut settled = BTreeMap::new();
        for device in devices {
            let holding = old.holdings.get(&device).copied().unwrap_or_default();
            let from = holding
                .from
                .filter(|from| !self.has_left(*from, device, holding.epoch));
            let owner = holding.owner.filter(|owner| !self.is_over(*owner));
            settled.insert(
                device,
                (
                    holding,
                    Holding {
                        owner,
                        from,
                        ..holding
                    },
                ),
            );
        }
        let moving = settled
            .values()
            .filter(|(_, now)| now.from.is_some())
            .count();
        let mut moves = MOVES_MAX.saturating_sub(moving);
        let mut holdings = BTreeMap::new();
        for (device, (before, now)) in settled {
            let want = wanted.get(&device).copied().flatten();
            let holding = self.step(before, now, want, &mut moves);
            if holding.owner.is_some() || holding.from.is_some() || wanted.contains_key(&device) {
                holdings.insert(device, holding);
            }
        }
        holdings
    }

    /// What becomes of one device: `now` is its holding without those who are over or have let go.
    fn step(
        &self,
        before: Holding,
        now: Holding,
        want: Option<SessionId>,
        moves: &mut usize,
    ) -> Holding {
        if now.owner == want && before.owner == want {
            return now;
        }
        let Some(owner) = now.owner else {
            // The one before may still be letting go; whoever comes next waits for him.
            let from = now.from;
            let epoch = if want.is_some() || before.owner.is_some() {
                self.version
            } else {
                now.epoch
            };
            return Holding {
                owner: want,
                from,
                epoch,
            };
        };
        // From one living member to another only when the last such move is done.
        if now.from.is_some() || *moves == 0 {
            return now;
        }
        *moves -= 1;
        Holding {
            owner: want,
            from: Some(owner),
            epoch: self.version,
        }
    }

    fn is_over(&self, session: SessionId) -> bool {
        !self.sessions.contains_key(&session) && self.view.is_over(session)
    }

    fn has_left(&self, from: SessionId, device: DeviceId, epoch: Epoch) -> bool {
        match self.sessions.get(&from) {
            Some(seen) => seen.record.has_released(device, epoch),
            None => self.view.is_over(from),
        }
    }
}
