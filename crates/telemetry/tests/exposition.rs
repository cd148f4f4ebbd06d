//! What a Prometheus server reads, checked as strictly as one does.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use gridos_telemetry::{
    BUCKET_BOUNDS, Kind, Protocol, Refusal, Role, ScanOutcome, StatusClass, Telemetry, catalogue,
};

type Labels = BTreeMap<String, String>;

/// A family as read back from the text.
#[derive(Debug, Default)]
struct Family {
    kind: String,
    help: String,
    samples: Vec<(String, Labels, f64)>,
}

/// Reads the Prometheus text format 0.0.4 and panics on whatever it does not allow.
fn parse(text: &str) -> BTreeMap<String, Family> {
    assert!(text.ends_with('\n'), "the last line must end");
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut current = String::new();
    let mut seen = BTreeSet::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(!families.contains_key(name), "two families {name}");
            name.clone_into(&mut current);
            families.entry(current.clone()).or_default().help = help.to_owned();
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert_eq!(name, current, "TYPE without its HELP");
            let family = families.get_mut(name).unwrap();
            assert!(family.kind.is_empty() && family.samples.is_empty());
            family.kind = kind.to_owned();
        } else {
            assert!(!line.starts_with('#'), "{line}");
            let (name, labels, value) = parse_sample(line);
            assert!(seen.insert((name.clone(), labels.clone())), "twice: {line}");
            let family = families.get_mut(&current).unwrap();
            let suffixes: &[&str] = match &*family.kind {
                "histogram" => &["_bucket", "_sum", "_count"],
                "counter" | "gauge" => &[""],
                other => panic!("kind {other}"),
            };
            let suffix = name.strip_prefix(&*current).unwrap();
            assert!(suffixes.contains(&suffix), "{line} in {current}");
            family.samples.push((name, labels, value));
        }
    }
    families
}

fn parse_sample(line: &str) -> (String, Labels, f64) {
    let (series, value) = line.rsplit_once(' ').unwrap();
    let (name, labels) = match series.split_once('{') {
        None => (series, Labels::new()),
        Some((name, rest)) => (name, parse_labels(rest.strip_suffix('}').unwrap())),
    };
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    assert!(!name.is_empty() && name.chars().all(legal), "{line}");
    (name.to_owned(), labels, value.parse().unwrap())
}

fn parse_labels(text: &str) -> Labels {
    let mut labels = Labels::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").unwrap();
        let (mut value, mut end, mut escaped) = (String::new(), None, false);
        for (at, c) in after.char_indices() {
            match c {
                _ if escaped => {
                    value.push(if c == 'n' { '\n' } else { c });
                    escaped = false;
                }
                '\\' => escaped = true,
                '"' => {
                    end = Some(at);
                    break;
                }
                c => value.push(c),
            }
        }
        rest = &after[end.expect("an open quote") + 1..];
        rest = rest.strip_prefix(',').unwrap_or(rest);
        assert_eq!(labels.insert(name.to_owned(), value), None, "{text}");
    }
    labels
}

fn telemetry() -> Telemetry {
    let devices = ["rtu-1", "rtu-2"].map(str::to_owned);
    let areas = ["north", "the \"south\""].map(str::to_owned);
    Telemetry::with_areas("1.2.3", devices, areas)
}

/// The one value of the series `name` with `labels`.
fn value(families: &BTreeMap<String, Family>, name: &str, labels: &[(&str, &str)]) -> f64 {
    let owned = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
    let labels: Labels = labels.iter().map(owned).collect();
    let mut samples = families.values().flat_map(|family| &family.samples);
    let found = samples.find(|(sample, have, _)| sample == name && *have == labels);
    found.unwrap_or_else(|| panic!("no {name} {labels:?}")).2
}

#[test]
fn every_series_is_there_with_zero_from_the_start() {
    let families = parse(&telemetry().render());
    let expected: BTreeSet<_> = catalogue().iter().map(|metric| metric.name).collect();
    let found: BTreeSet<_> = families.keys().map(String::as_str).collect();
    assert_eq!(found, expected);
    for metric in catalogue() {
        let family = &families[metric.name];
        assert_eq!(family.help, metric.help);
        assert_eq!(family.kind, metric.kind().name(), "{}", metric.name);
        let values = metric.series("1.2.3", &["north", "the \"south\""]).len();
        let per_value = match metric.kind() {
            Kind::Histogram => BUCKET_BOUNDS.len() + 3,
            Kind::Counter | Kind::Gauge => 1,
        };
        assert_eq!(family.samples.len(), values * per_value, "{}", metric.name);
        let not_known = [
            "gridos_journal_autonomy_seconds",
            "gridos_journal_oldest_unstored_seconds",
            "gridos_store_drain_seconds",
        ];
        let starts_set =
            ["gridos_build_info", "gridos_devices", "gridos_role"].contains(&metric.name);
        for (name, labels, value) in &family.samples {
            let is_unknown = not_known.contains(&metric.name) && value.is_nan();
            assert!(
                starts_set || is_unknown || *value == 0.0,
                "{name} {labels:?} {value}"
            );
        }
    }
    let version = [("version", "1.2.3")];
    assert_eq!(value(&families, "gridos_build_info", &version), 1.0);
    let unknown = [("state", "unknown")];
    assert_eq!(value(&families, "gridos_devices", &unknown), 2.0);
    let stable = [("role", "stable")];
    assert_eq!(value(&families, "gridos_role", &stable), 1.0);
}

/// The counters of an engine must not begin anew when it is promoted: the role is a series of its
/// own, and no label of theirs.
#[test]
fn a_role_changes_in_place() {
    let telemetry = telemetry();
    let roles = || {
        let families = parse(&telemetry.render());
        ["stable", "canary"].map(|role| value(&families, "gridos_role", &[("role", role)]))
    };
    telemetry.role.set(Role::Canary);
    assert_eq!(roles(), [0.0, 1.0]);
    telemetry.role.set(Role::Stable);
    assert_eq!(roles(), [1.0, 0.0]);
}

#[test]
fn two_labels_tell_their_cells_apart() {
    let telemetry = telemetry();
    let mut count = 0;
    for protocol in Protocol::ALL {
        for outcome in ScanOutcome::ALL {
            count += 1;
            telemetry.scans.end(*protocol, *outcome, count);
        }
    }
    let families = parse(&telemetry.render());
    let mut expected = 0.0;
    for protocol in Protocol::LABELS {
        for outcome in ScanOutcome::LABELS {
            expected += 1.0;
            let labels = [("protocol", *protocol), ("outcome", *outcome)];
            assert_eq!(value(&families, "gridos_scans_total", &labels), expected);
        }
    }
}

#[test]
fn time_is_counted_in_parts_of_seconds() {
    let telemetry = telemetry();
    let start = Instant::now();
    let pressure = &telemetry.pressure;
    pressure.hold_back(Protocol::Dnp3, start);
    pressure.relieve(start + Duration::from_millis(2_250));
    let families = parse(&telemetry.render());
    let held = |protocol| {
        let name = "gridos_back_pressure_seconds_total";
        value(&families, name, &[("protocol", protocol)])
    };
    assert_eq!(["modbus", "dnp3", "http"].map(held), [0.0, 2.25, 0.0]);
}

#[test]
fn cells_show_under_their_names() {
    let telemetry = telemetry();
    telemetry.modbus.polls.add(7);
    telemetry.journal.position.set(1 << 40);
    telemetry.store.connected.set(1);
    telemetry.http.answered(StatusClass::ClientError);
    telemetry.devices.get(0).unwrap().answered(1);
    telemetry.ledger.received.add(5);
    telemetry.alarms.areas.set(1, 12, true);
    telemetry.ledger.refuse(Refusal::UnknownPoint, 5);
    let families = parse(&telemetry.render());
    let of = |name| value(&families, name, &[]);
    assert_eq!(of("gridos_modbus_polls_total"), 7.0);
    assert_eq!(
        of("gridos_journal_position_bytes"),
        f64::from(2.0_f32).powi(40)
    );
    assert_eq!(of("gridos_store_connected"), 1.0);
    assert_eq!(of("gridos_readings_unaccounted"), 0.0);
    let labelled = [
        ("gridos_http_requests_total", ("class", "4xx"), 1.0),
        ("gridos_devices", ("state", "up"), 1.0),
        ("gridos_alarm_flood", ("area", "north"), 0.0),
        ("gridos_alarm_flood", ("area", "the \"south\""), 1.0),
        ("gridos_alarm_rate_10m", ("area", "the \"south\""), 12.0),
        (
            "gridos_readings_refused_total",
            ("reason", "unknown_point"),
            5.0,
        ),
        (
            "gridos_readings_refused_total",
            ("reason", "ring_full"),
            0.0,
        ),
    ];
    for (name, label, expected) in labelled {
        assert_eq!(value(&families, name, &[label]), expected, "{name}");
    }
}

#[test]
fn the_share_within_half_a_second_is_exact() {
    let telemetry = telemetry();
    let mut recorder = telemetry.stages.durable.recorder();
    recorder.record(Protocol::Modbus, Duration::from_millis(500));
    recorder.record(Protocol::Modbus, Duration::from_nanos(500_000_001));
    recorder.record(Protocol::Modbus, Duration::from_secs(60));
    recorder.flush();
    let families = parse(&telemetry.render());
    let bucket = |le| {
        let labels = [("stage", "durable"), ("protocol", "modbus"), ("le", le)];
        value(&families, "gridos_stage_seconds_bucket", &labels)
    };
    let bounds = ["0.4", "0.5", "0.75", "10", "+Inf"].map(bucket);
    assert_eq!(bounds, [0.0, 1.0, 2.0, 2.0, 3.0]);
    let durable = [("stage", "durable"), ("protocol", "modbus")];
    let sum = value(&families, "gridos_stage_seconds_sum", &durable);
    assert!((sum - 61.000_000_001).abs() < 1e-9, "{sum}");
    assert_eq!(
        value(&families, "gridos_stage_seconds_count", &durable),
        3.0
    );
    let stored = [("stage", "stored"), ("protocol", "modbus")];
    assert_eq!(value(&families, "gridos_stage_seconds_count", &stored), 0.0);
}

#[test]
fn the_bounds_in_the_text_are_frozen() {
    let text = telemetry().render();
    let bounds: Vec<_> = text
        .lines()
        .filter_map(|line| {
            line.strip_prefix("gridos_stage_seconds_bucket{stage=\"ring\",protocol=\"http\",le=\"")
        })
        .filter_map(|rest| rest.split_once('"').map(|(le, _)| le))
        .collect();
    let expected = "0.0005 0.001 0.002 0.003 0.005 0.0075 0.01 0.015 0.02 0.03 0.05 0.075 0.1 0.15 \
                    0.2 0.25 0.3 0.4 0.5 0.75 1 2 5 10 +Inf";
    assert_eq!(bounds.join(" "), expected);
}

/// However producers and renderings interleave, one text always accounts for every reading.
#[test]
fn every_rendering_balances() {
    let telemetry = telemetry();
    let ledger = &telemetry.ledger;
    ledger.carried_over.set(11);
    std::thread::scope(|scope| {
        let producer = scope.spawn(|| {
            for _ in 0..50_000 {
                ledger.received.add(4);
                ledger.refuse(Refusal::RingFull, 1);
                ledger.offered.add(3);
                ledger.journalled.add(3);
                ledger.stored.add(1);
                ledger.quarantined.add(1);
                ledger.lose(gridos_telemetry::Loss::Damaged, 1);
            }
        });
        while !producer.is_finished() {
            let families = parse(&telemetry.render());
            let of = |name: &str| value(&families, &format!("gridos_readings_{name}"), &[]);
            let refused = &families["gridos_readings_refused_total"].samples;
            let refused: f64 = refused.iter().map(|(_, _, value)| value).sum();
            let parts = [
                "in_ring",
                "in_journal",
                "stored_total",
                "quarantined_total",
                "unaccounted",
            ]
            .map(of);
            let lost = &families["gridos_readings_lost_total"].samples;
            let lost: f64 = lost.iter().map(|(_, _, value)| value).sum();
            let came = of("received_total") + of("carried_over");
            assert_eq!(came, refused + lost + parts.iter().sum::<f64>());
            assert!(of("unaccounted") >= 0.0);
        }
    });
    assert!(ledger.snapshot().is_balanced());
}

#[test]
fn a_version_with_quotes_does_not_break_the_text() {
    let version = "1.0\"\n";
    let families = parse(&Telemetry::new(version, []).render());
    let labels = [("version", version)];
    assert_eq!(value(&families, "gridos_build_info", &labels), 1.0);
}

#[test]
fn renderings_of_one_state_are_one_text_in_the_order_of_names() {
    let telemetry = telemetry();
    assert_eq!(telemetry.render(), telemetry.render());
    let text = telemetry.render();
    let names: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .collect();
    assert!(names.is_sorted());
}
