//! The catalogue: every series, named and described once, with the cell it shows.

mod dnp3;

use std::sync::LazyLock;

use crate::metric::Read;
use crate::{
    DeviceState, Label, ListenerAnswer, Metric, PeerRefusal, Refusal, StageName, StatusClass, Unit,
};

/// Every metric of the engine, ascending by name.
pub fn catalogue() -> &'static [Metric] {
    &CATALOGUE
}

static CATALOGUE: LazyLock<Vec<Metric>> = LazyLock::new(|| {
    let mut all = [METRICS, dnp3::DNP3].concat();
    all.sort_by_key(|metric| metric.name);
    all
});

/// Positions above 2⁵³ lose their last bits in Prometheus, whose only number is the double.
const fn double(value: u64) -> f64 {
    value as f64
}

const METRICS: &[Metric] = &[
    Metric::gauge(
        "gridos_alarms_active",
        "Points that are not at their normal level.",
        Unit::Count,
        |m, _| double(m.telemetry.alarms.active.get()),
    ),
    Metric::counter(
        "gridos_alarms_transitions_total",
        "Changes of a point from one alarm level to another.",
        |m, _| m.telemetry.alarms.transitions.get(),
    ),
    Metric::counter(
        "gridos_alarms_unrecorded_total",
        "Changes of level that the journal did not take, because it could not be written.",
        |m, _| m.telemetry.alarms.unrecorded.get(),
    ),
    Metric::gauge(
        "gridos_build_info",
        "Always 1; the label is the version of the engine.",
        Unit::Count,
        |_, _| 1.0,
    )
    .by("version", &[]),
    Metric::gauge(
        "gridos_devices",
        "Devices by whether they answer.",
        Unit::Count,
        |m, position| {
            let state = DeviceState::ALL.get(position);
            state.map_or(0.0, |state| m.telemetry.devices.count(*state) as f64)
        },
    )
    .by("state", DeviceState::LABELS),
    Metric::counter(
        "gridos_http_requests_total",
        "HTTP requests answered, by class of status.",
        |m, position| {
            let class = StatusClass::ALL.get(position);
            class.map_or(0, |class| m.telemetry.http.requests(*class))
        },
    )
    .by("class", StatusClass::LABELS),
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
    Metric::gauge(
        "gridos_journal_position_bytes",
        "Journal position behind the last record appended.",
        Unit::Bytes,
        |m, _| double(m.telemetry.journal.position.get()),
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
    Metric::gauge(
        "gridos_modbus_connections",
        "Modbus connections open.",
        Unit::Count,
        |m, _| double(m.telemetry.modbus.connections.get()),
    ),
    Metric::counter(
        "gridos_modbus_connects_total",
        "Modbus connections made.",
        |m, _| m.telemetry.modbus.connects.get(),
    ),
    Metric::gauge(
        "gridos_modbus_devices_demoted",
        "Modbus devices that keep failing and are asked more rarely until they answer.",
        Unit::Count,
        |m, _| m.telemetry.devices.demoted() as f64,
    ),
    Metric::counter(
        "gridos_modbus_exceptions_total",
        "Modbus requests answered with an exception.",
        |m, _| m.telemetry.modbus.exceptions.get(),
    ),
    Metric::counter(
        "gridos_modbus_io_errors_total",
        "Modbus connections refused or broken.",
        |m, _| m.telemetry.modbus.io_errors.get(),
    ),
    Metric::counter(
        "gridos_modbus_overruns_total",
        "Modbus scans skipped because the one before had not ended.",
        |m, _| m.telemetry.modbus.overruns.get(),
    ),
    Metric::gauge(
        "gridos_modbus_points_refused",
        "Points that devices refuse to be read, so that only the points around them are read.",
        Unit::Count,
        |m, _| double(m.telemetry.devices.points_refused()),
    ),
    Metric::counter(
        "gridos_modbus_polls_total",
        "Modbus requests sent.",
        |m, _| m.telemetry.modbus.polls.get(),
    ),
    Metric::counter(
        "gridos_modbus_protocol_errors_total",
        "Modbus answers that break the protocol.",
        |m, _| m.telemetry.modbus.protocol_errors.get(),
    ),
    Metric::counter(
        "gridos_modbus_retries_total",
        "Modbus requests sent again because the device was busy.",
        |m, _| m.telemetry.modbus.retries.get(),
    ),
    Metric::histogram(
        "gridos_modbus_round_trip_seconds",
        "Time from sending a Modbus request to the last byte of its answer.",
        |telemetry| telemetry.modbus.round_trip.buckets(),
    ),
    Metric::counter(
        "gridos_modbus_timeouts_total",
        "Modbus requests without an answer in time.",
        |m, _| m.telemetry.modbus.timeouts.get(),
    ),
    Metric::gauge(
        "gridos_pool_free",
        "Batches that are free.",
        Unit::Count,
        |m, _| double(m.telemetry.pool.free.get()),
    ),
    Metric::gauge(
        "gridos_readings_carried_over",
        "Readings in the journal but not in the database when the process started.",
        Unit::Count,
        |m, _| double(m.ledger.carried_over),
    ),
    Metric::gauge(
        "gridos_readings_in_journal",
        "Readings in the journal that the database has not committed.",
        Unit::Count,
        |m, _| double(m.ledger.in_journal),
    ),
    Metric::gauge(
        "gridos_readings_in_ring",
        "Readings in the ring that the journal has not got.",
        Unit::Count,
        |m, _| double(m.ledger.in_ring),
    ),
    Metric::counter(
        "gridos_readings_journalled_total",
        "Readings appended to the journal.",
        |m, _| m.ledger.journalled,
    ),
    Metric::counter(
        "gridos_readings_lost_total",
        "Readings gone from the journal (damaged or trimmed) before the database had them.",
        |m, _| m.ledger.lost,
    ),
    Metric::counter(
        "gridos_readings_offered_total",
        "Readings pushed into the ring.",
        |m, _| m.ledger.offered,
    ),
    Metric::counter(
        "gridos_readings_quarantined_total",
        "Readings the database keeps in its quarantine because they fit no layout.",
        |m, _| m.ledger.quarantined,
    ),
    Metric::counter(
        "gridos_readings_received_total",
        "Readings decoded from the wire or from HTTP.",
        |m, _| m.ledger.received,
    ),
    Metric::counter(
        "gridos_readings_refused_total",
        "Readings received but not taken, by reason.",
        |m, position| {
            let reason = Refusal::ALL.get(position);
            reason.map_or(0, |reason| m.ledger.refused_for(*reason))
        },
    )
    .by("reason", Refusal::LABELS),
    Metric::counter(
        "gridos_readings_stored_total",
        "Readings committed by the database.",
        |m, _| m.ledger.stored,
    ),
    Metric::gauge(
        "gridos_readings_unaccounted",
        "Readings that came and are nowhere (above 0) or never came (below 0); 0 at rest.",
        Unit::Count,
        |m, _| m.ledger.unaccounted as f64,
    ),
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
    Metric::histogram(
        "gridos_scan_lateness_seconds",
        "Time from when a scan was due to when its first request was sent.",
        |telemetry| telemetry.modbus.lateness.buckets(),
    ),
    Metric {
        name: "gridos_stage_seconds",
        help: "Time from the last byte on the wire to the stage, per batch.",
        unit: Unit::Seconds,
        label: Some(Label {
            name: "stage",
            values: StageName::LABELS,
        }),
        read: Read::Stages,
    },
    Metric::gauge(
        "gridos_store_backlog_bytes",
        "Journal that the database has not committed.",
        Unit::Bytes,
        |m, _| double(m.telemetry.store.backlog_bytes.get()),
    ),
    Metric::counter(
        "gridos_store_commits_total",
        "Transactions the database committed.",
        |m, _| m.telemetry.store.commits.get(),
    ),
    Metric::gauge(
        "gridos_store_connected",
        "1 while the database is connected, else 0.",
        Unit::Count,
        |m, _| double(m.telemetry.store.connected.get()),
    ),
    Metric::counter(
        "gridos_store_errors_total",
        "Database transactions or connections that failed.",
        |m, _| m.telemetry.store.errors.get(),
    ),
    Metric::gauge(
        "gridos_store_position_bytes",
        "Journal position that the database has committed.",
        Unit::Bytes,
        |m, _| double(m.telemetry.store.position.get()),
    ),
    Metric::counter(
        "gridos_store_retries_total",
        "Attempts to reach the database made again after an error.",
        |m, _| m.telemetry.store.retries.get(),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    #[test]
    fn names_ascend_and_so_are_unique() {
        assert!(METRICS.is_sorted_by(|a, b| a.name < b.name));
        assert!(catalogue().is_sorted_by(|a, b| a.name < b.name));
    }

    #[test]
    fn names_are_legal_and_say_kind_and_unit() {
        for metric in catalogue() {
            let name = metric.name;
            assert!(name.starts_with("gridos_"), "{name}");
            let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(name.chars().all(legal), "{name}");
            let total = name.ends_with("_total");
            assert_eq!(total, metric.kind() == Kind::Counter, "{name}");
            let base = name.trim_end_matches("_total");
            assert_eq!(
                base.ends_with("_bytes"),
                metric.unit == Unit::Bytes,
                "{name}"
            );
            assert_eq!(
                base.ends_with("_seconds"),
                metric.unit == Unit::Seconds,
                "{name}"
            );
        }
    }

    #[test]
    fn help_is_one_line_and_a_sentence() {
        for Metric { name, help, .. } in catalogue() {
            assert!(help.ends_with('.'), "{name}");
            assert!(help.chars().all(|c| c != '\n' && c != '\\'), "{name}");
        }
    }

    #[test]
    fn labels_have_few_values() {
        let labels = catalogue().iter().filter_map(|metric| metric.label);
        for Label { name, values } in labels {
            assert!(values.len() <= 10, "{name} has {} values", values.len());
            assert!(name != "device" && name != "point", "{name}");
        }
    }
}
