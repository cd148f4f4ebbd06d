//! What the shared store has shown so far.

use std::collections::{BTreeMap, BTreeSet};

use crate::{MemberRecord, Moment, Plan, Revision, SessionId, Share};

/// The store's keys as its watch told them. It may be behind; it never goes back.
#[derive(Debug, Default)]
pub(crate) struct View {
    sessions: BTreeMap<String, Seen>,
    plan: Option<Plan>,
    plan_revision: Revision,
    share: Share,
    share_revision: Revision,
    /// The greatest revision that this watch told.
    watched: Revision,
    /// Names told since the watch began, until all that was there has been told.
    told: BTreeSet<String>,
    is_complete: bool,
    /// Changes with everything that the plan depends on.
    generation: u64,
}

/// A member's record, and since when it stands.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) session: SessionId,
    pub(crate) revision: Revision,
    pub(crate) record: MemberRecord,
    /// When this member first saw that revision, by its own clock: not before it was written.
    pub(crate) heard: Moment,
}

impl View {
    pub(crate) fn handle_record(
        &mut self,
        name: &str,
        revision: Revision,
        record: Option<MemberRecord>,
        now: Moment,
    ) {
        self.watched = self.watched.max(revision);
        self.told.insert(name.to_owned());
        let known = self.sessions.get(name);
        if known.is_some_and(|seen| seen.revision >= revision) {
            return;
        }
        let Some(record) = record else {
            if self.sessions.remove(name).is_some() {
                self.generation += 1;
            }
            return;
        };
        if known.is_none_or(|seen| matters(&seen.record, &record)) {
            self.generation += 1;
        }
        let seen = Seen {
            session: record.session_at(revision),
            revision,
            record,
            heard: now,
        };
        self.sessions.insert(name.to_owned(), seen);
    }

    pub(crate) fn handle_plan(&mut self, revision: Revision, plan: Option<Plan>) {
        self.watched = self.watched.max(revision);
        if revision > self.plan_revision {
            self.plan = plan;
            self.plan_revision = revision;
            self.generation += 1;
        }
    }

    pub(crate) fn handle_share(&mut self, revision: Revision, share: Share) {
        self.watched = self.watched.max(revision);
        if revision > self.share_revision {
            self.share = share;
            self.share_revision = revision;
            self.generation += 1;
        }
    }

    /// What this watch did not tell is gone, unless the watch is behind what was known of it.
    pub(crate) fn handle_snapshot_complete(&mut self) {
        let (told, watched) = (std::mem::take(&mut self.told), self.watched);
        self.sessions
            .retain(|name, seen| told.contains(name) || seen.revision > watched);
        self.is_complete = true;
        self.generation += 1;
    }

    pub(crate) fn handle_watch_lost(&mut self) {
        self.is_complete = false;
        self.told.clear();
        self.watched = Revision::default();
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.is_complete
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn sessions(&self) -> impl Iterator<Item = (&str, &Seen)> + Clone {
        self.sessions
            .iter()
            .map(|(name, seen)| (name.as_str(), seen))
    }

    pub(crate) fn of_name(&self, name: &str) -> Option<&Seen> {
        self.sessions.get(name)
    }

    pub(crate) fn of_session(&self, session: SessionId) -> Option<(&str, &Seen)> {
        self.sessions().find(|(_, seen)| seen.session == session)
    }

    pub(crate) fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()
    }

    /// The revision of the plan that is there; none if there is none.
    pub(crate) fn plan_revision(&self) -> Option<Revision> {
        self.plan.is_some().then_some(self.plan_revision)
    }

    pub(crate) fn share(&self) -> Share {
        self.share
    }

    /// Whether that session has surely ended: it began before what was told, and is not there. What is not
    /// known says nothing.
    pub(crate) fn is_over(&self, session: SessionId) -> bool {
        self.has_told(Revision::from_raw(session.raw())) && self.of_session(session).is_none()
    }

    /// Whether all that was written up to that revision has been told.
    pub(crate) fn has_told(&self, revision: Revision) -> bool {
        self.is_complete && revision <= self.watched
    }
}

/// Whether the plan may be another with the record `new` instead of `old`.
fn matters(old: &MemberRecord, new: &MemberRecord) -> bool {
    new.session.is_none()
        || old.role != new.role
        || old.capacity != new.capacity
        || old.leaving != new.leaving
        || old.seen != new.seen
        || old.releasing != new.releasing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_told_and_is_not_there_is_over() {
        let mut view = View::default();
        let share = |view: &mut View, n| view.handle_share(Revision::from_raw(n), Share::NONE);
        let is_over = |view: &View, n| view.is_over(SessionId::from_raw(n));
        share(&mut view, 5);
        assert!(!is_over(&view, 5), "the watch has not told all");
        view.handle_snapshot_complete();
        assert!(is_over(&view, 5));
        assert!(!is_over(&view, 6), "it may come");
        // A replica that is behind tells less than was known.
        view.handle_watch_lost();
        share(&mut view, 3);
        view.handle_snapshot_complete();
        assert!(is_over(&view, 3) && !is_over(&view, 5));
    }
}
