//! HTTP, and listeners to which devices connect by themselves.

use super::double;
use crate::{HttpMethod, HttpRefusal, ListenerAnswer, Metric, PeerRefusal, StatusClass, Unit};

pub(super) const HTTP: &[Metric] = &[
    Metric::counter(
        "gridos_http_refusals_total",
        "HTTP requests that were refused, and connections that were ended, by reason.",
        |m, position| {
            let reason = HttpRefusal::ALL.get(position);
            reason.map_or(0, |reason| m.telemetry.http.refusals(*reason))
        },
    )
    .by("reason", HttpRefusal::LABELS),
    Metric::counter(
        "gridos_http_requests_total",
        "HTTP requests answered, by class of status.",
        |m, position| {
            let class = StatusClass::ALL.get(position);
            class.map_or(0, |class| m.telemetry.http.requests(*class))
        },
    )
    .by("class", StatusClass::LABELS),
    Metric::histogram(
        "gridos_http_request_seconds",
        "Time from reading the head of a request to having that of its answer; a post of readings is answered when they are durable.",
        |telemetry, position| {
            let method = HttpMethod::ALL.get(position);
            method.map_or_else(Default::default, |method| telemetry.http.time(*method).buckets())
        },
    )
    .by("method", HttpMethod::LABELS),
    Metric::gauge(
        "gridos_http_streams",
        "Clients that follow a stream of events.",
        Unit::Count,
        |m, _| double(m.telemetry.http.streams.get()),
    ),
    Metric::counter(
        "gridos_http_streams_conflated_total",
        "Times that a client got the newest values later, because it had not taken those before.",
        |m, _| m.telemetry.http.streams_conflated.get(),
    ),
    Metric::counter(
        "gridos_http_streams_cut_total",
        "Clients of streams that did not take what they were sent for too long.",
        |m, _| m.telemetry.http.streams_cut.get(),
    ),
    Metric::counter(
        "gridos_http_streams_refused_total",
        "Clients that were not let in to follow a stream, because there were too many.",
        |m, _| m.telemetry.http.streams_refused.get(),
    ),
    Metric::counter(
        "gridos_listener_accepts_total",
        "Connections that devices or strangers made to listeners.",
        |m, _| m.telemetry.listeners.accepts.get(),
    ),
    Metric::gauge(
        "gridos_listener_connections",
        "Connections to listeners open.",
        Unit::Count,
        |m, _| double(m.telemetry.listeners.connections.get()),
    ),
    Metric::counter(
        "gridos_listener_incomplete_total",
        "Values written in parts of which not all came in time.",
        |m, _| m.telemetry.listeners.incomplete.get(),
    ),
    Metric::counter(
        "gridos_listener_refusals_total",
        "Connections to listeners that were closed, by reason.",
        |m, position| {
            let reason = PeerRefusal::ALL.get(position);
            reason.map_or(0, |reason| m.telemetry.listeners.refusals(*reason))
        },
    )
    .by("reason", PeerRefusal::LABELS),
    Metric::counter(
        "gridos_listener_requests_total",
        "Requests of devices to listeners, by how they were answered.",
        |m, position| {
            let answer = ListenerAnswer::ALL.get(position);
            answer.map_or(0, |answer| m.telemetry.listeners.answers(*answer))
        },
    )
    .by("answer", ListenerAnswer::LABELS),
    Metric::counter(
        "gridos_listener_unmapped_total",
        "Registers and coils that devices wrote and no point covers.",
        |m, _| m.telemetry.listeners.unmapped.get(),
    ),
];
