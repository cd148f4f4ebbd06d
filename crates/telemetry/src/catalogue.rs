//! The catalogue: every series, named and described once, with the cell it shows.

mod alarms;
mod config;
mod dnp3;
mod fleet;
mod journal;
mod notify;

use std::sync::LazyLock;

use crate::metric::Read;
use crate::{
    DeviceState, HttpRefusal, Label, ListenerAnswer, Loss, Metric, PeerRefusal, Refusal, StageName,
    StatusClass, StoreFault, Unit, Values,
};

/// Every metric of the engine, ascending by name.
pub fn catalogue() -> &'static [Metric] {
    &CATALOGUE
}

static CATALOGUE: LazyLock<Vec<Metric>> = LazyLock::new(|| {
    let mut all = [
        METRICS,
        alarms::ALARMS,
        config::CONFIG,
        dnp3::DNP3,
        fleet::FLEET,
        journal::JOURNAL,
        notify::NOTIFY,
    ]
    .concat();
    all.sort_by_key(|metric| metric.name);
    all
});

/// Positions above 2⁵³ lose their last bits in Prometheus, whose only number is the double.
const fn double(value: u64) -> f64 {
    value as f64
}

const METRICS: &[Metric] = &[
    Metric::gauge(
        "gridos_build_info",
        "Always 1; the label is the version of the engine.",
        Unit::Count,
        |_, _| 1.0,
    )
    .by_values("version", Values::Version),
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
    Metric::gauge(
        "gridos_engine_alarms_active",
        "Alarms of the engine itself that stand; they are listed in the status.",
        Unit::Count,
        |m, _| m.telemetry.engine_alarms.list().len() as f64,
    ),
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
        "Readings gone from the journal before the database had them, by reason.",
        |m, position| {
            let reason = Loss::ALL.get(position);
            reason.map_or(0, |reason| m.ledger.lost_for(*reason))
        },
    )
    .by("reason", Loss::LABELS),
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
            values: Values::Listed(StageName::LABELS),
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
    Metric {
        unit: Unit::Bytes,
        ..Metric::counter(
            "gridos_store_committed_bytes_total",
            "Journal in the transactions the database committed.",
            |m, _| m.telemetry.store.committed_bytes.get(),
        )
    },
    Metric::gauge(
        "gridos_store_connected",
        "1 while the database is connected, else 0.",
        Unit::Count,
        |m, _| double(m.telemetry.store.connected.get()),
    ),
    Metric::gauge(
        "gridos_store_drain_seconds",
        "How long until everything in the journal is stored, at the present rate.",
        Unit::Seconds,
        |m, _| m.telemetry.store.drain.get(),
    ),
    Metric::counter(
        "gridos_store_errors_total",
        "Database transactions or connections that failed. All are tried again, but for records refused \
         for their content, which go to quarantine.",
        |m, fault| {
            let fault = StoreFault::ALL.get(fault);
            fault.map_or(0, |fault| m.telemetry.store.faults(*fault))
        },
    )
    .by("fault", StoreFault::LABELS),
    Metric::gauge(
        "gridos_store_linger_seconds",
        "How long a small transaction waits for more at present: less where commits are slow.",
        Unit::Seconds,
        |m, _| double(m.telemetry.store.linger_ms.get()) / 1_000.0,
    ),
    Metric::counter(
        "gridos_store_minutes_partial_total",
        "Starts or reconnects after which the journal no longer held all that the open minutes were made of: readings are missing in the view reading_1m.",
        |m, _| m.telemetry.store.minutes_partial.get(),
    ),
    Metric::gauge(
        "gridos_store_partitions_ahead",
        "Whole partitions after the present one, of the table that has the fewest; 0 with SQLite, which has none.",
        Unit::Count,
        |m, _| double(m.telemetry.store.upkeep.partitions_ahead.get()),
    ),
    Metric::counter(
        "gridos_store_partitions_dropped_total",
        "Partitions dropped because all in them was older than what is kept.",
        |m, _| m.telemetry.store.upkeep.partitions_dropped.get(),
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
    Metric::counter(
        "gridos_store_rows_deleted_total",
        "Rows deleted because they were older than what is kept, or the file too large.",
        |m, _| m.telemetry.store.upkeep.rows_deleted.get(),
    ),
    Metric::gauge(
        "gridos_store_transaction_limit_bytes",
        "Journal that a transaction takes at most at present: less while they take over a second.",
        Unit::Bytes,
        |m, _| double(m.telemetry.store.transaction_limit.get()),
    ),
    Metric::histogram(
        "gridos_store_transaction_seconds",
        "How long a committed transaction of the database took.",
        |t| t.store.transaction.buckets(),
    ),
    Metric::counter(
        "gridos_store_upkeep_errors_total",
        "Runs of upkeep that failed: partitions may be missing ahead, and what is old stays.",
        |m, _| m.telemetry.store.upkeep.errors.get(),
    ),
    Metric::gauge(
        "gridos_store_upkeep_timestamp_seconds",
        "When upkeep last did all that was due, in seconds since 1970; 0 if never.",
        Unit::Seconds,
        |m, _| double(m.telemetry.store.upkeep.done.get()),
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
            let few = match values {
                Values::Listed(values) => values.len() <= 16,
                // Bounded where they are given.
                Values::Version | Values::Areas => true,
            };
            assert!(few, "{name} has many values");
            assert!(name != "device" && name != "point", "{name}");
        }
    }
}
