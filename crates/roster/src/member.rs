//! A member: the machine of its part in the fleet, driven by the watch, the clock and the engine.

mod seen;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use gridos_fleet::{
    Action, Identity, Moment, Participant, Revision, Role, StoreId, Timing, WriteError, WriteId,
};
use gridos_model::{DeviceId, Epoch};
use gridos_ring::boot_time;
use gridos_telemetry::{Telemetry, VitalsWindow};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::bucket::{Bucket, PLAN, SESSION};
use crate::known::Known;
use crate::notes::Notes;
use crate::peers::{Heard, PeerLine};
use crate::under_way::UnderWay;
use crate::watching;
use crate::{BucketOptions, HandOver, Hands, PeerOptions, Roll, format};

/// So many changes of the bucket wait at most.
const SEEN_MAX: usize = 1_024;
/// What is due all the time must not spin.
const WAIT_MIN: Duration = Duration::from_millis(2);
/// What the roll says is no older than this.
const ROLL_EVERY: Duration = Duration::from_millis(500);

/// An engine's part in a fleet.
#[derive(Debug)]
pub struct Member {
    participant: Participant,
    name: String,
    options: BucketOptions,
    hands: Hands,
    role: watch::Receiver<Role>,
    roll: watch::Sender<Arc<Roll>>,
    telemetry: Arc<Telemetry>,
    /// How this engine did lately, which it tells the others with each renewal.
    vitals: VitalsWindow,
    write_timeout: Duration,
    bucket: watch::Receiver<Option<Bucket>>,
    /// Which bucket was watched last.
    store: Option<StoreId>,
    /// What is under way.
    writes: JoinSet<(WriteId, Result<Revision, WriteError>)>,
    /// The revisions of keys that were deleted: whoever makes one anew must name it.
    deleted: HashMap<String, u64>,
    /// What the machine wants, and the hands do not know yet.
    wanted: Wanted,
    /// What is being given back.
    under_way: UnderWay,
    notes: Notes,
    /// What the bucket holds.
    known: Known,
    /// Under which version each device was last taken by force.
    forced: HashMap<DeviceId, u64>,
    /// What was taken and not given back.
    held: BTreeMap<DeviceId, Epoch>,
    /// The direct line to peers; none without one.
    line: Option<PeerLine>,
}

/// What is to be given back and taken with the next order.
#[derive(Debug, Default)]
struct Wanted {
    release: Vec<DeviceId>,
    take: Vec<(DeviceId, Epoch)>,
}

/// Who a member is, and on what terms.
#[derive(Debug)]
pub struct Terms {
    /// Who it is.
    pub identity: Identity,
    /// How long leases last.
    pub timing: Timing,
    /// Where the bucket is.
    pub bucket: BucketOptions,
    /// Where peers ask while it is away; none if nobody is to be kept then.
    pub peers: Option<PeerOptions>,
}

impl Member {
    /// A member that has nothing yet. What it knows of the fleet is shown in the roll that is returned
    /// beside it.
    ///
    /// # Errors
    /// If peers cannot be listened to.
    pub async fn new(
        terms: Terms,
        hands: Hands,
        role: watch::Receiver<Role>,
        telemetry: Arc<Telemetry>,
    ) -> io::Result<(Self, watch::Receiver<Arc<Roll>>)> {
        let Terms {
            mut identity,
            timing,
            bucket,
            peers,
        } = terms;
        let line = match &peers {
            Some(peers) => Some(PeerLine::open(peers.listen, peers.advertised.as_deref()).await?),
            None => None,
        };
        let instance = identity.instance;
        identity.address = line.as_ref().map_or_else(String::new, PeerLine::address);
        let (roll, shown) = watch::channel(Arc::default());
        let channels = hands.channels.borrow().to_vec();
        let (_, unopened) = watch::channel(None);
        let member = Self {
            name: identity.name.clone(),
            participant: Participant::new(identity, timing, channels),
            options: bucket,
            hands,
            role,
            roll,
            telemetry,
            vitals: VitalsWindow::new(Instant::now()),
            write_timeout: timing.renew_every(),
            bucket: unopened,
            store: None,
            writes: JoinSet::new(),
            deleted: HashMap::new(),
            wanted: Wanted::default(),
            under_way: UnderWay::default(),
            notes: Notes::new(instance),
            known: Known::default(),
            forced: HashMap::new(),
            held: BTreeMap::new(),
            line,
        };
        Ok((member, shown))
    }

    /// Takes part until `leave` is true and all is given back; whoever does not want to wait for that
    /// may drop it, and others then wait for the end of the lease.
    pub async fn run(mut self, mut leave: watch::Receiver<bool>) {
        let (opened, bucket) = watch::channel(None);
        self.bucket = bucket;
        let (tell, mut seen) = mpsc::channel(SEEN_MAX);
        let mut tasks = JoinSet::new();
        tasks.spawn(watching::run(self.options.clone(), opened, tell));
        let mut is_leaving = false;
        let mut rolled = Moment::ZERO;
        while self.act().is_some() {
            self.give_order();
            self.notes.write(self.bucket.borrow().as_ref());
            let now = now();
            if now.since(rolled) >= ROLL_EVERY {
                rolled = now;
                self.show();
            }
            let due = self.participant.poll_timeout();
            let wait = due.map_or(ROLL_EVERY, |due| due.since(now).clamp(WAIT_MIN, ROLL_EVERY));
            tokio::select! {
                Some(told) = seen.recv() => self.on_seen(told),
                Some(written) = self.writes.join_next() => self.on_written(written),
                said = self.under_way.next() => self.on_released(said),
                Some((channel, said)) = self.hands.said.recv() => {
                    if let Some(epoch) = self.held.get(&channel) {
                        self.notes.say(channel, fleet_epoch(*epoch), said);
                    }
                }
                written = self.notes.next_written() => {
                    let (channel, noted, _) = &written;
                    let held = self.held.get(channel).copied().map(fleet_epoch);
                    let is_held = held == Some(noted.epoch);
                    self.notes.on_written(written, is_held);
                }
                heard = heard(&mut self.line) => self.on_heard(heard),
                Ok(()) = self.hands.channels.changed() => {
                    let channels = self.hands.channels.borrow_and_update().to_vec();
                    self.participant.handle_devices(channels);
                }
                Ok(()) = self.role.changed() => {
                    let role = *self.role.borrow_and_update();
                    self.participant.handle_role(role);
                }
                // A sender that is gone leaves as well.
                _ = leave.wait_for(|leave| *leave), if !is_leaving => {
                    is_leaving = true;
                    self.participant.handle_leave();
                }
                () = sleep(wait) => {}
            }
            self.extend_tenure();
        }
        self.hands.tenure.end();
        self.show();
    }

    /// Does what the machine wants; `None` if it has left.
    fn act(&mut self) -> Option<()> {
        while let Some(action) = self.participant.poll_action(now(), unix_ms()) {
            match action {
                Action::WriteRecord {
                    write,
                    expect,
                    record,
                } => {
                    let key = format!("{SESSION}{}", self.name);
                    let vitals = self.vitals.look(&self.telemetry, Instant::now());
                    let value = format::record::write(&record, Some(vitals));
                    self.write(write, key, expect, Some(value));
                }
                Action::WritePlan {
                    write,
                    expect,
                    plan,
                } => {
                    let value = format::plan::write(&plan);
                    self.write(write, PLAN.to_owned(), expect, Some(value));
                }
                Action::Close {
                    write,
                    name,
                    expect,
                } => self.write(write, format!("{SESSION}{name}"), Some(expect), None),
                Action::AskGrant {
                    grant,
                    address,
                    request,
                } => match &mut self.line {
                    Some(line) => line.ask(grant, &address, request),
                    None => self.participant.handle_grant(grant, false, now()),
                },
                Action::Take {
                    device,
                    epoch,
                    is_forced,
                } => {
                    if let Some(epoch) = self.epoch(device, epoch.raw(), is_forced) {
                        self.wanted.take.push((device, epoch));
                    }
                }
                Action::Release { device } => self.release(device),
                Action::Fence => self.fence(),
                Action::Left => return None,
            }
        }
        self.extend_tenure();
        Some(())
    }

    /// Under which epoch a device is taken. What was once taken by force under one version stays so, or its
    /// epochs would go back.
    fn epoch(&mut self, device: DeviceId, version: u64, is_forced: bool) -> Option<Epoch> {
        let before = self.forced.get(&device) == Some(&version);
        if is_forced {
            self.forced.insert(device, version);
        }
        Epoch::of_hand_over(version, is_forced || before)
    }

    /// Before anything else is done: until when devices may be asked.
    fn extend_tenure(&self) {
        match self.participant.lease_until() {
            Moment::ZERO => self.hands.tenure.end(),
            until => {
                let until = Duration::from_nanos(until.as_nanos());
                self.hands.tenure.set_end(Some(until));
            }
        }
    }

    fn release(&mut self, device: DeviceId) {
        let before = self.wanted.take.len();
        self.wanted.take.retain(|(taken, _)| *taken != device);
        if self.wanted.take.len() < before {
            // It was not even begun.
            self.participant.handle_released(device, now());
        } else if !self.is_leaving(device) {
            self.wanted.release.push(device);
        }
    }

    /// Whether it is to be given back already.
    fn is_leaving(&self, device: DeviceId) -> bool {
        let mut leaving = self.under_way.channels().iter().chain(&self.wanted.release);
        leaving.any(|leaving| *leaving == device)
    }

    fn fence(&mut self) {
        self.hands.tenure.end();
        self.telemetry.fleet.fences.increment();
        tracing::error!(
            channels = self.held.len(),
            "the lease is over: all that the fleet shares is given up"
        );
        for (device, _) in std::mem::take(&mut self.wanted.take) {
            self.participant.handle_released(device, now());
        }
        let leaving = self.under_way.channels().iter().chain(&self.wanted.release);
        let leaving: HashSet<_> = leaving.copied().collect();
        let left = self.held.keys().filter(|device| !leaving.contains(device));
        let left: Vec<_> = left.copied().collect();
        self.wanted.release.extend(left);
    }

    /// Tells the hands what to do, if they are free.
    fn give_order(&mut self) {
        let Wanted { release, take } = &self.wanted;
        if !self.under_way.is_nothing() || release.is_empty() && take.is_empty() {
            return;
        }
        let Wanted { release, take } = std::mem::take(&mut self.wanted);
        let (released, is_released) = oneshot::channel();
        self.held.extend(take.iter().copied());
        let cells = &self.telemetry.fleet;
        cells.takes.add(take.len() as u64);
        cells.releases.add(release.len() as u64);
        self.under_way = UnderWay::of_hands(release.clone(), is_released);
        let notes = take.iter().filter_map(|(channel, _)| {
            let note = self.notes.of(*channel)?;
            Some((*channel, note))
        });
        let order = HandOver {
            release,
            notes: notes.collect(),
            take,
            released,
        };
        // If nobody is there to take it, nothing is held either.
        let _ = self.hands.orders.try_send(order);
    }

    /// The hands gave back what they were told to, and `said` is to be noted of it; or that is done as well.
    fn on_released(&mut self, said: Option<Vec<(DeviceId, Bytes)>>) {
        let channels = self.under_way.take();
        if let Some(said) = said {
            let closed = said.into_iter().filter_map(|(channel, said)| {
                let epoch = self.held.get(&channel)?;
                Some((channel, fleet_epoch(*epoch), said))
            });
            let bucket = self.bucket.borrow().clone();
            let noting = self.notes.close(bucket, closed.collect());
            self.under_way = UnderWay::of_notes(channels, noting);
            return;
        }
        for device in channels {
            self.held.remove(&device);
            self.participant.handle_released(device, now());
        }
    }

    fn on_heard(&mut self, heard: Heard) {
        match heard {
            Heard::Question(question) => {
                let request = question.request;
                let is_granted = self.participant.handle_grant_request(request, now());
                if let Some(line) = &self.line {
                    line.answer(&question, is_granted);
                }
            }
            Heard::Answer(grant, is_granted) => {
                self.participant.handle_grant(grant, is_granted, now());
            }
        }
    }

    fn on_written(
        &mut self,
        written: Result<(WriteId, Result<Revision, WriteError>), tokio::task::JoinError>,
    ) {
        // A write neither panics nor is it aborted.
        let Ok((write, outcome)) = written else {
            return;
        };
        let reachable = &self.telemetry.fleet.reachable;
        match outcome {
            Ok(_) => reachable.set(1),
            Err(WriteError::Unknown) => reachable.set(0),
            // Somebody else wrote; or what this was written over is no more, which the watch will tell.
            Err(WriteError::Conflict) => {}
        }
        self.participant.handle_written(write, outcome, now());
    }

    fn write(
        &mut self,
        write: WriteId,
        key: String,
        expect: Option<Revision>,
        value: Option<Bytes>,
    ) {
        let known = || self.deleted.get(&key).copied().unwrap_or(0);
        let expect = expect.map_or_else(known, Revision::raw);
        let (bucket, within) = (self.bucket.borrow().clone(), self.write_timeout);
        self.writes.spawn(async move {
            let written = async {
                match bucket {
                    Some(bucket) => bucket.write(&key, expect, value).await,
                    None => std::future::pending().await,
                }
            };
            let written = timeout(within, written).await;
            (write, written.unwrap_or(Err(WriteError::Unknown)))
        });
    }

    fn show(&mut self) {
        let cells = &self.telemetry.fleet;
        cells.held.set(self.held.len() as u64);
        let channels = self.hands.channels.borrow().len();
        cells.channels.set(channels as u64);
        let is_kept = self.participant.is_kept_by_peers(now());
        cells.kept_by_peers.set(u64::from(is_kept));
        if let Some(roll) = self.known.roll() {
            let unowned = if roll.plan == 0 {
                channels
            } else {
                roll.unowned
            };
            cells.unowned.set(unowned as u64);
            self.roll.send_replace(Arc::new(roll));
        }
    }
}

/// The same as the machine counts it.
fn fleet_epoch(epoch: Epoch) -> gridos_fleet::Epoch {
    gridos_fleet::Epoch::from_raw(epoch.version())
}

/// What peers say next; never, without a line to them.
async fn heard(line: &mut Option<PeerLine>) -> Heard {
    match line {
        Some(line) => line.hear().await,
        None => std::future::pending().await,
    }
}

fn now() -> Moment {
    Moment::from_nanos(u64::try_from(boot_time().as_nanos()).unwrap_or(u64::MAX))
}

fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(0)
}
