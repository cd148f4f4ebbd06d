//! One engine: its clock, its driver, and the devices that it polls.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gridos_fleet::{Device, Epoch, Identity, Moment, Participant, Role, Timing, WriteId};
use gridos_model::DeviceId;

pub(crate) struct Node {
    pub(crate) identity: Identity,
    pub(crate) participant: Participant,
    /// Counts its processes.
    pub(crate) life: u64,
    pub(crate) is_alive: bool,
    pub(crate) is_leaving: bool,
    pub(crate) paused_till: u64,
    pub(crate) has_store: bool,
    pub(crate) has_peers: bool,
    /// The one peer that it reaches; all, if none is named.
    pub(crate) only_peer: Option<usize>,
    pub(crate) devices: BTreeMap<DeviceId, Session>,
    pub(crate) unanswered: BTreeSet<WriteId>,
    /// Which store its watch is of.
    pub(crate) store: u64,
    /// How much of the store's log its watch has told; none before a snapshot.
    pub(crate) watched: Option<usize>,
    pub(crate) fences: u64,
    pub(crate) wake_at: u64,
    offset_ns: u64,
    rate_ppm: u64,
}

/// A device's connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Session {
    pub(crate) epoch: Epoch,
    pub(crate) state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Polled,
    /// Finishing what is under way; the connection is open.
    Finishing,
    /// Cut at once.
    Cut,
}

impl Node {
    pub(crate) fn new(
        name: &str,
        role: Role,
        clock: (u64, u64),
        timing: Timing,
        devices: &[Device],
    ) -> Self {
        let identity = Identity {
            name: name.to_owned(),
            instance: clock.0 | 1,
            birth: 1,
            role,
            capacity: 1,
            address: name.to_owned(),
            version: "1".to_owned(),
        };
        Self {
            participant: Participant::new(identity.clone(), timing, devices.to_vec()),
            identity,
            life: 1,
            is_alive: true,
            is_leaving: false,
            paused_till: 0,
            has_store: true,
            has_peers: true,
            only_peer: None,
            devices: BTreeMap::new(),
            unanswered: BTreeSet::new(),
            store: 0,
            watched: None,
            fences: 0,
            wake_at: u64::MAX,
            offset_ns: clock.0,
            rate_ppm: clock.1,
        }
    }

    /// Another process in the same data folder.
    pub(crate) fn restart(&mut self, timing: Timing, devices: &[Device]) {
        self.life += 1;
        self.identity.birth += 1;
        self.participant = Participant::new(self.identity.clone(), timing, devices.to_vec());
        self.is_alive = true;
        self.is_leaving = false;
        self.devices.clear();
        self.unanswered.clear();
        self.watched = None;
    }

    pub(crate) fn lose_watch(&mut self) {
        self.participant.handle_watch_lost();
        self.watched = None;
    }

    pub(crate) fn clock(&self, ms: u64) -> Moment {
        Moment::from_nanos(self.offset_ns + ms * self.rate_ppm)
    }

    /// The true time at which its clock shows `moment`, rounded up.
    pub(crate) fn ms_of(&self, moment: Moment) -> u64 {
        let nanos = moment.as_nanos().saturating_sub(self.offset_ns);
        nanos / self.rate_ppm + 1
    }

    pub(crate) fn is_running(&self, ms: u64) -> bool {
        self.is_alive && ms >= self.paused_till
    }

    /// Whether it may send a poll now, or could if it were not paused.
    pub(crate) fn has_lease(&self, ms: u64) -> bool {
        self.is_alive && self.clock(ms) < self.participant.lease_until()
    }

    /// Whether the process `life` lives and has not let go of the device.
    pub(crate) fn may_have(&self, device: DeviceId, life: u64) -> bool {
        self.is_alive && self.life == life && self.devices.contains_key(&device)
    }

    /// Whether it is a master of the device: connected, and with a lease.
    pub(crate) fn is_master(&self, device: DeviceId, ms: u64) -> bool {
        let is_open = |session: &Session| session.state != State::Cut;
        self.devices.get(&device).is_some_and(is_open) && self.has_lease(ms)
    }
}

pub(crate) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}
