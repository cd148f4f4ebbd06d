//! Points whose readings are texts: posted, shown and asked for.

use gridos_model::{Quality, Timestamp};
use gridos_store::{ReadingRow, TextRow};
use serde_json::{Value, json};

use crate::rig::{Rig, get, post};

const SERIAL: &str = "sub1.f2.serial";

#[tokio::test]
async fn a_posted_text_is_the_latest_one() {
    let running = Rig::with_text().run();
    let router = gridos_api::router(running.state.clone());
    let path = format!("/api/v1/scada/latest?point={SERIAL}");
    let none = get(&router, &path).await.json();
    let none = &none["readings"][0];
    assert_eq!(
        (
            &none["text"],
            &none["value"],
            &none["time"],
            &none["quality"]
        ),
        (&Value::Null, &Value::Null, &Value::Null, &Value::Null)
    );
    let body = json!([
        {"point": SERIAL, "text": "SN \"7\" µ", "time": "1970-01-01T00:00:01Z"},
        {"point": "sub1.f2.v", "value": 21.5},
        {"point": SERIAL, "value": 5},
        {"point": "sub1.f2.v", "text": "high"},
    ]);
    let answer = post(&router, body.to_string()).await.json();
    assert_eq!(
        (&answer["accepted"], &answer["refused_total"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(
        answer["refused"][0],
        json!({"index": 2, "point": SERIAL, "reason": "invalid",
               "detail": "the point has texts: send a text instead of a value"})
    );
    let latest = get(&router, "/api/v1/scada/latest?device=sub1.f2")
        .await
        .json();
    let (number, text) = (&latest["readings"][0], &latest["readings"][1]);
    assert_eq!(number["value"], 21.5);
    assert!(number.get("text").is_none(), "{number}");
    assert_eq!(
        (&text["value"], &text["text"], &text["time"]),
        (
            &Value::Null,
            &json!("SN \"7\" µ"),
            &json!("1970-01-01T00:00:01Z")
        )
    );
    assert_eq!(text["quality"], json!([]));
    assert_eq!(text["period_seconds"], Value::Null);
    let devices = get(&router, "/api/v1/devices?q=f2&values=2").await.json();
    assert_eq!(devices["devices"][0]["values"][1]["text"], "SN \"7\" µ");
}

#[tokio::test]
async fn the_history_of_a_text_is_texts() {
    let rig = Rig::with_text();
    let row = |seconds: i64, text: &str, quality| TextRow {
        point: SERIAL.to_owned(),
        time: Timestamp::from_millis(seconds * 1_000),
        text: text.to_owned(),
        quality,
    };
    rig.store.texts.lock().unwrap().extend([
        row(1, "v1", Quality::GOOD),
        row(2, "", Quality::COMM_LOST),
        row(3, "", Quality::GOOD),
        row(4, "\\xff", Quality::TEXT_ESCAPED),
    ]);
    // What it was before it was configured as a text is not mixed in.
    rig.store.readings.lock().unwrap().push(ReadingRow {
        point: SERIAL.to_owned(),
        time: Timestamp::from_millis(500),
        value: Some(7.0),
        quality: Quality::GOOD,
    });
    let path = format!("/api/v1/scada/data?point={SERIAL}&from=1970-01-01T00:00:00Z&limit=3");
    let history = get(&rig.router(), &path).await.json();
    assert_eq!(
        (&history["unit"], &history["truncated"]),
        (&json!(""), &json!(true))
    );
    let shown = |text: Value, seconds: u8, quality: Value| {
        let time = format!("1970-01-01T00:00:0{seconds}Z");
        json!({"time": time, "value": null, "text": text, "quality": quality})
    };
    let expected = json!([
        shown(Value::Null, 2, json!(["comm_lost"])),
        shown(json!(""), 3, json!([])),
        shown(json!("\\xff"), 4, json!(["text_escaped"])),
    ]);
    assert_eq!(history["readings"], expected);
}

#[tokio::test]
async fn a_text_that_is_configured_no_more_keeps_its_history() {
    let rig = Rig::new();
    rig.store.texts.lock().unwrap().push(TextRow {
        point: "gone.serial".to_owned(),
        time: Timestamp::from_millis(1_000),
        text: "v1".to_owned(),
        quality: Quality::GOOD,
    });
    let path = "/api/v1/scada/data?point=gone.serial&from=1970-01-01T00:00:00Z";
    let history = get(&rig.router(), path).await.json();
    assert_eq!(history["readings"][0]["text"], "v1");
    assert_eq!(history["unit"], "kW");
}
