//! One alarm in the outbox.

use std::time::Duration;

use gridos_alarm::Now;
use serde::{Deserialize, Serialize};

use crate::Alert;

/// What the receiver was told of an alarm last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Which occurrence.
    pub occurrence: u64,
    /// With which priority.
    pub severity: String,
    /// With which level.
    #[serde(default)]
    pub level: String,
    /// Whether that it is over.
    pub is_over: bool,
}

/// One alarm that the receiver has to be told of, or was told of and that is not over.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) alert: Alert,
    pub(super) told: Option<Told>,
    /// Whether there is something to tell.
    pub(super) is_news: bool,
    /// Whether a flood's summary stood for this occurrence.
    pub(super) is_summarised: bool,
    /// Since when, on the monotonic clock.
    pub(super) since: Duration,
    /// When it was told last, by this process.
    pub(super) sent: Option<Duration>,
}

impl Entry {
    pub(super) fn new(alert: Alert, now: Now) -> Self {
        Self {
            alert,
            told: None,
            is_news: true,
            is_summarised: false,
            since: now.mono,
            sent: None,
        }
    }

    pub(super) fn on_news(&mut self, now: Now) {
        if !self.is_news {
            self.since = now.mono;
        }
        self.is_news = true;
    }

    /// It is over, and nobody knows since when.
    pub(super) fn end(&mut self, now: Now) {
        if self.alert.ends_ns.is_none() {
            self.alert.ends_ns = Some(now.wall.as_nanos());
            self.on_news(now);
        }
    }

    /// The same occurrence stands, also if its end was believed already: what was shown and not yet
    /// durable when an engine died did not happen.
    pub(super) fn stands(&mut self, alert: Alert, is_hidden: bool, now: Now) {
        let was_over = self.alert.ends_ns.is_some();
        let is_worse = self.alert.level != alert.level && !is_hidden;
        if was_over || is_worse {
            self.alert = alert;
            self.on_news(now);
        }
    }

    /// What is told if it is told now.
    pub(super) fn telling(&self) -> Told {
        Told {
            occurrence: self.alert.occurrence,
            severity: self.alert.priority.clone(),
            level: self.alert.level.clone(),
            is_over: self.alert.ends_ns.is_some(),
        }
    }

    /// The severity that the receiver knows it by, if it has another one now.
    pub(super) fn former_severity(&self) -> Option<&str> {
        let told = self.told.as_ref()?;
        (told.severity != self.alert.priority).then_some(&*told.severity)
    }

    /// The receiver has taken it; returns whether nothing is left to tell.
    pub(super) fn on_told(&mut self, told: Told, now: Now) -> bool {
        let is_current = told == self.telling();
        let is_over = told.is_over;
        self.told = Some(told);
        self.sent = Some(now.mono);
        if is_current {
            self.is_news = false;
        }
        is_current && is_over
    }

    /// Whether it was told so long ago that the receiver might forget it. What an earlier process
    /// told may be forgotten already.
    pub(super) fn is_old(&self, now: Now, resend: Duration) -> bool {
        let is_long_ago = |sent: Duration| now.mono >= sent.saturating_add(resend);
        self.told.is_some() && self.sent.is_none_or(is_long_ago)
    }
}
