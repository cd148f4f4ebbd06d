//! A member's own lease: until when it may poll, and what it has to do for that.

use std::collections::{BTreeMap, VecDeque};

use crate::{Moment, Revision, SessionId, Timing};

/// How many writes without an answer are remembered. An older one that turns out to have succeeded still tells the
/// revision, and lengthens nothing.
const ATTEMPTS_MAX: usize = 64;

/// The session that a member has in the store, and how long it may rely on it.
#[derive(Debug)]
pub(crate) struct Lease {
    timing: Timing,
    session: Option<Session>,
    /// Writes of which it is not known whether they succeeded. All expect the same revision, so at most one did.
    attempts: VecDeque<Attempt>,
    /// The peers that all of `attempts` name.
    attempted_peers: Option<Vec<SessionId>>,
    /// Until when each peer's grant lasts, by our own clock.
    grants: BTreeMap<SessionId, Moment>,
}

#[derive(Debug)]
struct Session {
    id: SessionId,
    revision: Revision,
    /// When the last write that succeeded was sent.
    sent_at: Moment,
    peers: Vec<SessionId>,
}

#[derive(Clone, Copy, Debug)]
struct Attempt {
    renewal: u64,
    sent_at: Moment,
}

impl Lease {
    pub(crate) fn new(timing: Timing) -> Self {
        Self {
            timing,
            session: None,
            attempts: VecDeque::new(),
            attempted_peers: None,
            grants: BTreeMap::new(),
        }
    }

    pub(crate) fn session(&self) -> Option<SessionId> {
        self.session.as_ref().map(|session| session.id)
    }

    pub(crate) fn revision(&self) -> Option<Revision> {
        self.session.as_ref().map(|session| session.revision)
    }

    /// Until when the store's own lease lasts. Only that lets a member take, lead or close.
    pub(crate) fn store_until(&self) -> Moment {
        let until = |session: &Session| session.sent_at + self.timing.fence_after();
        self.session.as_ref().map_or(Moment::ZERO, until)
    }

    /// Until when the member may poll what it has: by the store's lease, or by grants of *all* peers that may close
    /// the session.
    pub(crate) fn until(&self) -> Moment {
        let Some(session) = self.session.as_ref().filter(|_| self.timing.keeps()) else {
            return self.store_until();
        };
        let end = session.sent_at + self.timing.keep_after();
        let granted = |peer| self.grants.get(&peer).copied().unwrap_or_default();
        let kept = self.needed().map(granted).fold(end, Moment::min);
        self.store_until().max(kept)
    }

    /// The peers that may close the session: those of the last record that was acknowledged, and of any that may
    /// have been written since.
    pub(crate) fn needed(&self) -> impl Iterator<Item = SessionId> {
        let acknowledged = self.session.iter().flat_map(|session| &session.peers);
        acknowledged
            .chain(self.attempted_peers.iter().flatten())
            .copied()
    }

    /// Since when grants are worth asking for: half of the lease has gone without a renewal.
    pub(crate) fn ask_from(&self) -> Option<Moment> {
        let session = self.session.as_ref().filter(|_| self.timing.keeps())?;
        Some(session.sent_at + self.timing.fence_after() / 2)
    }

    /// A write is sent; answers which peers it has to name. While it is unknown what became of an earlier one, these
    /// stay the same.
    pub(crate) fn on_sent(
        &mut self,
        renewal: u64,
        now: Moment,
        peers: Vec<SessionId>,
    ) -> Vec<SessionId> {
        if self.attempts.len() == ATTEMPTS_MAX {
            self.attempts.pop_front();
        }
        self.attempts.push_back(Attempt {
            renewal,
            sent_at: now,
        });
        self.attempted_peers.get_or_insert(peers).clone()
    }

    /// The write `renewal` stands in the store as `revision`, whoever told.
    pub(crate) fn on_written(&mut self, renewal: u64, id: SessionId, revision: Revision) {
        if self.revision().is_some_and(|known| known >= revision) {
            return;
        }
        let sent = self.attempts.iter().find(|a| a.renewal == renewal);
        // What was sent so long ago that it is forgotten lasts no longer than what is known already.
        let sent_at = sent.map_or(Moment::ZERO, |attempt| attempt.sent_at);
        let known = self.session.take().filter(|session| session.id == id);
        let known_at = known.map_or(Moment::ZERO, |session| session.sent_at);
        self.session = Some(Session {
            id,
            revision,
            sent_at: sent_at.max(known_at),
            peers: self.attempted_peers.take().unwrap_or_default(),
        });
        self.attempts.clear();
    }

    /// The session is gone from the store.
    pub(crate) fn on_over(&mut self) {
        self.session = None;
        self.attempts.clear();
        self.attempted_peers = None;
        self.grants.clear();
    }

    /// A peer promised, when asked at `asked_at`, not to close the session for the hold-off.
    pub(crate) fn on_granted(&mut self, peer: SessionId, asked_at: Moment) {
        let until = asked_at + self.timing.fence_after();
        let grant = self.grants.entry(peer).or_default();
        *grant = until.max(*grant);
    }

    /// When that peer's grant is to be asked for again.
    pub(crate) fn ask_again_at(&self, peer: SessionId) -> Moment {
        let until = self.grants.get(&peer).copied().unwrap_or_default();
        until - (self.timing.fence_after() - self.timing.renew_every())
    }
}
