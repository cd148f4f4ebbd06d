//! What is sent.

mod alertmanager;
mod webhook;

use serde::Serialize;

pub use alertmanager::AlertmanagerAlert;
pub use webhook::{WebhookAlarm, WebhookMessage};

/// The body of one POST, as JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Body {
    /// `postableAlerts` of Alertmanager's v2 API.
    Alertmanager(Vec<AlertmanagerAlert>),
    /// One message to a webhook.
    Webhook(WebhookMessage),
}
