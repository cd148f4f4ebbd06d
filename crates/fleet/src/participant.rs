//! One engine's part in the fleet: all of its machines behind one door.

mod action;
mod anew;
mod leading;
mod renewing;
mod status;

use std::collections::VecDeque;

use gridos_model::DeviceId;

pub use action::{Action, GrantRequest, Identity, WriteError};
pub use status::{MemberStatus, Status};

use crate::leader::Leader;
use crate::lease::Lease;
use crate::member::{Member, Taken};
use crate::view::View;
use crate::witness::Witness;
use crate::{
    Device, GrantId, MemberRecord, Moment, Plan, Revision, Role, SessionId, Share, StoreId, Timing,
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
    /// The store that the view is of.
    store: Option<StoreId>,
    view: View,
    lease: Lease,
    /// Since when the lease is of a store that is no more.
    bereft_at: Option<Moment>,
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
            store: None,
            view: View::default(),
            bereft_at: None,
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

    /// A watch begins, and is of that store.
    pub fn handle_store(&mut self, store: StoreId, now: Moment) {
        if self.store.replace(store).is_some_and(|was| was != store) {
            self.on_other_store(now);
        }
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
            && self.store == Some(request.store)
            && self.bereft_at.is_none()
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
        let until = self.lease.until();
        let bereft = self.bereft_at.map(|at| at + self.timing.fence_after());
        bereft.map_or(until, |end| until.min(end))
    }

    /// Whether it lives on by its peers' grants, the store being away.
    pub fn is_kept_by_peers(&self, now: Moment) -> bool {
        now >= self.lease.store_until() && now < self.lease_until()
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
        let is_due = !self.is_fenced || self.bereft_at.is_some();
        let fence = is_due.then(|| self.lease_until());
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
        if self.bereft_at.is_some() && (now >= self.lease_until() || self.leaving != Leaving::No) {
            self.begin_anew(now);
        }
        self.has_store = self.bereft_at.is_none() && now < self.lease.store_until();
        if now < self.lease_until() {
            self.is_fenced = false;
        } else if !self.is_fenced {
            self.fence();
        }
    }

    fn fence(&mut self) {
        self.is_fenced = true;
        self.member.fence();
        let (me, plan) = (self.lease.session(), self.view.plan());
        // What the driver has not been told to take, it has not to let go.
        let untold = |action: &Action| match action {
            Action::Take { device, .. } => {
                self.member.handle_released(*device, plan, me);
                false
            }
            Action::WriteRecord { .. }
            | Action::WritePlan { .. }
            | Action::Close { .. }
            | Action::AskGrant { .. }
            | Action::Release { .. }
            | Action::Fence
            | Action::Left => true,
        };
        self.queue.retain(untold);
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
        let take = |taken: Taken| Action::Take {
            device: taken.device,
            epoch: taken.epoch,
            is_forced: taken.is_forced,
        };
        self.queue.extend(taken.into_iter().map(take));
    }

    fn follow_plan(&mut self) {
        if self.bereft_at.is_some() {
            return;
        }
        let released = self
            .member
            .handle_plan(self.view.plan(), self.lease.session());
        let release = |device| Action::Release { device };
        self.queue.extend(released.into_iter().map(release));
    }

    fn write_id(&mut self) -> WriteId {
        self.next_write = self.next_write.next();
        self.next_write
    }
}
