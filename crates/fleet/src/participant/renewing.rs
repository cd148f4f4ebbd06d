//! How a participant keeps its session alive, and ends it.

use std::collections::BTreeSet;

use super::{Action, Asked, GrantRequest, Leaving, Participant};
use crate::{MemberRecord, Moment, Revision, SessionId};

impl Participant {
    pub(super) fn renew(&mut self, now: Moment) {
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
    pub(super) fn renew_from(&self) -> Option<Moment> {
        let is_ending =
            self.is_going() || self.leaving != Leaving::No && self.lease.session().is_none();
        let has_store = self.bereft_at.is_none() && self.view.is_complete();
        let is_able = self.renewed.is_none() && has_store && !is_ending;
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

    pub(super) fn on_renewed(&mut self, renewal: u64, revision: Revision, now: Moment) {
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
    pub(super) fn know_again(&mut self, now: Moment) {
        if self.bereft_at.is_some() {
            return;
        }
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
            let is_own_doing = self.is_going();
            self.lease.on_over();
            // An answer that comes later is of the session that is over.
            self.renewed = None;
            self.renew_at = now;
            if is_own_doing {
                self.leave();
            } else if !self.is_fenced {
                self.fence();
            }
            self.follow_plan();
        }
    }

    pub(super) fn ask(&mut self, now: Moment) {
        let (Some(me), Some(store)) = (self.lease.session(), self.store) else {
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
                    store,
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
        let is_able = !self.is_fenced && self.bereft_at.is_none();
        let from = self.lease.ask_from().filter(|_| is_able);
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

    pub(super) fn ask_from(&self) -> Option<Moment> {
        self.asks().map(|(at, _)| at).min()
    }

    /// Whether the own session is being ended.
    pub(super) fn is_going(&self) -> bool {
        self.leaving != Leaving::No
            && self.closed.is_some_and(|(_, session)| {
                self.lease.session().is_some_and(|me| me.raw() == session)
            })
    }

    /// Ends the own session when nothing is held and nothing given.
    pub(super) fn go(&mut self, now: Moment) {
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

    pub(super) fn leave(&mut self) {
        self.leaving = Leaving::Left;
        self.lease.on_over();
        self.is_fenced = true;
        self.queue.push_back(Action::Left);
    }
}
