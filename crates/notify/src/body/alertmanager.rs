//! Alerts as Alertmanager takes them.
//!
//! Source: prometheus/alertmanager, `api/v2/openapi.yaml`, `postableAlert`. The labels are an alert's
//! identity there, so that only what does not change is a label, but for the severity, by which
//! everybody routes: one that changes is another alert, and the one before it is ended.

use std::collections::BTreeMap;

use gridos_model::{AlarmId, Timestamp};
use serde::Serialize;

use crate::{Alert, AreaFlood, Target};

/// One alert.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AlertmanagerAlert {
    /// What it is known by: `alertname`, `alarm`, `device`, `point`, `area`, `kind`, `severity` and
    /// `engine`.
    pub labels: BTreeMap<&'static str, String>,
    /// What it says: `summary`, `description`, `level`, `value`, `limit`, `occurrence`.
    pub annotations: BTreeMap<&'static str, String>,
    /// When it began.
    #[serde(rename = "startsAt")]
    pub starts_at: String,
    /// When it ended, or when it is forgotten if it is not sent again.
    #[serde(rename = "endsAt")]
    pub ends_at: String,
}

impl AlertmanagerAlert {
    /// `alert` with that severity, as it is at `now`.
    pub(crate) fn of(alert: &Alert, severity: &str, target: &Target, now: Timestamp) -> Self {
        let mut labels = BTreeMap::from([
            ("alertname", "GridosAlarm".to_owned()),
            ("alarm", alert.alarm.clone()),
            ("device", alert.device.clone()),
            ("area", alert.area.clone()),
            ("kind", alert.kind.clone()),
            ("severity", severity.to_owned()),
            ("engine", target.engine.clone()),
        ]);
        let mut annotations = BTreeMap::from([
            ("summary", alert.summary()),
            ("level", alert.level.clone()),
            ("occurrence", alert.occurrence.to_string()),
        ]);
        // An empty label is none, and a foreign engine's template may list them all.
        if !alert.point.is_empty() {
            labels.insert("point", alert.point.clone());
        }
        if !alert.response.is_empty() {
            annotations.insert("description", alert.response.clone());
        }
        for (name, number) in [("value", alert.value), ("limit", alert.limit)] {
            if let Some(number) = number {
                annotations.insert(name, number.to_string());
            }
        }
        let forgotten = now.saturating_add(target.expires);
        Self {
            labels,
            annotations,
            starts_at: alert.starts().to_string(),
            ends_at: end(alert, alert.ends().unwrap_or(forgotten)),
        }
    }

    /// The same alert with a severity that it has no more since `at`.
    pub(crate) fn ended(
        alert: &Alert,
        severity: &str,
        at: Timestamp,
        target: &Target,
        now: Timestamp,
    ) -> Self {
        let mut ended = Self::of(alert, severity, target, now);
        if alert.ends_ns.is_none() {
            // Whoever reads that it is resolved must not take it for a return to normal.
            let summary = format!("{} (now {})", alert.summary(), alert.priority);
            ended.annotations.insert("summary", summary);
        }
        ended.ends_at = end(alert, at);
        ended
    }

    /// A flood; over, if it ended at `end`.
    pub(crate) fn flood(
        flood: &AreaFlood,
        end: Option<Timestamp>,
        target: &Target,
        now: Timestamp,
        name_of: &dyn Fn(AlarmId) -> String,
    ) -> Self {
        let AreaFlood { area, flood } = flood;
        let first = name_of(flood.first_out);
        let summary = format!(
            "{area}: {} alarms since {}, the first of them {first}",
            flood.annunciations, flood.start
        );
        let forgotten = now.saturating_add(target.expires);
        Self {
            labels: BTreeMap::from([
                ("alertname", "GridosAlarmFlood".to_owned()),
                ("area", area.clone()),
                ("severity", "urgent".to_owned()),
                ("engine", target.engine.clone()),
            ]),
            annotations: BTreeMap::from([
                ("summary", summary),
                ("first_out", first),
                ("annunciations", flood.annunciations.to_string()),
            ]),
            starts_at: flood.start.to_string(),
            ends_at: end.unwrap_or(forgotten).max(flood.start).to_string(),
        }
    }
}

/// Alertmanager refuses an end before the beginning, which a clock that was set back can bring.
fn end(alert: &Alert, at: Timestamp) -> String {
    at.max(alert.starts()).to_string()
}
