//! Ends that Alertmanager was told, and is told again for a while.
//!
//! An end that lies in the future of Alertmanager's clock is none to it yet, and it then goes by the
//! time until which the alert was to be kept, which is long. So an end is repeated, as Prometheus
//! does for fifteen minutes.
//!
//! Source: prometheus/prometheus `rules/alerting.go`, `resolvedRetention`; prometheus/alertmanager
//! `types/types.go`, `Alert.Merge`.

use std::collections::BTreeMap;
use std::time::Duration;

use gridos_alarm::Now;
use gridos_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Alert;

/// An end is repeated for so long.
pub(super) const REPEATED: Duration = Duration::from_secs(15 * 60);

/// The alarm and the severity that it has no more: what Alertmanager knows an alert by.
pub(super) type EndKey = (String, String);

/// Ends that were told.
#[derive(Debug, Default)]
pub(super) struct Ends {
    told: BTreeMap<EndKey, End>,
}

/// One of them.
#[derive(Clone, Debug)]
pub(super) struct End {
    pub(super) alert: Alert,
    pub(super) at: Timestamp,
    first: Duration,
    sent: Option<Duration>,
}

/// One of them on disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptEnd {
    alert: Alert,
    severity: String,
    at_ns: i64,
}

impl Ends {
    /// The end of `alert` with `severity` was told.
    pub(super) fn on_told(&mut self, alert: Alert, severity: String, at: Timestamp, now: Now) {
        let end = End {
            at,
            first: now.mono,
            sent: Some(now.mono),
            alert,
        };
        self.told.insert((end.alert.alarm.clone(), severity), end);
    }

    /// These were told again.
    pub(super) fn on_repeated(&mut self, keys: &[EndKey], now: Now) {
        for key in keys {
            if let Some(end) = self.told.get_mut(key) {
                end.sent = Some(now.mono);
            }
        }
    }

    /// The alarm is told with that severity again.
    pub(super) fn forget(&mut self, alarm: &str, severity: &str) {
        self.told.remove(&(alarm.to_owned(), severity.to_owned()));
    }

    /// Drops those that were repeated long enough, which a receiver that is away puts off.
    pub(super) fn drop_repeated(&mut self) {
        let is_repeated = |end: &End| {
            end.sent
                .is_some_and(|sent| sent >= end.first.saturating_add(REPEATED))
        };
        self.told.retain(|_, end| !is_repeated(end));
    }

    /// Those that were not told for `resend`.
    pub(super) fn due(&self, now: Now, resend: Duration) -> impl Iterator<Item = (&EndKey, &End)> {
        let is_old = move |sent: Duration| now.mono >= sent.saturating_add(resend);
        let due = self.told.iter();
        due.filter(move |(_, end)| end.sent.is_none_or(is_old))
    }

    pub(super) fn kept(&self) -> Vec<KeptEnd> {
        let told = self.told.iter().map(|((_, severity), end)| KeptEnd {
            alert: end.alert.clone(),
            severity: severity.clone(),
            at_ns: end.at.as_nanos(),
        });
        told.collect()
    }

    pub(super) fn restore(&mut self, kept: Vec<KeptEnd>, now: Now) {
        for KeptEnd {
            alert,
            severity,
            at_ns,
        } in kept
        {
            let end = End {
                at: Timestamp::from_nanos(at_ns),
                first: now.mono,
                sent: None,
                alert,
            };
            self.told.insert((end.alert.alarm.clone(), severity), end);
        }
    }
}
