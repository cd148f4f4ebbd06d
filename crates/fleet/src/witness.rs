//! Promises to peers not to close their sessions, while the store is away.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::view::View;
use crate::{Moment, Revision, SessionId};

/// What one member promised, and what it has begun to close.
///
/// A peer that may be closed by several lives on only while it has the promise of each of them. So one member can
/// close it after looking at nothing but its own promises.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    promises: BTreeMap<SessionId, Moment>,
    /// The revision at which each was last tried to be closed. That write may succeed at any time later, until the
    /// record is seen at a greater one.
    closing: BTreeMap<SessionId, Revision>,
}

impl Witness {
    /// Promises for `hold_off` not to close `subject`; or not.
    pub(crate) fn try_promise(
        &mut self,
        subject: SessionId,
        hold_off: Duration,
        view: &View,
        now: Moment,
    ) -> bool {
        let Some((_, seen)) = view.of_session(subject) else {
            return false;
        };
        if self
            .closing
            .get(&subject)
            .is_some_and(|at| *at >= seen.revision)
        {
            return false;
        }
        let promise = self.promises.entry(subject).or_default();
        *promise = (now + hold_off).max(*promise);
        true
    }

    /// Until when the session must not be closed.
    pub(crate) fn promised_until(&self, subject: SessionId) -> Moment {
        self.promises.get(&subject).copied().unwrap_or_default()
    }

    pub(crate) fn on_closing(&mut self, subject: SessionId, at: Revision) {
        self.closing.insert(subject, at);
    }

    /// Forgets sessions that are over.
    pub(crate) fn prune(&mut self, view: &View) {
        self.promises.retain(|subject, _| !view.is_over(*subject));
        self.closing.retain(|subject, _| !view.is_over(*subject));
    }
}
