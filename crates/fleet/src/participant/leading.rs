//! What a participant does for all: it closes sessions that are quiet, and makes plans.

use super::{Action, Participant};
use crate::closing::Watcher;
use crate::{Epoch, Moment, Revision, SessionId};

impl Participant {
    pub(super) fn watcher(&self) -> Option<Watcher<'_>> {
        Some(Watcher {
            me: self.lease.session()?,
            up_since: self.up_since,
            witness: &self.witness,
        })
    }

    /// Closes one session that was quiet for its hold-off.
    pub(super) fn close(&mut self, now: Moment) {
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
    pub(super) fn close_from(&self) -> Option<Moment> {
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
    pub(super) fn plan_from(&self) -> Option<Moment> {
        let is_known = self.planned_for == Some(self.view.generation());
        let is_able = self.has_store && self.planned.is_none() && self.view.is_complete();
        let lead_from = self.lead_from().filter(|_| is_able && !is_known)?;
        Some(lead_from.max(self.plan_at))
    }

    pub(super) fn plan(&mut self, now: Moment, unix_ms: u64) {
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
}
