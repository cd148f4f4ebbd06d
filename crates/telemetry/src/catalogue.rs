//! The catalogue: every series, named and described once, with the cell it shows.

mod alarms;
mod config;
mod dnp3;
mod fleet;
mod http;
mod journal;
mod modbus;
mod notify;
mod relay;
mod store;
mod way;

use std::sync::LazyLock;

use crate::{DeviceState, Loss, Metric, Refusal, Role, Unit, Values};

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
        http::HTTP,
        fleet::FLEET,
        journal::JOURNAL,
        modbus::MODBUS,
        notify::NOTIFY,
        relay::RELAY,
        store::STORE,
        way::WAY,
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
        "gridos_role",
        "1 for what the engine is at present while a new version is tried, 0 for what it is not.",
        Unit::Count,
        |m, position| {
            let role = Role::ALL.get(position);
            role.map_or(0.0, |role| f64::from(m.telemetry.role.get() == *role))
        },
    )
    .by("role", Role::LABELS),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, Label};

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
        let labels = catalogue().iter().flat_map(Metric::labels);
        for Label { name, values } in labels {
            let few = match values {
                Values::Listed(values) => values.len() <= 18,
                // Bounded where they are given.
                Values::Version | Values::Areas => true,
            };
            assert!(few, "{name} has many values");
            assert!(name != "device" && name != "point", "{name}");
        }
    }
}
