//! Where notifications go, and how.

use std::time::Duration;

use gridos_model::Priority;

/// Who receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// The v2 API of Prometheus Alertmanager, `POST /api/v2/alerts`.
    ///
    /// Source: Alertmanager's OpenAPI definition, `api/v2/openapi.yaml`, `postableAlerts`.
    Alertmanager,
    /// Somebody's own program: a POST of JSON per area and device.
    Webhook,
}

/// One receiver and what it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What it is called in the configuration, the log and the metrics.
    pub name: String,
    /// Who receives.
    pub receiver: Receiver,
    /// The engine's name, so that one receiver can serve several.
    pub engine: String,
    /// Alarms of lower priority are not told.
    pub priority_min: Priority,
    /// What is not durable yet is not told, but for when the journal has taken nothing for so long: a
    /// pager that is silent because a disk is full would be worse than one that told too much.
    pub unrecorded_after: Duration,
    /// How long what is due waits for more, so that one message has what belongs together.
    pub gather: Duration,
    /// Active alerts are sent again so often to Alertmanager, which forgets them otherwise.
    pub resend: Duration,
    /// For how long Alertmanager keeps an alert that is not sent again. Long, because the silence of
    /// an engine must not look like a return to normal.
    pub expires: Duration,
    /// The summary of a flood is sent again so often while it goes on.
    pub summary_every: Duration,
    /// The first wait after a failure; then twice as long each time.
    pub retry_first: Duration,
    /// The longest wait.
    pub retry_cap: Duration,
}

impl Target {
    /// A target with the defaults of everything else.
    pub fn new(name: &str, receiver: Receiver, engine: &str) -> Self {
        Self {
            name: name.to_owned(),
            receiver,
            engine: engine.to_owned(),
            priority_min: Priority::Low,
            unrecorded_after: Duration::from_secs(10),
            gather: Duration::from_secs(1),
            resend: Duration::from_secs(60),
            expires: Duration::from_secs(3_600),
            summary_every: Duration::from_secs(300),
            retry_first: Duration::from_secs(1),
            retry_cap: Duration::from_secs(60),
        }
    }
}
