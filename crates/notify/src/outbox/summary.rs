//! The summary of one area's flood.

use std::time::Duration;

use gridos_alarm::Now;
use gridos_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::AreaFlood;
use crate::flood::KeptFlood;

#[derive(Clone, Debug)]
pub(super) struct Summary {
    flood: AreaFlood,
    end: Option<Timestamp>,
    /// When it was told last, on the monotonic clock.
    sent: Option<Duration>,
    /// When its end was told first.
    ended: Option<Duration>,
}

/// A summary on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptSummary {
    area: String,
    flood: KeptFlood,
    end_ns: Option<i64>,
}

impl Summary {
    pub(super) fn new(flood: AreaFlood) -> Self {
        Self {
            flood,
            end: None,
            sent: None,
            ended: None,
        }
    }

    pub(super) fn flood(&self) -> &AreaFlood {
        &self.flood
    }

    pub(super) fn end(&self) -> Option<Timestamp> {
        self.end
    }

    /// It goes on, or another one began before this one was done with.
    pub(super) fn on_flood(&mut self, flood: AreaFlood) {
        if self.flood.flood.start != flood.flood.start {
            self.sent = None;
        }
        self.flood = flood;
        self.end = None;
        self.ended = None;
    }

    pub(super) fn on_end(&mut self, now: Timestamp) {
        self.end.get_or_insert(now);
    }

    pub(super) fn is_due(&self, now: Now, every: Duration) -> bool {
        let is_old = |sent: Duration| now.mono >= sent.saturating_add(every);
        let has_ended = self.end.is_some() && self.ended.is_none();
        has_ended || self.sent.is_none_or(is_old)
    }

    /// The receiver has taken it, with the end if `is_end`.
    pub(super) fn on_told(&mut self, is_end: bool, now: Now) {
        self.sent = Some(now.mono);
        if is_end && self.end.is_some() {
            self.ended.get_or_insert(now.mono);
        }
    }

    /// Whether its end was told, and for so long.
    pub(super) fn is_done(&self, repeated: Duration) -> bool {
        let last = self.ended.map(|ended| ended.saturating_add(repeated));
        last.is_some_and(|last| self.sent >= Some(last))
    }

    pub(super) fn kept(&self) -> KeptSummary {
        KeptSummary {
            area: self.flood.area.clone(),
            flood: KeptFlood::of(&self.flood.flood),
            end_ns: self.end.map(Timestamp::as_nanos),
        }
    }

    /// One that an earlier process may have told or not.
    pub(super) fn restored(kept: KeptSummary) -> Self {
        let flood = kept.flood.flood();
        let area = kept.area;
        Self {
            end: kept.end_ns.map(Timestamp::from_nanos),
            ..Self::new(AreaFlood { area, flood })
        }
    }
}
