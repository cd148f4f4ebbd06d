//! Notifications.

use super::double;
use crate::{Metric, NotifyOutcome, Unit};

pub(super) const NOTIFY: &[Metric] = &[
    Metric::counter(
        "gridos_notify_messages_total",
        "Messages to Alertmanager and webhooks, by what became of them.",
        |m, position| {
            let outcome = NotifyOutcome::ALL.get(position);
            outcome.map_or(0, |outcome| m.telemetry.notify.messages(*outcome))
        },
    )
    .by("outcome", NotifyOutcome::LABELS),
    Metric::counter(
        "gridos_notify_summarised_total",
        "Alerts that were told in the summary of a flood alone.",
        |m, _| m.telemetry.notify.summarised.get(),
    ),
    Metric::gauge(
        "gridos_notify_waiting",
        "Alerts that a receiver has still to be told; large for long: it does not take them.",
        Unit::Count,
        |m, _| double(m.telemetry.notify.waiting.get()),
    ),
];
