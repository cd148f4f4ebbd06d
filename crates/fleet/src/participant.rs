//! One engine's part in the fleet: all of its machines behind one door.

mod action;
mod status;

use std::collections::{BTreeSet, VecDeque};

use gridos_model::DeviceId;

pub use action::{Action, GrantRequest, Identity, WriteError};
pub use status::{MemberStatus, Status};

use crate::closing::Watcher;
use crate::leader::Leader;
use crate::lease::Lease;
use crate::member::Member;
use crate::view::View;
use crate::witness::Witness;
use crate::{
    Device, Epoch, GrantId, MemberRecord, Moment, Plan, Revision, Role, SessionId, Share, Timing,
    WriteId,
};

/// One engine in the fleet.
///
/// What the store's watch tells, how writes ended and what the engine let go goes in by `handle_*`; what is to be done
/// comes out of [`Participant::poll_action`]. Before each poll of a device is sent, and before its answer is taken,
/// the driver compares the clock with [`Participant::lease_until`].
#[derive(Debug)]
pub struct Participant {
    identity: Identity,
    timing: Timing,
    view: View,
    lease: Lease,
    member: Member,
    leader: Leader,
    witness: Witness,
    queue: VecDeque<Action>,
    /// Since when our renewals have succeeded without a break.
    up_since: Moment,
    /// When the watch first told all; before nobody can be said to be silent.
    joined_at: Option<Moment>,
    renewed: Writing,
    renewal: u64,
    renew_at: Moment,
    /// When a write that failed may be tried again.
    retry_at: Moment,
    planned: Writing,
    plan_at: Moment,
    /// What the view was when the last plan was made or found to be right.
    planned_for: Option<u64>,
    closed: Writing,
    close_at: Moment,
    asked: Vec<Asked>,
    next_write: WriteId,
    next_grant: GrantId,
    is_fenced: bool,
    /// Whether the store's own lease lasted when last looked at.
    has_store: bool,
    leaving: Leaving,
}

/// The one write of its kind that is under way.
type Writing = Option<(WriteId, u64)>;

#[derive(Clone, Copy, Debug)]
struct Asked {
    grant: GrantId,
    peer: SessionId,
    at: Moment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaving {
    No,
    Asked,
    Left,
}

impl Participant {
    /// An engine that is about to join, with all devices of the fleet's configuration.
    pub fn new(identity: Identity, timing: Timing, devices: Vec<Device>) -> Self {
        Self {
            identity,
            timing,
            view: View::default(),
            lease: Lease::new(timing),
            member: Member::default(),
            leader: Leader::new(devices),
            witness: Witness::default(),
            queue: VecDeque::new(),
            up_since: Moment::ZERO,
            joined_at: None,
            renewed: None,
            renewal: 0,
            renew_at: Moment::ZERO,
            retry_at: Moment::ZERO,
            planned: None,
            plan_at: Moment::ZERO,
            planned_for: None,
            closed: None,
            close_at: Moment::ZERO,
            asked: Vec::new(),
            next_write: WriteId::default(),
            next_grant: GrantId::default(),
            is_fenced: true,
            has_store: false,
            leaving: Leaving::No,
        }
    }

    // ----- the watch -------------------------------------------------------------------------

    /// The watch told a member's record, or that it was deleted.
    pub fn handle_record(
        &mut self,
        name: &str,
        revision: Revision,
        record: Option<MemberRecord>,
        now: Moment,
    ) {
        self.view.handle_record(name, revision, record, now);
        if name == self.identity.name {
            self.know_again(now);
        }
    }

    /// The watch told the plan, or that it was deleted.
    pub fn handle_plan(&mut self, revision: Revision, plan: Option<Plan>, _now: Moment) {
        self.view.handle_plan(revision, plan);
        self.follow_plan();
    }

    /// The watch told the canary's share.
    pub fn handle_share(&mut self, revision: Revision, share: Share, _now: Moment) {
        self.view.handle_share(revision, share);
    }

    /// The watch has told all that was there when it began.
    pub fn handle_snapshot_complete(&mut self, now: Moment) {
        self.view.handle_snapshot_complete();
        self.joined_at.get_or_insert(now);
        self.know_again(now);
    }

    /// The watch broke: the next one begins with a snapshot.
    pub fn handle_watch_lost(&mut self) {
        self.view.handle_watch_lost();
    }

    // ----- answers ---------------------------------------------------------------------------

    /// How a write ended. Each is answered; with [`WriteError::Unknown`] when no answer came in time.
    pub fn handle_written(
        &mut self,
        write: WriteId,
        outcome: Result<Revision, WriteError>,
        now: Moment,
    ) {
        let retry_at = now + self.timing.renew_every() / 5;
        if let Some((_, renewal)) = self.renewed.take_if(|(id, _)| *id == write) {
            match outcome {
                Ok(revision) => self.on_renewed(renewal, revision, now),
                Err(_) => {
                    self.member.on_untold();
                    (self.renew_at, self.retry_at) = (retry_at, retry_at);
                }
            }
        } else if self.planned.take_if(|(id, _)| *id == write).is_some() {
            if outcome.is_err() {
                self.planned_for = None;
                self.plan_at = retry_at;
            }
        } else if let Some((_, session)) = self.closed.take_if(|(id, _)| *id == write) {
            self.close_at = retry_at;
            let is_own = self.lease.session().is_some_and(|me| me.raw() == session);
            if outcome.is_ok() && is_own {
                self.leave();
            }
        }
    }

    /// A peer's answer to [`Action::AskGrant`].
    pub fn handle_grant(&mut self, grant: GrantId, granted: bool, _now: Moment) {
        let Some(place) = self.asked.iter().position(|asked| asked.grant == grant) else {
            return;
        };
        let asked = self.asked.swap_remove(place);
        if granted {
            self.lease.on_granted(asked.peer, asked.at);
        }
    }

    /// A peer asks whether its session will be left alone; the answer is for the peer.
    pub fn handle_grant_request(&mut self, request: GrantRequest, now: Moment) -> bool {
        self.lease.session() == Some(request.peer)
            && self
                .witness
                .try_promise(request.subject, request.hold_off, &self.view, now)
    }

    // ----- the engine ------------------------------------------------------------------------

    /// After [`Action::Release`] or [`Action::Fence`]: the device is polled no more, its connection is closed, and
    /// what it was owed is paid.
    pub fn handle_released(&mut self, device: DeviceId, _now: Moment) {
        let me = self.lease.session();
        self.member.handle_released(device, self.view.plan(), me);
    }

    /// The member has another role.
    pub fn handle_role(&mut self, role: Role) {
        if self.identity.role != role {
            self.identity.role = role;
            self.member.on_untold();
        }
    }

    /// The fleet has other devices.
    pub fn handle_devices(&mut self, devices: Vec<Device>) {
        self.leader.set_devices(devices);
        self.planned_for = None;
    }

    /// The engine is about to end: its devices go to others, and then [`Action::Left`] comes.
    pub fn handle_leave(&mut self) {
        if self.leaving == Leaving::No {
            self.leaving = Leaving::Asked;
            self.member.on_untold();
        }
    }

    // ----- what to do ------------------------------------------------------------------------

    /// Until when devices may be polled and their answers taken; [`Moment::ZERO`] without a lease.
    pub fn lease_until(&self) -> Moment {
        self.lease.until()
    }

    /// The next thing to do. `unix_ms` is the time of day in milliseconds: the first plan's version.
    pub fn poll_action(&mut self, now: Moment, unix_ms: u64) -> Option<Action> {
        self.keep_lease(now);
        if self.queue.is_empty() {
            self.turn(now, unix_ms);
        }
        self.queue.pop_front()
    }

    /// When [`Participant::poll_action`] is to be asked again, if nothing happens before.
    pub fn poll_timeout(&self) -> Option<Moment> {
        if !self.queue.is_empty() {
            return Some(Moment::ZERO);
        }
        if self.leaving == Leaving::Left {
            return None;
        }
        let fence = (!self.is_fenced).then(|| self.lease.until());
        let all = [
            fence,
            self.renew_from(),
            self.ask_from(),
            self.close_from(),
            self.plan_from(),
        ];
        all.into_iter().flatten().min()
    }

    // ----- within ----------------------------------------------------------------------------

    /// Stops all when the lease is over; a renewal lets it go on.
    fn keep_lease(&mut self, now: Moment) {
        self.has_store = now < self.lease.store_until();
        if now < self.lease.until() {
            self.is_fenced = false;
        } else if !self.is_fenced {
            self.fence();
        }
    }

    fn fence(&mut self) {
        self.is_fenced = true;
        self.queue
            .retain(|action| !matches!(action, Action::Take { .. }));
        self.member.fence();
        self.queue.push_front(Action::Fence);
    }

    fn turn(&mut self, now: Moment, unix_ms: u64) {
        if self.leaving == Leaving::Left {
            return;
        }
        self.renew(now);
        self.ask(now);
        if self.has_store {
            self.take();
            self.close(now);
            self.plan(now, unix_ms);
        }
        self.go(now);
    }

    fn take(&mut self) {
        if self.leaving != Leaving::No {
            return;
        }
        let taken = self.member.take(&self.view);
        let take = |(device, epoch)| Action::Take { device, epoch };
        self.queue.extend(taken.into_iter().map(take));
    }

    fn renew(&mut self, now: Moment) {
        if self.renew_from().is_none_or(|from| now < from) {
            return;
        }
        let session = self.lease.session();
        let expect = match session {
            Some(_) => self.lease.revision(),
            // The process before this one, which is no more.
            None => self
                .view
                .of_name(&self.identity.name)
                .map(|seen| seen.revision),
        };
        self.renewal += 1;
        let peers = self.lease.on_sent(self.renewal, now, self.peers());
        let record = self.record(session, peers);
        let write = self.write_id();
        self.renewed = Some((write, self.renewal));
        self.renew_at = now + self.timing.renew_every();
        self.queue.push_back(Action::WriteRecord {
            write,
            expect,
            record,
        });
    }

    /// From when the record is to be written.
    fn renew_from(&self) -> Option<Moment> {
        let is_ending =
            self.is_going() || self.leaving != Leaving::No && self.lease.session().is_none();
        let is_able = self.renewed.is_none() && self.view.is_complete() && !is_ending;
        // Somebody else of the same name, or of a data folder that is lost, has to be closed first.
        let is_taken = self.lease.session().is_none()
            && self
                .view
                .of_name(&self.identity.name)
                .is_some_and(|seen| seen.record.instance != self.identity.instance);
        let from = if self.member.is_awaited() {
            self.retry_at
        } else {
            self.renew_at
        };
        (is_able && !is_taken).then_some(from)
    }

    fn record(&mut self, session: Option<SessionId>, peers: Vec<SessionId>) -> MemberRecord {
        let (seen, releasing) = self.member.tell();
        let identity = &self.identity;
        MemberRecord {
            session,
            instance: identity.instance,
            birth: identity.birth,
            renewal: self.renewal,
            role: identity.role,
            capacity: identity.capacity,
            address: identity.address.clone(),
            version: identity.version.clone(),
            hold_off: self.timing.hold_off(),
            keep_hold_off: self.timing.keep_hold_off(),
            peers,
            seen,
            releasing,
            leaving: self.leaving != Leaving::No,
        }
    }

    /// Who may close this session after the shorter hold-off, and therefore has to grant.
    fn peers(&self) -> Vec<SessionId> {
        if !self.timing.keeps() {
            return Vec::new();
        }
        let others = self
            .view
            .sessions()
            .filter(|(name, _)| *name != self.identity.name);
        others.map(|(_, seen)| seen.session).collect()
    }

    fn on_renewed(&mut self, renewal: u64, revision: Revision, now: Moment) {
        // A break in which nobody could renew says nothing about the others.
        if now >= self.lease.store_until() {
            self.up_since = now;
        }
        let begun = self.lease.session();
        let id = begun.unwrap_or(SessionId::begun_at(revision));
        self.lease.on_written(renewal, id, revision);
        if begun.is_none() {
            self.follow_plan();
        }
    }

    /// Finds out from the view what became of the own session.
    fn know_again(&mut self, now: Moment) {
        let own = self.view.of_name(&self.identity.name);
        let ours = own.filter(|seen| {
            seen.record.birth == self.identity.birth
                && seen.record.instance == self.identity.instance
        });
        if let Some((renewal, revision)) = ours.map(|seen| (seen.record.renewal, seen.revision)) {
            if self.lease.revision().is_none_or(|known| known < revision) {
                self.on_renewed(renewal, revision, now);
            }
            return;
        }
        let is_over = self
            .lease
            .revision()
            .is_some_and(|known| self.view.has_told(known));
        if is_over {
            self.lease.on_over();
            self.renew_at = now;
            if !self.is_fenced {
                self.fence();
            }
            self.follow_plan();
        }
    }

    fn follow_plan(&mut self) {
        let released = self
            .member
            .handle_plan(self.view.plan(), self.lease.session());
        let release = |device| Action::Release { device };
        self.queue.extend(released.into_iter().map(release));
    }

    fn ask(&mut self, now: Moment) {
        let Some(me) = self.lease.session() else {
            return;
        };
        let due: Vec<_> = self.asks().filter(|(at, _)| now >= *at).collect();
        for (_, peer) in due {
            let Some((_, seen)) = self.view.of_session(peer) else {
                continue;
            };
            let address = seen.record.address.clone();
            self.next_grant = self.next_grant.next();
            self.asked.retain(|asked| asked.peer != peer);
            self.asked.push(Asked {
                grant: self.next_grant,
                peer,
                at: now,
            });
            self.queue.push_back(Action::AskGrant {
                grant: self.next_grant,
                address,
                request: GrantRequest {
                    subject: me,
                    peer,
                    hold_off: self.timing.hold_off(),
                },
            });
        }
    }

    /// Which peers are to be asked, each from when: once the lease is half gone, before their last grant ends, and
    /// not while an answer may come.
    fn asks(&self) -> impl Iterator<Item = (Moment, SessionId)> {
        let from = self.lease.ask_from().filter(|_| !self.is_fenced);
        let needed: BTreeSet<_> = self.lease.needed().collect();
        let known = needed
            .into_iter()
            .filter(|peer| self.view.of_session(*peer).is_some());
        known.filter_map(move |peer| {
            let last = self.asked.iter().find(|asked| asked.peer == peer);
            let patient = last.map_or(Moment::ZERO, |asked| asked.at + self.timing.renew_every());
            Some((from?.max(self.lease.ask_again_at(peer)).max(patient), peer))
        })
    }

    fn ask_from(&self) -> Option<Moment> {
        self.asks().map(|(at, _)| at).min()
    }

    fn watcher(&self) -> Option<Watcher<'_>> {
        Some(Watcher {
            me: self.lease.session()?,
            up_since: self.up_since,
            witness: &self.witness,
        })
    }

    /// Closes one session that was quiet for its hold-off.
    fn close(&mut self, now: Moment) {
        self.witness.prune(&self.view);
        if self.close_from().is_none_or(|from| now < from) {
            return;
        }
        if let Some((name, session, expect)) = self.closable(now) {
            self.witness.on_closing(session, expect);
            let write = self.write_id();
            self.closed = Some((write, session.raw()));
            self.queue.push_back(Action::Close {
                write,
                name,
                expect,
            });
        }
    }

    /// A session that was quiet for its hold-off: its name and the revision that was quiet.
    fn closable(&self, now: Moment) -> Option<(String, SessionId, Revision)> {
        let watcher = self.watcher()?;
        self.view
            .sessions()
            .filter(|(_, seen)| seen.session != watcher.me)
            .find(|(_, seen)| now >= watcher.closable_from(seen))
            .map(|(name, seen)| (name.to_owned(), seen.session, seen.revision))
    }

    /// From when there is a session to close, if nothing is heard of it.
    fn close_from(&self) -> Option<Moment> {
        let is_able = self.has_store && self.closed.is_none() && self.view.is_complete();
        let watcher = self.watcher().filter(|_| is_able)?;
        let others = self
            .view
            .sessions()
            .filter(|(_, s)| s.session != watcher.me);
        let first = others.map(|(_, seen)| watcher.closable_from(seen)).min();
        first.map(|first| first.max(self.close_at))
    }

    /// From when this member is the first of those that are not silent.
    fn lead_from(&self) -> Option<Moment> {
        let watcher = self.watcher()?;
        let before = self.view.sessions().filter(|(_, s)| s.session < watcher.me);
        let silent = before.map(|(_, seen)| watcher.silent_from(seen));
        Some(silent.fold(Moment::ZERO, Moment::max))
    }

    /// From when there may be a plan to make.
    fn plan_from(&self) -> Option<Moment> {
        let is_known = self.planned_for == Some(self.view.generation());
        let is_able = self.has_store && self.planned.is_none() && self.view.is_complete();
        let lead_from = self.lead_from().filter(|_| is_able && !is_known)?;
        Some(lead_from.max(self.plan_at))
    }

    fn plan(&mut self, now: Moment, unix_ms: u64) {
        if self.plan_from().is_none_or(|from| now < from) {
            return;
        }
        if self.view.plan().is_none() {
            // A whole store may have been lost. Who still has a lease of it is not in this one, so it has to run out.
            let may_from = self.joined_at.unwrap_or(now) + self.timing.hold_off();
            if now < may_from {
                self.plan_at = may_from;
                return;
            }
        }
        self.planned_for = Some(self.view.generation());
        if self.view.plan().is_none() && !self.is_idle() {
            return;
        }
        let first = Epoch::from_raw(unix_ms);
        let Some(plan) = self.leader.next_plan(&self.view, first) else {
            return;
        };
        let write = self.write_id();
        self.planned = Some((write, 0));
        self.queue.push_back(Action::WritePlan {
            write,
            expect: self.view.plan_revision(),
            plan,
        });
    }

    /// Whether nobody acts upon a plan that is no more.
    fn is_idle(&self) -> bool {
        let mut records = self.view.sessions().map(|(_, seen)| &seen.record);
        records.all(|record| record.seen == Epoch::default() && record.releasing.is_empty())
    }

    // ----- leaving ---------------------------------------------------------------------------

    /// Whether the own session is being ended.
    fn is_going(&self) -> bool {
        self.leaving != Leaving::No
            && self.closed.is_some_and(|(_, session)| {
                self.lease.session().is_some_and(|me| me.raw() == session)
            })
    }

    /// Ends the own session when nothing is held and nothing given.
    fn go(&mut self, now: Moment) {
        if self.leaving != Leaving::Asked || self.member.held() > 0 {
            return;
        }
        let Some(me) = self.lease.session() else {
            if self.renewed.is_none() {
                self.leave();
            }
            return;
        };
        let told = self
            .view
            .of_session(me)
            .is_some_and(|(_, seen)| seen.record.leaving);
        let is_free = told && self.member.waiting() == 0;
        let is_able = self.closed.is_none() && self.renewed.is_none() && now >= self.close_at;
        if let (true, true, Some(expect)) = (is_free, is_able, self.lease.revision()) {
            let write = self.write_id();
            self.closed = Some((write, me.raw()));
            let name = self.identity.name.clone();
            self.queue.push_back(Action::Close {
                write,
                name,
                expect,
            });
        }
    }

    fn leave(&mut self) {
        self.leaving = Leaving::Left;
        self.lease.on_over();
        self.is_fenced = true;
        self.queue.push_back(Action::Left);
    }

    fn write_id(&mut self) -> WriteId {
        self.next_write = self.next_write.next();
        self.next_write
    }
}
