//! The stream of points, devices and the overview.

mod crowd;
mod property;
mod slow;
mod table;

use std::time::Duration;

use axum::http::{StatusCode, header};
use gridos_model::{Batch, Timestamp};
use serde_json::{Value, json};

use self::table::{Table, connect};
use crate::rig::{Rig, get};

const ALL: &str = "points=sub1.f1.*,sub1.f2.v&devices=sub1.f1,sub1.f2&overview=true";

#[tokio::test(start_paused = true)]
async fn a_client_gets_a_snapshot_and_then_what_changes() {
    let rig = Rig::new();
    rig.plant.read("sub1.f1.ia", 50.0);
    let (router, mut table) = (rig.router(), Table::default());
    let mut client = connect(&router, ALL).await;
    client.fill(&mut table).await;
    assert_eq!((table.snapshots, table.deltas), (1, 0));
    assert_eq!((table.points.len(), table.devices.len()), (3, 2));
    assert_eq!(table.points["sub1.f1.ia"]["value"], 50.0);
    assert_eq!(table.points["sub1.f1.ib"]["time"], Value::Null);
    assert_eq!(table.devices["sub1.f2"]["state"], "unknown");
    assert_eq!(table.overview["engine"], "north");
    // A limit is passed: the value, the level, the alarms of the device.
    rig.plant.read("sub1.f1.ia", 150.0);
    client.pass(Duration::from_millis(600), &mut table).await;
    assert_eq!(table.snapshots, 1);
    let ia = &table.points["sub1.f1.ia"];
    assert_eq!(
        (&ia["value"], &ia["level"]),
        (&json!(150.0), &json!("high"))
    );
    assert_eq!(ia["received"], ia["time"]);
    assert_eq!(table.devices["sub1.f1"]["alarms"], 1);
    let last = &table.last;
    let told: Vec<_> = last["points"].as_array().unwrap().iter().collect();
    assert!(
        told.iter().all(|point| point["point"] == "sub1.f1.ia"),
        "{last}"
    );
    // Nothing was read, and the device is known to be down.
    rig.state
        .telemetry
        .devices
        .get(1)
        .unwrap()
        .failed(&"timeout");
    client.pass(Duration::from_millis(600), &mut table).await;
    assert_eq!(table.devices["sub1.f2"]["state"], "down");
    client.pass(Duration::from_secs(2), &mut table).await;
    assert_eq!(table.overview["alarms"]["active"], 1);
    assert_eq!(table.overview["devices"]["down"], 1);
}

#[tokio::test(start_paused = true)]
async fn values_of_a_device_that_is_lost_are_told_to_be_so() {
    let rig = Rig::polled();
    rig.plant.read("sub1.f1.ia", 50.0);
    let (router, mut table) = (rig.router(), Table::default());
    let mut client = connect(&router, "points=sub1.f1.*").await;
    client.fill(&mut table).await;
    assert_eq!(table.points["sub1.f1.ia"]["quality"], json!([]));
    rig.state
        .telemetry
        .devices
        .get(0)
        .unwrap()
        .failed(&"timeout");
    client.pass(Duration::from_secs(1), &mut table).await;
    assert_eq!(table.points["sub1.f1.ia"]["quality"], json!(["comm_lost"]));
}

#[tokio::test(start_paused = true)]
async fn texts_are_followed_as_well() {
    let rig = Rig::with_text();
    let (router, mut table) = (rig.router(), Table::default());
    let mut client = connect(&router, "points=sub1.f2.serial").await;
    client.fill(&mut table).await;
    assert_eq!(table.points["sub1.f2.serial"]["text"], Value::Null);
    let device = &rig.state.directory.devices()[1];
    let mut batch = Batch::default();
    batch.start_texts(device.whole(), Timestamp::from_millis(10));
    let quality = gridos_model::Quality::GOOD;
    assert!(batch.push_text(1, Timestamp::from_millis(5), "SN 7", quality));
    let readings = batch.readings().unwrap();
    rig.state.live.publish(1, device.whole().first(), &readings);
    client.pass(Duration::from_secs(1), &mut table).await;
    let shown = &table.points["sub1.f2.serial"];
    assert_eq!(
        (&shown["text"], &shown["value"]),
        (&json!("SN 7"), &Value::Null)
    );
    assert_eq!(shown["time"], "1970-01-01T00:00:00.005Z");
}

#[tokio::test(start_paused = true)]
async fn a_quiet_stream_beats_and_a_busy_one_is_told_as_seldom_as_asked() {
    let rig = Rig::new();
    let (router, mut table) = (rig.router(), Table::default());
    let mut client = connect(&router, "points=sub1.f1.ia&every=5s").await;
    client.fill(&mut table).await;
    client.pass(Duration::from_secs(7), &mut table).await;
    assert_eq!((table.beats, table.deltas), (3, 0));
    for n in 0..100 {
        rig.plant.read("sub1.f1.ia", f64::from(n));
        client.pass(Duration::from_millis(101), &mut table).await;
    }
    assert!((2..=3).contains(&table.deltas), "{}", table.deltas);
    client.pass(Duration::from_secs(5), &mut table).await;
    assert_eq!(table.points["sub1.f1.ia"]["value"], 99.0);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_followed_is_refused() {
    let router = Rig::new().router();
    let many = ["sub1.f1.ia"; 501].join(",");
    for (query, status, kind) in [
        ("", 400, "bad-parameter"),
        ("overview=false", 400, "bad-parameter"),
        ("point=sub1.f1.ia", 400, "bad-parameter"),
        ("points=sub1.f1.ix", 404, "not-found"),
        ("points=sub1.*", 404, "not-found"),
        ("devices=sub9", 404, "not-found"),
        ("overview=true&every=100ms", 400, "bad-parameter"),
        ("overview=true&every=11s", 400, "bad-parameter"),
        ("overview=true&every=1", 400, "bad-parameter"),
        (&format!("points={many}"), 400, "bad-parameter"),
    ] {
        let answer = get(&router, &format!("/api/v1/stream?{query}")).await;
        answer.problem(status, kind);
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_clients_than_there_are_places() {
    let mut rig = Rig::new();
    rig.state.settings.streams_max = 2;
    let router = rig.router();
    let _alarms = crate::alarms::connect(&router).await;
    let first = connect(&router, ALL).await;
    let cells = &rig.state.telemetry.http;
    assert_eq!(cells.streams.get(), 2);
    let third = get(&router, &format!("/api/v1/stream?{ALL}")).await;
    assert_eq!(third.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(third.headers[header::RETRY_AFTER], "5");
    assert_eq!(cells.streams_refused.get(), 1);
    drop(first);
    connect(&router, ALL).await;
}
