//! The way of a reading: scans, stages, the ring, and the times in which there was no room.

use std::time::Instant;

use super::double;
use crate::{DueName, Metric, Protocol, ScanOutcome, StageName, Unit};

/// The two labels' values at `position`: the second one's change first.
fn pair<A: Copy, B: Copy>(first: &[A], second: &[B], position: usize) -> Option<(A, B)> {
    let outer = position.checked_div(second.len())?;
    let inner = position % second.len();
    first.get(outer).copied().zip(second.get(inner).copied())
}

pub(super) const WAY: &[Metric] = &[
    Metric::seconds(
        "gridos_back_pressure_seconds_total",
        "Time in which devices or clients were held back: from when one was told to wait until there was room again.",
        |m, position| {
            let protocol = Protocol::ALL.get(position);
            protocol.map_or_else(Default::default, |protocol| {
                let spell = m.telemetry.pressure.held_back(*protocol);
                spell.total(Instant::now())
            })
        },
    )
    .by("protocol", Protocol::LABELS),
    Metric::histogram(
        "gridos_due_seconds",
        "Time from when a batch was due to the stage: a poll from when its scan should have begun, what comes by itself from the last byte on the wire.",
        |telemetry, position| {
            let pair = pair(DueName::ALL, Protocol::ALL, position);
            pair.map_or_else(Default::default, |(stage, protocol)| {
                telemetry.stages.due.get(stage).buckets_of(protocol)
            })
        },
    )
    .by("stage", DueName::LABELS)
    .by("protocol", Protocol::LABELS),
    Metric::gauge(
        "gridos_ring_capacity",
        "Batches the ring can hold.",
        Unit::Count,
        |m, _| double(m.telemetry.ring.capacity.get()),
    ),
    Metric::gauge(
        "gridos_ring_depth",
        "Batches in the ring.",
        Unit::Count,
        |m, _| double(m.telemetry.ring.depth.get()),
    ),
    Metric::counter(
        "gridos_ring_full_total",
        "Batches refused because the ring was full.",
        |m, _| m.telemetry.ring.full.get(),
    ),
    Metric::seconds(
        "gridos_ring_full_seconds_total",
        "Time in which the ring had no room: from when somebody found it full until batches were taken out.",
        |m, _| m.telemetry.pressure.ring_full.total(Instant::now()),
    ),
    Metric::histogram(
        "gridos_round_trip_seconds",
        "Time from sending a request to a device to the last byte of its answer, or until it was given up, by protocol.",
        |telemetry, position| {
            let protocol = Protocol::ALL.get(position);
            protocol.map_or_else(Default::default, |protocol| {
                telemetry.scans.round_trip(*protocol).buckets()
            })
        },
    )
    .by("protocol", Protocol::LABELS),
    Metric::histogram(
        "gridos_scan_lateness_seconds",
        "Time from when a scan was due to when its first request was sent, or to when it was passed over, by protocol; with DNP3, of each request.",
        |telemetry, position| {
            let protocol = Protocol::ALL.get(position);
            protocol.map_or_else(Default::default, |protocol| {
                telemetry.scans.lateness(*protocol).buckets()
            })
        },
    )
    .by("protocol", Protocol::LABELS),
    Metric::counter(
        "gridos_scans_expected_total",
        "Scans that were due, by protocol; with DNP3, requests.",
        |m, position| {
            let protocol = Protocol::ALL.get(position);
            protocol.map_or(0, |protocol| m.telemetry.scans.expected(*protocol))
        },
    )
    .by("protocol", Protocol::LABELS),
    Metric::counter(
        "gridos_scans_total",
        "Scans that ended, by protocol and outcome; with DNP3, requests. Only outcome answered brought all its readings.",
        |m, position| {
            let pair = pair(Protocol::ALL, ScanOutcome::ALL, position);
            pair.map_or(0, |(protocol, outcome)| {
                m.telemetry.scans.ended(protocol, outcome)
            })
        },
    )
    .by("protocol", Protocol::LABELS)
    .by("outcome", ScanOutcome::LABELS),
    Metric::histogram(
        "gridos_stage_seconds",
        "Time from the last byte on the wire to the stage, per batch.",
        |telemetry, position| {
            let pair = pair(StageName::ALL, Protocol::ALL, position);
            pair.map_or_else(Default::default, |(stage, protocol)| {
                telemetry.stages.get(stage).buckets_of(protocol)
            })
        },
    )
    .by("stage", StageName::LABELS)
    .by("protocol", Protocol::LABELS),
];
