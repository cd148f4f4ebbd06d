//! The database writer.

use super::double;
use crate::{Metric, StoreFault, Unit};

pub(super) const STORE: &[Metric] = &[
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
        |t, _| t.store.transaction.buckets(),
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
