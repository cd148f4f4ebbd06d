//! `gridos bench` measures a small part of each scenario, and what it tells hangs together.

use std::process::Command;

use serde_json::Value;

use crate::support::engine::binary;
use crate::support::postgres::Cluster;

fn measured(scenario: &str, scale: &str) -> Option<Value> {
    measured_as(scenario, &["--scale", scale])
}

fn measured_as(scenario: &str, options: &[&str]) -> Option<Value> {
    // Says so, or fails, where there is no server.
    Cluster::prepare()?;
    let output = Command::new(binary())
        .args(["bench", scenario, "--port-base", "0"])
        .args(options)
        .args(["--for", "4s", "--warm-up", "1s", "--json"])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let all: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(all["machine"]["cores"].as_u64().unwrap() > 0);
    let [figures] = all["scenarios"].as_array().unwrap().as_slice() else {
        panic!("{all}");
    };
    Some(figures.clone())
}

fn number(figures: &Value, path: &str) -> f64 {
    let value = figures.pointer(path).and_then(Value::as_f64);
    value.unwrap_or_else(|| panic!("no {path} in {figures:#}"))
}

/// What every scenario must tell.
fn check(figures: &Value) {
    for path in [
        "/durable",
        "/stored",
        "/resident_bytes/peak",
        "/database_alone/arrays",
        "/database_alone/rows",
        "/latency_ms/wire-durable/p99",
        "/latency_ms/wire-stored/p50",
        "/cpu_seconds_per_million/engine",
        "/cpu_seconds_per_million/server",
    ] {
        assert!(number(figures, path) > 0.0, "{path} in {figures:#}");
    }
    let durable = &figures["latency_ms"]["wire-durable"];
    let rising = ["p50", "p95", "p99", "p99.9", "max"].map(|part| durable[part].as_f64().unwrap());
    assert!(rising.is_sorted(), "{durable}");
    let ledger = &figures["ledger"];
    assert_eq!(ledger["is_balanced"], true, "{ledger}");
    assert_eq!(ledger["lost"], 0, "{ledger}");
    // It drained at its end. A post that came while it did so, or to a full ring, was refused, and told so.
    let settled = number(figures, "/ledger/stored") + number(figures, "/ledger/refused");
    assert!(
        (number(figures, "/ledger/received") - settled).abs() < 0.5,
        "{ledger}"
    );
}

#[test]
fn dense_devices_are_measured_beside_the_wire_alone() {
    let Some(figures) = measured("modbus-dense", "0.02") else {
        return;
    };
    check(&figures);
    assert_eq!(figures["devices"], 2);
    assert!(number(&figures, "/wire_alone") > 0.0);
    // Two devices of 125 points, read so often that it is half of what was stored, or the next whole millisecond.
    let offered = number(&figures, "/half/offered");
    assert!(offered <= number(&figures, "/stored") / 2.0, "{figures:#}");
    let millis = 2.0 * 125.0 * 1_000.0 / offered;
    assert!((millis - millis.round()).abs() < 1e-6, "{figures:#}");
    let durable = number(&figures, "/half/durable");
    assert!(durable > 0.0 && durable < 1.1 * offered, "{figures:#}");
    assert!(number(&figures, "/half/latency_ms/wire-durable/p99") > 0.0);
    for when in ["quiet", "busy"] {
        let disk = &figures["half"]["disk_ms"][when];
        assert!(
            disk["count"].as_u64().unwrap() > 0 && disk["p99"].as_f64().unwrap() > 0.0,
            "{when}: {figures:#}"
        );
    }
    let bytes = &figures["bytes_per_reading"];
    // A value is 8 bytes, wherever it lies, and a table of arrays has little more.
    for place in ["journal", "wal", "table"] {
        let bytes = bytes[place].as_f64().unwrap();
        assert!((4.0..100.0).contains(&bytes), "{place}: {figures:#}");
    }
}

#[test]
fn events_and_posts_are_measured() {
    let Some(figures) = measured("mixed", "0.01") else {
        return;
    };
    check(&figures);
    assert_eq!(figures["devices"], 1 + 10 + 10);
    assert!(figures["wire_alone"].is_null() && figures["offered"].is_null());
}

#[test]
fn an_outage_is_measured_until_it_is_drained() {
    let Some(figures) = measured("outage", "0.01") else {
        return;
    };
    check(&figures);
    assert_eq!(number(&figures, "/offered"), 20.0 * 32.0);
    assert!(number(&figures, "/outage/seconds") >= 2.0);
    assert!(number(&figures, "/outage/drained_within") > 0.0);
}

#[test]
fn a_plant_of_another_size_is_measured_beside_a_client_of_the_history() {
    let size = [
        "--devices",
        "3",
        "--points",
        "130",
        "--every",
        "250ms",
        "--history",
        "2",
    ];
    let Some(figures) = measured_as("modbus-wide", &size) else {
        return;
    };
    check(&figures);
    assert_eq!(figures["devices"], 3);
    assert_eq!(figures["points"], 3 * 130);
    assert_eq!(number(&figures, "/offered"), 3.0 * 130.0 * 4.0);
    assert_eq!(figures["history"]["points"], 2);
    assert!(number(&figures, "/history/answers") > 0.0);
    assert!(number(&figures, "/history/p50") <= number(&figures, "/history/p99"));
}

#[test]
fn a_size_is_for_scenarios_that_have_it() {
    let output = Command::new(binary())
        .args(["bench", "mixed", "--points", "10"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        errors.contains("--points is for modbus-dense, modbus-wide and outage"),
        "{errors}"
    );
}
