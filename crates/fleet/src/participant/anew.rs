//! How a participant goes over to a store that knows nothing of what stood in the one before.

use super::{Action, Participant};
use crate::Moment;
use crate::view::View;
use crate::witness::Witness;

impl Participant {
    /// What is known so far is of a store that is no more; what the watch tells from now on is of another.
    ///
    /// The lease goes on to its end: whoever leads in the other store waits for as long. Nothing is written for it,
    /// and nobody is asked to prolong it.
    pub(super) fn on_other_store(&mut self, now: Moment) {
        self.view = View::default();
        self.witness = Witness::default();
        self.joined_at = None;
        (self.renewed, self.planned, self.closed) = (None, None, None);
        self.planned_for = None;
        self.asked.clear();
        let is_for_engine = |action: &Action| {
            matches!(
                action,
                Action::Take { .. } | Action::Release { .. } | Action::Fence | Action::Left
            )
        };
        self.queue.retain(is_for_engine);
        self.has_store = false;
        self.bereft_at.get_or_insert(now);
    }

    /// The lease of the store before is over: takes part in the other as one that has just come.
    pub(super) fn begin_anew(&mut self, now: Moment) {
        self.bereft_at = None;
        self.lease.on_over();
        self.up_since = now;
        (self.renew_at, self.retry_at) = (now, now);
        (self.plan_at, self.close_at) = (now, now);
        if !self.is_fenced {
            self.fence();
        }
        self.follow_plan();
    }
}
