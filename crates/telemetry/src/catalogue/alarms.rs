//! The metrics of alarms.

use super::double;
use crate::{ALARM_ACTIONS, ALARM_PRIORITIES, CommandOutcome, Metric, Unit, Values};

pub(super) const ALARMS: &[Metric] = &[
    Metric::counter(
        "gridos_alarm_annunciations_total",
        "Annunciations: new flashes and horns that operators were shown.",
        |m, _| m.telemetry.alarms.annunciations.get(),
    ),
    Metric::counter(
        "gridos_alarm_commands_total",
        "Commands about alarms, by what became of them.",
        |m, position| {
            let outcome = CommandOutcome::ALL.get(position);
            outcome.map_or(0, |outcome| m.telemetry.alarms.commands(*outcome))
        },
    )
    .by("outcome", CommandOutcome::LABELS),
    Metric::gauge(
        "gridos_alarm_flood",
        "1 while more is annunciated to the operators of the area than they can handle, else 0: from more than 10 in 10 minutes until fewer than 5.",
        Unit::Count,
        |m, position| double(m.telemetry.alarms.areas.flood(position)),
    )
    .by_values("area", Values::Areas),
    Metric::gauge(
        "gridos_alarm_rate_10m",
        "Annunciations to the operators of the area in the last 10 minutes; 1 is no trouble, more than 10 too many.",
        Unit::Count,
        |m, position| double(m.telemetry.alarms.areas.rate(position)),
    )
    .by_values("area", Values::Areas),
    Metric::counter(
        "gridos_alarm_records_total",
        "What happened to alarms, hidden ones as well, by action.",
        |m, position| m.telemetry.alarms.records(position),
    )
    .by("action", ALARM_ACTIONS),
    Metric::counter(
        "gridos_alarm_snapshot_errors_total",
        "Snapshots of the alarms that could not be written; the journal is kept for the next start meanwhile.",
        |m, _| m.telemetry.alarms.snapshot_errors.get(),
    ),
    Metric::gauge(
        "gridos_alarms_active",
        "Alarms whose condition is there and that are not hidden, by priority.",
        Unit::Count,
        |m, position| double(m.telemetry.alarms.active(position)),
    )
    .by("priority", ALARM_PRIORITIES),
    Metric::gauge(
        "gridos_alarms_chattering",
        "Alarms that were raised three times within the last minute; there should be none.",
        Unit::Count,
        |m, _| double(m.telemetry.alarms.chattering.get()),
    ),
    Metric::gauge(
        "gridos_alarms_out_of_service",
        "Alarms out of service, or switched off by their definition.",
        Unit::Count,
        |m, _| double(m.telemetry.alarms.out_of_service.get()),
    ),
    Metric::gauge(
        "gridos_alarms_shelved",
        "Alarms that operators put away for a time.",
        Unit::Count,
        |m, _| double(m.telemetry.alarms.shelved.get()),
    ),
    Metric::gauge(
        "gridos_alarms_stale",
        "Alarms that have stood for more than a day and are not hidden; fewer than 5 are usual.",
        Unit::Count,
        |m, _| double(m.telemetry.alarms.stale.get()),
    ),
    Metric::gauge(
        "gridos_alarms_standing",
        "Alarms whose condition is there and that are not hidden, of all priorities; fewer than 10 for each operator are usual.",
        Unit::Count,
        |m, _| double(m.telemetry.alarms.active_in_all()),
    ),
    Metric::gauge(
        "gridos_alarms_suppressed",
        "Alarms suppressed by design, such as those of a device whose communication is lost.",
        Unit::Count,
        |m, _| double(m.telemetry.alarms.suppressed.get()),
    ),
    Metric::gauge(
        "gridos_alarms_unacknowledged",
        "Alarms that wait to be acknowledged, active or returned, and are not hidden, by priority.",
        Unit::Count,
        |m, position| double(m.telemetry.alarms.unacknowledged(position)),
    )
    .by("priority", ALARM_PRIORITIES),
    Metric::counter(
        "gridos_alarms_unrecorded_total",
        "Records of alarms that the journal did not take, because it could not be written.",
        |m, _| m.telemetry.alarms.unrecorded.get(),
    ),
];
