//! What the bucket holds, for the roll.

use std::collections::BTreeMap;

use gridos_fleet::{MemberRecord, Plan, SessionId, Share};
use gridos_telemetry::Vitals;

use crate::Roll;

/// What the bucket holds.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) share: Share,
    pub(crate) plan: Option<Plan>,
    pub(crate) members: BTreeMap<String, (SessionId, MemberRecord, Option<Vitals>)>,
    /// Whether all that it holds has been told; before, what was known is shown.
    pub(crate) is_complete: bool,
    pub(crate) is_new: bool,
}

impl Known {
    /// The roll, if it may be another.
    pub(crate) fn roll(&mut self) -> Option<Roll> {
        if !self.is_complete || !std::mem::take(&mut self.is_new) {
            return None;
        }
        let members = self.members.iter();
        let members =
            members.map(|(name, (session, record, vitals))| (&**name, *session, record, *vitals));
        Some(Roll::of(self.share, self.plan.as_ref(), members))
    }
}
