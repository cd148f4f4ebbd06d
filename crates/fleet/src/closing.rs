//! When a session that is quiet may be closed, and by whom.

use crate::view::Seen;
use crate::witness::Witness;
use crate::{Moment, SessionId};

/// Who looks at the others' sessions.
pub(crate) struct Watcher<'a> {
    /// Its own session.
    pub(crate) me: SessionId,
    /// Since when its own renewals have succeeded without a break. Before, the others' may have failed as well.
    pub(crate) up_since: Moment,
    pub(crate) witness: &'a Witness,
}

impl Watcher<'_> {
    /// Since when nothing has been heard of the session, by our own clock, while it could have been.
    pub(crate) fn quiet_since(&self, seen: &Seen) -> Moment {
        seen.heard.max(self.up_since)
    }

    /// From when the session may be closed at the revision that was seen, if nothing is heard of it.
    ///
    /// Its lease counts from when it sent what we heard later; so when our hold-off is over, it has stopped. If it
    /// wrote since, the write that closes it fails. Who is no peer of it could not be asked by it for a promise, and
    /// waits for as long as promises can keep it alive.
    pub(crate) fn closable_from(&self, seen: &Seen) -> Moment {
        let is_peer = seen.record.peers.contains(&self.me);
        let hold_off = if is_peer {
            seen.record.hold_off
        } else {
            seen.record.keep_hold_off.max(seen.record.hold_off)
        };
        (self.quiet_since(seen) + hold_off).max(self.witness.promised_until(seen.session))
    }

    /// From when nothing was heard of the session for so long that somebody else has to lead.
    pub(crate) fn silent_from(&self, seen: &Seen) -> Moment {
        self.quiet_since(seen) + seen.record.hold_off
    }
}
