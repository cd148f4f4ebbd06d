//! Status, devices, latest values, history and alarms.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::http::header;
use gridos_model::{Batch, TimeQuality, Timestamp};
use gridos_telemetry::{Protocol, Refusal};
use serde_json::{Value, json};

use crate::rig::{Rig, get};

fn publish(rig: &Rig, values: [f64; 2]) {
    let device = &rig.state.directory.devices()[0];
    let mut batch = Batch::default();
    let time = Timestamp::from_millis(1_500);
    batch.start_sweep(device.whole(), time, TimeQuality::Synchronised, time);
    batch.extend(values);
    rig.state
        .live
        .publish(0, device.whole().first(), &batch.readings().unwrap());
}

#[tokio::test]
async fn the_status_shows_the_engine_at_a_glance() {
    let rig = Rig::new();
    let telemetry = &rig.state.telemetry;
    telemetry.ledger.received.add(50);
    telemetry.ledger.refuse(Refusal::RingFull, 8);
    telemetry.ledger.offered.add(42);
    telemetry.ledger.journalled.add(40);
    telemetry.devices.get(0).unwrap().answered(1);
    telemetry.journal.position.set(900);
    telemetry.journal.durable.set(900);
    telemetry.store.position.set(700);
    telemetry.store.backlog_bytes.set(200);
    let mut recorder = telemetry.stages.durable.recorder();
    recorder.record(Protocol::Modbus, Duration::from_millis(4));
    drop(recorder);
    let status = get(&rig.router(), "/api/v1/scada/status").await.json();
    assert_eq!(
        (&status["engine"], &status["version"]),
        (&json!("north"), &json!("1.2.3"))
    );
    assert!(status["uptime_seconds"].as_f64().unwrap() >= 0.0);
    assert_eq!(
        status["devices"],
        json!({"total": 2, "up": 1, "down": 0, "unknown": 1})
    );
    assert_eq!(status["points"], 3);
    let ledger = &status["ledger"];
    assert_eq!(
        (&ledger["received"], &ledger["in_ring"]),
        (&json!(50), &json!(2))
    );
    assert_eq!(ledger["refused_by"]["ring_full"], 8);
    assert_eq!(
        (&ledger["unaccounted"], &ledger["balanced"]),
        (&json!(0), &json!(true))
    );
    assert_eq!(status["stages"]["stored"]["p95_ms"], Value::Null);
    let p95 = status["stages"]["durable"]["p95_ms"].as_f64().unwrap();
    assert!((3.9..4.1).contains(&p95), "{p95}");
    assert_eq!(status["journal"]["durable"], 900);
    let store = json!({
        "connected": true, "position": 700, "backlog_bytes": 200, "drain_seconds": null
    });
    assert_eq!(status["store"], store);
}

#[tokio::test]
async fn a_ledger_that_is_off_is_shown_as_off() {
    let rig = Rig::new();
    rig.state.telemetry.ledger.received.add(3);
    let status = get(&rig.router(), "/api/v1/scada/status").await.json();
    assert_eq!(status["ledger"]["unaccounted"], 3);
    assert_eq!(status["ledger"]["balanced"], false);
}

#[tokio::test]
async fn devices_are_listed_found_and_filtered() {
    let rig = Rig::new();
    rig.plant.read("sub1.f1.ia", 150.0);
    let second = rig.state.telemetry.devices.get(1).unwrap();
    let scans = second.begin_scans(&[Duration::from_secs(2)]);
    scans[0].used.record(Duration::from_secs(1), Instant::now());
    scans[0].overruns.increment();
    second.set_refused("coil 7".to_owned(), 1);
    second.set_unmapped_points("analog 17..19, counter 3".to_owned());
    second.unmapped.add(8);
    second.polls.add(9);
    second.answered(1_500_000_000);
    second.failed(&"timeout");
    let router = rig.router();
    let all = get(&router, "/api/v1/devices?values=1").await.json();
    assert_eq!((&all["total"], &all["matching"]), (&json!(2), &json!(2)));
    let first = &all["devices"][0];
    assert_eq!(
        (&first["name"], &first["state"]),
        (&json!("sub1.f1"), &json!("unknown"))
    );
    assert_eq!((&first["points"], &first["alarms"]), (&json!(2), &json!(1)));
    assert_eq!(first["last_answer"], Value::Null);
    assert_eq!(first["values"].as_array().unwrap().len(), 1);
    assert_eq!(first["values"][0]["level"], "high");
    let second = &all["devices"][1];
    assert_eq!(
        (&second["state"], &second["polls"]),
        (&json!("down"), &json!(9))
    );
    assert_eq!(second["last_answer"], "1970-01-01T00:00:01.5Z");
    assert_eq!(second["last_error"], "timeout");
    assert_eq!(second["protocol"], "dnp3");
    assert_eq!(second["refused_registers"], "coil 7");
    assert_eq!(second["unmapped_points"], "analog 17..19, counter 3");
    assert_eq!(second["unmapped_values"], 8);
    let scan = &second["scans"][0];
    assert_eq!(
        (&scan["period_seconds"], &scan["load"]),
        (&json!(2.0), &json!(0.5))
    );
    assert_eq!(
        (&scan["overruns"], &scan["lateness"]["max"]),
        (&json!(1), &json!(0.0))
    );
    assert_eq!(first["scans"], json!([]));
    for (query, names) in [
        ("q=F2", &["sub1.f2"][..]),
        ("state=down", &["sub1.f2"]),
        ("state=abnormal", &["sub1.f1", "sub1.f2"]),
        ("state=up", &[]),
        ("offset=1", &["sub1.f2"]),
        ("limit=1", &["sub1.f1"]),
    ] {
        let found = get(&router, &format!("/api/v1/devices?{query}"))
            .await
            .json();
        let found = found["devices"].as_array().unwrap().iter();
        let found: Vec<_> = found
            .map(|device| device["name"].as_str().unwrap())
            .collect();
        assert_eq!(found, names, "{query}");
    }
    let wrong = get(&router, "/api/v1/devices?state=broken").await;
    wrong.problem(400, "bad-parameter");
}

#[tokio::test]
async fn the_latest_readings_are_those_of_the_live_view() {
    let rig = Rig::new();
    publish(&rig, [1.25, f64::NAN]);
    let router = rig.router();
    let path = "/api/v1/scada/latest?point=sub1.f2.v&point=sub1.f1.ib";
    let latest = get(&router, path).await.json();
    let [never, nan] = [&latest["readings"][0], &latest["readings"][1]];
    assert_eq!(never["point"], "sub1.f2.v");
    assert_eq!(
        (&never["value"], &never["time"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(never["quality"], Value::Null);
    assert_eq!(
        (&nan["value"], &nan["quality"]),
        (&Value::Null, &json!(["not_finite"]))
    );
    publish(&rig, [1.25, f64::NEG_INFINITY]);
    let infinite = get(&router, path).await.json();
    let infinite = &infinite["readings"][1];
    assert_eq!(
        (&infinite["value"], &infinite["quality"]),
        (&json!("-Infinity"), &json!(["not_finite"]))
    );
    let device = get(&router, "/api/v1/scada/latest?device=sub1.f1")
        .await
        .json();
    let ia = &device["readings"][0];
    assert_eq!((&ia["value"], &ia["unit"]), (&json!(1.25), &json!("A")));
    assert_eq!(
        (&ia["time"], &ia["quality"]),
        (&json!("1970-01-01T00:00:01.5Z"), &json!([]))
    );
    assert_eq!(
        (&ia["level"], &ia["limits"]["high"]),
        (&json!("normal"), &json!(100.0))
    );
    assert_eq!(
        (&ia["limits"]["low"], &device["total"]),
        (&Value::Null, &json!(2))
    );
    // What is asked for twice is there once, where it is first asked for.
    let path = "/api/v1/scada/latest?point=sub1.f2.v&device=sub1.f1&point=sub1.f1.ib&limit=1";
    let (mut names, mut page) = (Vec::new(), get(&router, path).await.json());
    loop {
        assert_eq!(page["total"], 3);
        assert!(names.len() < 3, "there is no end: {names:?}");
        names.push(page["readings"][0]["point"].as_str().unwrap().to_owned());
        let Some(cursor) = page["cursor"].as_str() else {
            break;
        };
        let next = format!("{path}&cursor={cursor}");
        page = get(&router, &next).await.json();
    }
    assert_eq!(names, ["sub1.f2.v", "sub1.f1.ib", "sub1.f1.ia"]);
    for (query, status, kind) in [
        ("", 400, "bad-parameter"),
        ("?point=sub1.f1.ix", 404, "not-found"),
        ("?device=sub9", 404, "not-found"),
        ("?points=sub1.f1.ia", 400, "bad-parameter"),
        ("?device=sub1.f1&cursor=sub1.f2.v", 400, "bad-parameter"),
        ("?device=sub1.f1&cursor=nonsense", 400, "bad-parameter"),
    ] {
        get(&router, &format!("/api/v1/scada/latest{query}"))
            .await
            .problem(status, kind);
    }
}

#[tokio::test]
async fn values_of_a_device_that_does_not_answer_are_not_good() {
    let rig = Rig::polled();
    publish(&rig, [1.25, 2.0]);
    let router = rig.router();
    let device = rig.state.telemetry.devices.get(0).unwrap();
    let quality = async || {
        let latest = get(&router, "/api/v1/scada/latest?point=sub1.f1.ia").await;
        latest.json()["readings"][0]["quality"].clone()
    };
    device.answered(1);
    assert_eq!(quality().await, json!([]));
    device.failed(&"timeout");
    assert_eq!(quality().await, json!(["comm_lost"]));
    let path = "/api/v1/devices?q=sub1.f1&values=1";
    let devices = get(&router, path).await.json();
    let shown = &devices["devices"][0]["values"][0];
    assert_eq!(shown["quality"], json!(["comm_lost"]));
    device.answered(2);
    assert_eq!(quality().await, json!([]));
}

#[tokio::test]
async fn a_value_tells_how_often_it_comes() {
    let path = "/api/v1/scada/latest?point=sub1.f1.ib&point=sub1.f2.v";
    let latest = get(&Rig::polled().router(), path).await.json();
    let readings = &latest["readings"];
    assert_eq!(readings[0]["period_seconds"], 120.0);
    assert_eq!(readings[1]["period_seconds"], Value::Null);
}

#[tokio::test]
async fn a_number_that_is_a_state_is_shown_with_its_text() {
    let shown = async |value| {
        let rig = Rig::new();
        publish(&rig, [1.0, value]);
        let latest = get(&rig.router(), "/api/v1/scada/latest?device=sub1.f1")
            .await
            .json();
        let [ia, ib] = [&latest["readings"][0], &latest["readings"][1]];
        assert_eq!(ia.get("state"), None, "it has no states");
        ib.get("state").cloned()
    };
    assert_eq!(shown(1.0).await, Some(json!("closed")));
    assert_eq!(shown(0.0).await, Some(json!("open")));
    for unknown in [2.0, 0.5, f64::NAN] {
        assert_eq!(shown(unknown).await, None);
    }
}

#[tokio::test]
async fn a_database_that_is_away_stops_history_alone_and_tells_no_secrets() {
    let rig = Rig::new();
    rig.store.is_away.store(true, Ordering::Relaxed);
    let router = rig.router();
    for path in [
        "/api/v1/scada/data?point=sub1.f1.ia",
        "/api/v1/alarms/history",
        "/api/v1/dead-letters",
    ] {
        let answer = get(&router, path).await;
        answer.problem(503, "database-away");
        assert_eq!(answer.headers[header::RETRY_AFTER], "5");
        assert!(!answer.text.contains("secret"));
    }
    assert_eq!(
        get(&router, "/api/v1/scada/latest?device=sub1.f1")
            .await
            .status,
        200
    );
    assert_eq!(get(&router, "/api/v1/alarms").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_question_that_takes_too_long_is_ended() {
    let rig = Rig::new();
    rig.store.is_stuck.store(true, Ordering::Relaxed);
    let answer = get(&rig.router(), "/api/v1/scada/data?point=sub1.f1.ia").await;
    answer.problem(504, "slow-answer");
}
