//! The part of the catalogue about shipping the journal.

use super::double;
use crate::{Metric, Unit};

pub(super) const RELAY: &[Metric] = &[
    Metric::counter(
        "gridos_relay_full_total",
        "Times that the stream to the writers held as much as it may, so that the journal held back.",
        |m, _| m.telemetry.relay.full.get(),
    ),
    Metric::gauge(
        "gridos_relay_journals",
        "Of a writer: journals that it puts into the database.",
        Unit::Count,
        |m, _| double(m.telemetry.relay.journals.get()),
    ),
    Metric::gauge(
        "gridos_relay_pending_bytes",
        "Journal that was sent to the writers and is still needed.",
        Unit::Bytes,
        |m, _| double(m.telemetry.relay.pending_bytes.get()),
    ),
    Metric::counter(
        "gridos_relay_pieces_total",
        "Pieces of the journal sent to the writers.",
        |m, _| m.telemetry.relay.pieces.get(),
    ),
    Metric::gauge(
        "gridos_relay_reachable",
        "1 while the stream to the writers can be used, else 0.",
        Unit::Count,
        |m, _| double(m.telemetry.relay.reachable.get()),
    ),
    Metric::counter(
        "gridos_relay_refused_total",
        "Of a writer: pieces that could not be read, or were of another journal.",
        |m, _| m.telemetry.relay.refused.get(),
    ),
    Metric::counter(
        "gridos_relay_resent_total",
        "Times that the stream had lost what the database needed, so that it was sent again.",
        |m, _| m.telemetry.relay.resent.get(),
    ),
    Metric {
        unit: Unit::Bytes,
        ..Metric::counter(
            "gridos_relay_sent_bytes_total",
            "Journal sent to the writers, also that which was sent again.",
            |m, _| m.telemetry.relay.sent_bytes.get(),
        )
    },
    Metric::gauge(
        "gridos_relay_writers",
        "Of a writer: writers that are there, itself included.",
        Unit::Count,
        |m, _| double(m.telemetry.relay.writers.get()),
    ),
];
