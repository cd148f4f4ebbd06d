//! The journal's part of the catalogue.

use super::double;
use crate::{Metric, Unit};

pub(super) const JOURNAL: &[Metric] = &[
    Metric::gauge(
        "gridos_journal_autonomy_seconds",
        "How long the journal can take readings at the present rate if the database takes none.",
        Unit::Seconds,
        |m, _| m.telemetry.journal.autonomy.get(),
    ),
    Metric::gauge(
        "gridos_journal_bytes",
        "Size of the journal on disk.",
        Unit::Bytes,
        |m, _| double(m.telemetry.journal.bytes.get()),
    ),
    Metric::counter(
        "gridos_journal_dead_letters_unrecorded_total",
        "Dead letters that the journal did not take, because it could not be written.",
        |m, _| m.telemetry.journal.letters_unrecorded.get(),
    ),
    Metric::counter(
        "gridos_journal_deeds_total",
        "Changes of the engine and refused attempts that were recorded in the audit log.",
        |m, _| m.telemetry.journal.deeds.get(),
    ),
    Metric::counter(
        "gridos_journal_deeds_unrecorded_total",
        "Changes of the engine and refused attempts that the journal did not take.",
        |m, _| m.telemetry.journal.deeds_unrecorded.get(),
    ),
    Metric::gauge(
        "gridos_journal_durable_bytes",
        "Journal position up to which everything survives a power cut.",
        Unit::Bytes,
        |m, _| double(m.telemetry.journal.durable.get()),
    ),
    Metric::counter(
        "gridos_journal_gaps_unrecorded_total",
        "Gaps that the journal did not take, because it could not be written.",
        |m, _| m.telemetry.journal.gaps_unrecorded.get(),
    ),
    Metric::counter(
        "gridos_journal_given_up_readings_total",
        "Readings deleted from the full journal before the database had them.",
        |m, _| m.telemetry.journal.given_up_readings.get(),
    ),
    Metric::counter(
        "gridos_journal_given_up_segments_total",
        "Segments deleted from the full journal before the database had them.",
        |m, _| m.telemetry.journal.given_up_segments.get(),
    ),
    Metric::gauge(
        "gridos_journal_oldest_unstored_seconds",
        "Age of the oldest reading in the journal that the database has not committed.",
        Unit::Seconds,
        |m, _| m.telemetry.journal.unstored_age.get(),
    ),
    Metric::gauge(
        "gridos_journal_position_bytes",
        "Journal position behind the last record appended.",
        Unit::Bytes,
        |m, _| double(m.telemetry.journal.position.get()),
    ),
    Metric::gauge(
        "gridos_journal_room_bytes",
        "Bytes the journal can still take if all that is stored is deleted.",
        Unit::Bytes,
        |m, _| double(m.telemetry.journal.room.get()),
    ),
    Metric::gauge(
        "gridos_journal_rung",
        "How short room is: 0 normal, 1 warn, 2 pressed (the safety window shrinks), 3 full.",
        Unit::Count,
        |m, _| double(m.telemetry.journal.rung.get()),
    ),
    Metric::counter(
        "gridos_journal_renewals_total",
        "Times the disk failed and all that was not durable was written again to a new segment.",
        |m, _| m.telemetry.journal.renewals.get(),
    ),
    Metric::gauge(
        "gridos_journal_segments",
        "Segment files of the journal on disk.",
        Unit::Count,
        |m, _| double(m.telemetry.journal.segments.get()),
    ),
    Metric::gauge(
        "gridos_journal_stalled",
        "1 while the journal cannot be written and nothing is acknowledged, else 0.",
        Unit::Count,
        |m, _| double(m.telemetry.journal.stalled.get()),
    ),
    Metric::counter(
        "gridos_journal_sync_failures_total",
        "Syncs of the journal that failed.",
        |m, _| m.telemetry.journal.sync_failures.get(),
    ),
    Metric::counter(
        "gridos_journal_syncs_total",
        "Syncs of the journal to the disk.",
        |m, _| m.telemetry.journal.syncs.get(),
    ),
    Metric::counter(
        "gridos_journal_write_failures_total",
        "Writes to the journal that failed.",
        |m, _| m.telemetry.journal.write_failures.get(),
    ),
];
