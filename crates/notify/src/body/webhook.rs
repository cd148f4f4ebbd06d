//! Messages to a webhook.

use gridos_model::{AlarmId, Timestamp};
use serde::Serialize;

use crate::{Alert, AreaFlood, Target};

/// One message: what is news of one device, or a flood of an area.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum WebhookMessage {
    /// Alarms of one device that were annunciated or returned to normal.
    Alarms {
        /// The engine.
        engine: String,
        /// The operators' area.
        area: String,
        /// The device.
        device: String,
        /// The alarms.
        alarms: Vec<WebhookAlarm>,
    },
    /// A flood: the area's alarms are not told one by one, but for urgent ones.
    Flood {
        /// The engine.
        engine: String,
        /// The operators' area.
        area: String,
        /// When it began.
        start: String,
        /// When it ended; null while it goes on.
        end: Option<String>,
        /// Alarms annunciated so far.
        annunciations: u64,
        /// The first of them.
        first_out: String,
    },
}

/// One alarm in a message.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WebhookAlarm {
    /// `active`, or `returned` to normal.
    pub status: &'static str,
    /// It in a sentence.
    pub summary: String,
    /// When it was raised.
    pub starts: String,
    /// When it returned to normal.
    pub ends: Option<String>,
    /// All that is known of it.
    #[serde(flatten)]
    pub alert: Alert,
}

impl WebhookAlarm {
    pub(crate) fn of(alert: &Alert) -> Self {
        let status = match alert.ends_ns {
            Some(_) => "returned",
            None => "active",
        };
        Self {
            status,
            summary: alert.summary(),
            starts: alert.starts().to_string(),
            ends: alert.ends().map(|time| time.to_string()),
            alert: alert.clone(),
        }
    }
}

impl WebhookMessage {
    pub(crate) fn flood(
        flood: &AreaFlood,
        end: Option<Timestamp>,
        target: &Target,
        name_of: &dyn Fn(AlarmId) -> String,
    ) -> Self {
        Self::Flood {
            engine: target.engine.clone(),
            area: flood.area.clone(),
            start: flood.flood.start.to_string(),
            end: end.map(|time| time.to_string()),
            annunciations: flood.flood.annunciations,
            first_out: name_of(flood.flood.first_out),
        }
    }
}
