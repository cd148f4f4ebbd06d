//! Engines, a store and a network that delays and loses, in one thread and one order.
//!
//! Beside them stands the truth of the field: which poll is under way at which device. A poll that meets another's, or
//! is later than one with a greater epoch, ends the test.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use gridos_fleet::{
    Action, Device, Epoch, GrantId, GrantRequest, Role, Share, Timing, WriteError, WriteId,
};
use gridos_model::DeviceId;

use crate::event::{Event, Field};
use crate::node::{Node, Session, State};
use crate::random::Random;
use crate::store::{Expect, Store, Value, Write};

pub(crate) const POLL_TIMEOUT_MS: u64 = 500;

pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) ms: u64,
    pub(crate) random: Random,
    pub(crate) store: Store,
    pub(crate) nodes: Vec<Node>,
    pub(crate) devices: Vec<Device>,
    pub(crate) timing: Timing,
    pub(crate) field: BTreeMap<DeviceId, Field>,
    /// Whether messages are lost, and how late they may be.
    pub(crate) is_rough: bool,
    events: BinaryHeap<Reverse<(u64, u64, usize)>>,
    kept: Vec<Option<Event>>,
    sequence: u64,
}

impl World {
    pub(crate) fn new(
        seed: u64,
        nodes: usize,
        canaries: usize,
        devices: u64,
        timing: Timing,
    ) -> Self {
        let mut random = Random::new(seed);
        let device = |n| {
            Device::new(
                DeviceId::of(&format!("rtu-{n}")),
                ["feeder", "line"][n as usize % 2],
            )
        };
        let devices: Vec<_> = (0..devices).map(device).collect();
        let mut world = Self {
            seed,
            ms: 0,
            store: Store::default(),
            nodes: Vec::new(),
            field: devices.iter().map(|d| (d.id, Field::default())).collect(),
            devices,
            timing,
            is_rough: false,
            events: BinaryHeap::new(),
            kept: Vec::new(),
            sequence: 0,
            random: Random::new(seed ^ 1),
        };
        for n in 0..nodes {
            let role = if n < canaries {
                Role::Canary
            } else {
                Role::Stable
            };
            // Rates differ by 1 % either way: more than any quartz.
            let clock = (random.next() >> 12, random.between(990_000, 1_010_000));
            let node = Node::new(&format!("n{n}"), role, clock, timing, &world.devices);
            world.nodes.push(node);
            world.at(n as u64, Event::Watch(n));
            world.at(0, Event::Poll(n));
        }
        world
    }

    pub(crate) fn run_till(&mut self, end: u64) {
        while let Some(Reverse((at, _, place))) = self.events.peek().copied() {
            if at > end {
                break;
            }
            self.events.pop();
            self.ms = at;
            if let Some(event) = self.kept[place].take() {
                self.happen(event);
            }
        }
        self.ms = end;
    }

    pub(crate) fn set_share(&mut self, share: Share) {
        let value = Value::Share(share);
        self.store
            .write(Write {
                expect: None,
                value,
            })
            .unwrap();
    }

    pub(crate) fn crash(&mut self, n: usize) {
        self.nodes[n].is_alive = false;
        // Its sockets are closed by the system.
        let life = self.nodes[n].life;
        for field in self.field.values_mut().filter(|f| f.by == (n, life)) {
            field.busy_till = self.ms;
        }
    }

    pub(crate) fn restart(&mut self, n: usize) {
        self.nodes[n].restart(self.timing, &self.devices);
        self.at(self.ms + 1, Event::Wake(n));
    }

    pub(crate) fn wake(&mut self, n: usize) {
        self.at(self.ms.max(self.nodes[n].paused_till), Event::Wake(n));
    }

    pub(crate) fn at(&mut self, ms: u64, event: Event) {
        self.sequence += 1;
        self.events
            .push(Reverse((ms, self.sequence, self.kept.len())));
        self.kept.push(Some(event));
    }

    fn happen(&mut self, event: Event) {
        let ms = self.ms;
        match event {
            Event::Wake(n) if self.nodes[n].paused_till > ms => {
                self.at(self.nodes[n].paused_till, Event::Wake(n));
            }
            Event::Wake(n) => self.drive(n),
            Event::Watch(n) => self.watch(n),
            Event::Poll(n) => self.poll(n),
            Event::Apply(n, life, id, store, write) => {
                if store != self.store.id
                    || self.store.is_down
                    || self.is_rough && self.random.chance(3)
                {
                    return;
                }
                let outcome = self.store.write(write);
                if self.nodes[n].has_store && !(self.is_rough && self.random.chance(5)) {
                    let delay = self.delay();
                    self.at(ms + delay, Event::Answer(n, life, id, outcome));
                }
            }
            Event::Answer(n, life, id, outcome) => {
                if self.is_later(n, life, ms, &Event::Answer(n, life, id, outcome)) {
                    return;
                }
                if self.nodes[n].unanswered.remove(&id) {
                    let now = self.nodes[n].clock(ms);
                    self.nodes[n].participant.handle_written(id, outcome, now);
                    self.drive(n);
                }
            }
            Event::Released(n, life, device) => {
                if self.is_later(n, life, ms, &Event::Released(n, life, device)) {
                    return;
                }
                let now = self.nodes[n].clock(ms);
                self.nodes[n].devices.remove(&device);
                self.nodes[n].participant.handle_released(device, now);
                self.drive(n);
            }
            Event::Asked(from, life, grant, address, request) => {
                self.asked(from, life, grant, &address, request);
            }
            Event::Granted(n, life, grant, granted) => {
                if self.is_later(n, life, ms, &Event::Granted(n, life, grant, granted)) {
                    return;
                }
                let now = self.nodes[n].clock(ms);
                self.nodes[n].participant.handle_grant(grant, granted, now);
                self.drive(n);
            }
        }
    }

    /// What comes for a dead process is dropped, for a paused one it waits.
    fn is_later(&mut self, n: usize, life: u64, ms: u64, event: &Event) -> bool {
        let node = &self.nodes[n];
        if !node.is_alive || node.life != life {
            return true;
        }
        let till = node.paused_till;
        if till > ms {
            self.at(till, event.clone());
        }
        till > ms
    }

    pub(crate) fn delay(&mut self) -> u64 {
        if self.is_rough {
            self.random.delay_ms()
        } else {
            self.random.between(1, 5)
        }
    }

    fn asked(
        &mut self,
        from: usize,
        life: u64,
        grant: GrantId,
        address: &str,
        request: GrantRequest,
    ) {
        let ms = self.ms;
        let Some(peer) = self
            .nodes
            .iter()
            .position(|node| node.identity.name == address)
        else {
            return;
        };
        let is_reached = self.nodes[from].only_peer.is_none_or(|only| only == peer);
        if !self.nodes[peer].is_running(ms) || !self.nodes[peer].has_peers || !is_reached {
            return;
        }
        let now = self.nodes[peer].clock(ms);
        let granted = self.nodes[peer]
            .participant
            .handle_grant_request(request, now);
        if self.nodes[from].has_peers && !(self.is_rough && self.random.chance(5)) {
            let delay = self.delay();
            self.at(ms + delay, Event::Granted(from, life, grant, granted));
        }
    }

    pub(crate) fn drive(&mut self, n: usize) {
        let ms = self.ms;
        if !self.nodes[n].is_running(ms) {
            return;
        }
        let now = self.nodes[n].clock(ms);
        for step in 0.. {
            assert!(step < 100_000, "seed {}: it never ends", self.seed);
            let Some(action) = self.nodes[n]
                .participant
                .poll_action(now, 1_700_000_000_000 + ms)
            else {
                break;
            };
            self.act(n, action);
        }
        if let Some(wake) = self.nodes[n].participant.poll_timeout() {
            assert!(wake > now, "seed {}: n{n} asks for the past", self.seed);
            let wake = self.nodes[n].ms_of(wake).max(ms + 5);
            // A timer that stands and is not later will do.
            if self.nodes[n].wake_at > wake || self.nodes[n].wake_at <= ms {
                self.nodes[n].wake_at = wake;
                self.at(wake, Event::Wake(n));
            }
        }
    }

    fn act(&mut self, n: usize, action: Action) {
        let (ms, life) = (self.ms, self.nodes[n].life);
        match action {
            Action::WriteRecord {
                write,
                expect,
                record,
            } => {
                let expect = Some(expect.map_or(Expect::Nothing, Expect::At));
                let value = Value::Record(self.nodes[n].identity.name.clone(), Some(record));
                self.send(n, write, Write { expect, value });
            }
            Action::WritePlan {
                write,
                expect,
                plan,
            } => {
                let expect = Some(expect.map_or(Expect::Nothing, Expect::At));
                let value = Value::Plan(plan);
                self.send(n, write, Write { expect, value });
            }
            Action::Close {
                write,
                name,
                expect,
            } => {
                let expect = Some(Expect::At(expect));
                let value = Value::Record(name, None);
                self.send(n, write, Write { expect, value });
            }
            Action::AskGrant {
                grant,
                address,
                request,
            } => {
                if self.nodes[n].has_peers {
                    let delay = self.delay();
                    self.at(ms + delay, Event::Asked(n, life, grant, address, request));
                }
            }
            Action::Take {
                device,
                epoch,
                is_forced,
            } => self.take(n, device, epoch, is_forced),
            Action::Release { device } => {
                if let Some(session) = self.nodes[n].devices.get_mut(&device) {
                    session.state = State::Finishing;
                }
                self.let_go(n, device);
            }
            Action::Fence => {
                self.nodes[n].fences += 1;
                let held: Vec<_> = self.nodes[n].devices.keys().copied().collect();
                for device in held {
                    if let Some(session) = self.nodes[n].devices.get_mut(&device) {
                        session.state = State::Cut;
                    }
                    self.let_go(n, device);
                }
            }
            Action::Left => {
                assert!(
                    self.nodes[n].devices.is_empty(),
                    "seed {}: left with devices",
                    self.seed
                );
                self.nodes[n].is_alive = false;
            }
        }
    }

    /// The device is let go when nothing is under way with it.
    fn let_go(&mut self, n: usize, device: DeviceId) {
        let (ms, life) = (self.ms, self.nodes[n].life);
        let field = self.field[&device];
        let busy_till = if field.by == (n, life) {
            field.busy_till
        } else {
            0
        };
        let after = ms.max(busy_till) + self.random.between(1, 50);
        self.at(after, Event::Released(n, life, device));
    }

    fn send(&mut self, n: usize, id: WriteId, write: Write) {
        let (ms, life) = (self.ms, self.nodes[n].life);
        self.nodes[n].unanswered.insert(id);
        let patience = u64::try_from(self.timing.renew_every().as_millis()).unwrap() * 4 / 5;
        self.at(
            ms + patience,
            Event::Answer(n, life, id, Err(WriteError::Unknown)),
        );
        // What is cut off is lost, or arrives when the line is whole again.
        let delay = match self.nodes[n].has_store {
            true => self.delay(),
            false if self.random.chance(50) => self.random.between(1_000, 60_000),
            false => return,
        };
        let store = self.nodes[n].store;
        self.at(ms + delay, Event::Apply(n, life, id, store, write));
    }

    fn take(&mut self, n: usize, device: DeviceId, epoch: Epoch, is_forced: bool) {
        let field = self.field[&device];
        let life = self.nodes[n].life;
        let is_same = field.by == (n, life);
        assert!(
            epoch > field.epoch || epoch == field.epoch && is_same,
            "seed {}: n{n} takes with epoch {epoch}, behind {field:?}",
            self.seed
        );
        let (last, its_life) = field.taken_by;
        // Of who is cut off and was passed over by one that never took it, nobody asks that.
        let may_have_it = (last, its_life) != (n, life)
            && self.nodes[last].may_have(device, its_life)
            && self.nodes[last].has_lease(self.ms);
        assert!(
            is_forced || !may_have_it,
            "seed {}: n{n} is told that n{last} let go of {device}",
            self.seed
        );
        if let Some(field) = self.field.get_mut(&device) {
            field.taken_by = (n, life);
        }
        let state = State::Polled;
        self.nodes[n]
            .devices
            .insert(device, Session { epoch, state });
        self.check(n, device);
    }

    /// Each device's other masters, and polls of theirs that are under way.
    fn check(&self, n: usize, device: DeviceId) {
        let (ms, seed, field) = (self.ms, self.seed, self.field[&device]);
        for (other, node) in self.nodes.iter().enumerate() {
            assert!(
                other == n || !node.is_master(device, ms),
                "seed {seed}, {ms} ms: n{n} and n{other} are masters of {device}"
            );
        }
        let is_same = field.by == (n, self.nodes[n].life);
        assert!(
            is_same || field.busy_till <= ms,
            "seed {seed}, {ms} ms: n{n} meets a poll of n{} at {device}",
            field.by.0
        );
    }

    fn poll(&mut self, n: usize) {
        let ms = self.ms;
        let next = ms + self.random.between(50, 200);
        self.at(next, Event::Poll(n));
        if !self.nodes[n].is_running(ms) || !self.nodes[n].has_lease(ms) {
            return;
        }
        let polled: Vec<_> = self.nodes[n]
            .devices
            .iter()
            .filter(|(_, session)| session.state == State::Polled)
            .map(|(device, session)| (*device, session.epoch))
            .collect();
        for (device, epoch) in polled {
            self.check(n, device);
            let took = self.random.between(1, POLL_TIMEOUT_MS);
            let life = self.nodes[n].life;
            let field = self.field.get_mut(&device).unwrap();
            if field.by == (n, life) && field.busy_till > ms {
                continue;
            }
            assert!(
                epoch >= field.epoch,
                "seed {}: n{n} polls with an old epoch",
                self.seed
            );
            if field.polled_at > 0 {
                field.gap_max = field.gap_max.max(ms - field.polled_at);
            }
            *field = Field {
                epoch,
                by: (n, life),
                taken_by: field.taken_by,
                busy_till: ms + took,
                polled_at: ms,
                gap_max: field.gap_max,
            };
        }
    }
}
