//! The series of DNP3.

use super::double;
use crate::{
    ConfirmSide, ConfirmWithheld, DeadLetterFate, FragmentFate, FrameFault, LossReason, Metric,
    Unit,
};

pub(super) const DNP3: &[Metric] = &[
    Metric::counter(
        "gridos_dnp3_clocks_set_total",
        "Clocks of outstations set.",
        |m, _| m.telemetry.dnp3.clocks_set.get(),
    ),
    Metric::histogram(
        "gridos_dnp3_confirm_wait_seconds",
        "Time from the last byte of a DNP3 fragment with events until it could be confirmed.",
        |telemetry, _| telemetry.dnp3.confirm_wait.buckets(),
    ),
    Metric::counter(
        "gridos_dnp3_confirms_total",
        "DNP3 confirms sent, by what was confirmed.",
        |m, position| {
            let label = ConfirmSide::ALL.get(position);
            label.map_or(0, |label| m.telemetry.dnp3.confirms(*label))
        },
    )
    .by("side", ConfirmSide::LABELS),
    Metric::counter(
        "gridos_dnp3_confirms_withheld_total",
        "DNP3 confirms that were owed and not sent, by reason; the events come again.",
        |m, position| {
            let label = ConfirmWithheld::ALL.get(position);
            label.map_or(0, |label| m.telemetry.dnp3.withheld(*label))
        },
    )
    .by("reason", ConfirmWithheld::LABELS),
    Metric::gauge(
        "gridos_dnp3_connections",
        "DNP3 connections open.",
        Unit::Count,
        |m, _| double(m.telemetry.dnp3.connections.get()),
    ),
    Metric::counter(
        "gridos_dnp3_connects_total",
        "DNP3 connections made.",
        |m, _| m.telemetry.dnp3.connects.get(),
    ),
    Metric::counter(
        "gridos_dnp3_dead_letters_total",
        "DNP3 fragments that could not be read to their end, by what became of the rest.",
        |m, position| {
            let label = DeadLetterFate::ALL.get(position);
            label.map_or(0, |label| m.telemetry.dnp3.dead_letters(*label))
        },
    )
    .by("fate", DeadLetterFate::LABELS),
    Metric::counter(
        "gridos_dnp3_events_repeated_total",
        "Events that outstations offered again and that were not taken again.",
        |m, _| m.telemetry.dnp3.events_repeated.get(),
    ),
    Metric::counter(
        "gridos_dnp3_events_total",
        "Events that outstations reported, those that came again included.",
        |m, _| m.telemetry.dnp3.events.get(),
    ),
    Metric::counter(
        "gridos_dnp3_fragments_total",
        "DNP3 fragments from outstations, by what became of them.",
        |m, position| {
            let label = FragmentFate::ALL.get(position);
            label.map_or(0, |label| m.telemetry.dnp3.fragments(*label))
        },
    )
    .by("fate", FragmentFate::LABELS),
    Metric::counter(
        "gridos_dnp3_frame_faults_total",
        "DNP3 link frames that came to nothing, by reason.",
        |m, position| {
            let label = FrameFault::ALL.get(position);
            label.map_or(0, |label| m.telemetry.dnp3.faults(*label))
        },
    )
    .by("reason", FrameFault::LABELS),
    Metric::counter(
        "gridos_dnp3_frames_total",
        "Good DNP3 link frames.",
        |m, _| m.telemetry.dnp3.frames.get(),
    ),
    Metric::gauge(
        "gridos_dnp3_integrity_polls_open",
        "DNP3 integrity polls under way, without those that have taken over a minute.",
        Unit::Count,
        |m, _| double(m.telemetry.dnp3.integrity_polls_open.get()),
    ),
    Metric::counter(
        "gridos_dnp3_integrity_polls_total",
        "DNP3 integrity polls done.",
        |m, _| m.telemetry.dnp3.integrity_polls.get(),
    ),
    Metric::counter(
        "gridos_dnp3_io_errors_total",
        "DNP3 connections refused or broken.",
        |m, _| m.telemetry.dnp3.io_errors.get(),
    ),
    Metric::counter(
        "gridos_dnp3_keep_alives_failed_total",
        "Link statuses that no outstation answered in time.",
        |m, _| m.telemetry.dnp3.keep_alives_failed.get(),
    ),
    Metric::counter(
        "gridos_dnp3_keep_alives_total",
        "Link statuses asked for after silence.",
        |m, _| m.telemetry.dnp3.keep_alives.get(),
    ),
    Metric::counter(
        "gridos_dnp3_losses_total",
        "Times that an outstation said that it may have lost events, by reason.",
        |m, position| {
            let label = LossReason::ALL.get(position);
            label.map_or(0, |label| m.telemetry.dnp3.losses(*label))
        },
    )
    .by("reason", LossReason::LABELS),
    Metric::gauge(
        "gridos_dnp3_paused",
        "DNP3 connections on which nothing is read, because nothing could be kept.",
        Unit::Count,
        |m, _| double(m.telemetry.dnp3.paused.get()),
    ),
    Metric::counter(
        "gridos_dnp3_requests_total",
        "DNP3 requests sent.",
        |m, _| m.telemetry.dnp3.requests.get(),
    ),
    Metric::counter(
        "gridos_dnp3_segments_dropped_total",
        "Segments of the DNP3 transport function that came to nothing.",
        |m, _| m.telemetry.dnp3.segments_dropped.get(),
    ),
    Metric::counter(
        "gridos_dnp3_skipped_total",
        "Bytes outside of good DNP3 link frames.",
        |m, _| m.telemetry.dnp3.skipped_bytes.get(),
    ),
    Metric::counter(
        "gridos_dnp3_static_values_total",
        "Present values that outstations answered polls with.",
        |m, _| m.telemetry.dnp3.static_values.get(),
    ),
    Metric::counter(
        "gridos_dnp3_tasks_failed_total",
        "DNP3 tasks that failed, for whatever reason.",
        |m, _| m.telemetry.dnp3.tasks_failed.get(),
    ),
    Metric::counter(
        "gridos_dnp3_timeouts_total",
        "DNP3 requests without a whole answer in time.",
        |m, _| m.telemetry.dnp3.timeouts.get(),
    ),
    Metric::counter(
        "gridos_dnp3_unmapped_total",
        "Values of outstations that no point of the config is.",
        |m, _| m.telemetry.dnp3.unmapped.get(),
    ),
];
