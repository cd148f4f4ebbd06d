//! What happened to alarms, from the store.

use std::sync::atomic::Ordering;

use gridos_model::{
    AlarmAction, AlarmFacts, AlarmId, AlarmRecord, Level, Note, Quality, Timestamp,
};
use gridos_store::AlarmEventRow;
use serde_json::{Value, json};

use crate::rig::{Rig, get};

const IA: &str = "sub1.f1.ia:limit";
const PATH: &str = "/api/v1/alarms/history?from=1970-01-01T00:00:00Z";

fn row(name: &str, sequence: u32, action: AlarmAction, note: Note) -> AlarmEventRow {
    let micros = i64::from(sequence) * 1_000_000;
    let time = Timestamp::from_millis(i64::from(sequence) * 1_000);
    AlarmEventRow {
        place: format!("{micros:x}-0-{sequence:x}").parse().unwrap(),
        name: Some(name.to_owned()),
        device: None,
        point: None,
        record: AlarmRecord {
            sequence: sequence.into(),
            alarm: AlarmId::of_name(name).unwrap(),
            occurrence: 1,
            action,
            is_annunciated: action == AlarmAction::Raised,
            from: Level::Normal,
            time,
            received: time,
            value: f64::NAN,
            quality: Quality::GOOD,
            after: AlarmFacts::REST,
            note: Some(Box::new(note)),
        },
    }
}

fn happened() -> Rig {
    let rig = Rig::new();
    let anna = |definition: &str| Note {
        by: "anna".into(),
        comment: "seen".into(),
        definition: definition.into(),
        ..Note::default()
    };
    rig.store.events.lock().unwrap().extend([
        row(IA, 1, AlarmAction::Raised, Note::default()),
        row("old.x:limit", 2, AlarmAction::Returned, Note::default()),
        row(IA, 3, AlarmAction::Acknowledged, anna("")),
        row(
            IA,
            4,
            AlarmAction::Redefined,
            anna("{\"kind\":\"limit\",\"high\":1.5,\"base\":1}"),
        ),
    ]);
    rig
}

fn sequences(answer: &Value) -> Vec<u64> {
    let records = answer["records"].as_array().unwrap().iter();
    records
        .map(|record| record["sequence"].as_u64().unwrap())
        .collect()
}

#[tokio::test]
async fn what_was_done_is_shown_with_who_did_it() {
    let answer = get(&happened().router(), PATH).await.json();
    assert_eq!(sequences(&answer), [4, 3, 2, 1]);
    let record = &answer["records"][1];
    for (key, expected) in [
        ("name", json!(IA)),
        ("action", json!("acknowledged")),
        ("annunciated", json!(false)),
        ("by", json!("anna")),
        ("comment", json!("seen")),
        ("from", json!("normal")),
        ("received", json!("1970-01-01T00:00:03Z")),
        ("value", Value::Null),
    ] {
        assert_eq!(record[key], expected, "{key}");
    }
    assert_eq!(record["after"]["state"], "normal");
    let definition = json!({"kind": "limit", "high": 1.5});
    assert_eq!(answer["records"][0]["definition"], definition);
}

#[tokio::test]
async fn a_long_past_is_read_page_by_page() {
    let router = happened().router();
    for (order, expected) in [("youngest", [4, 3, 2, 1]), ("oldest", [1, 2, 3, 4])] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("{PATH}&order={order}&limit=3{cursor}");
            let page = get(&router, &path).await.json();
            seen.extend(sequences(&page));
            match page["cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, expected);
    }
}

#[tokio::test]
async fn only_what_is_asked_for_is_asked_of_the_store() {
    let rig = happened();
    let router = rig.router();
    let path = format!(
        "{PATH}&device=sub1.f1&point=sub1.f1.ia&action=raised&action=returned&annunciated=1"
    );
    get(&router, &path).await.json();
    let asked = rig.store.asked.lock().unwrap().take().unwrap();
    assert_eq!(asked.device.as_deref(), Some("sub1.f1"));
    assert_eq!(asked.point.as_deref(), Some("sub1.f1.ia"));
    assert_eq!(asked.actions, [AlarmAction::Raised, AlarmAction::Returned]);
    assert!(asked.annunciated_only && !asked.ascending);
    for wrong in [
        "action=on",
        "order=up",
        "cursor=x",
        "annunciated=2",
        "alarm=x",
    ] {
        let answer = get(&router, &format!("{PATH}&{wrong}")).await;
        answer.problem(400, "bad-parameter");
    }
}

#[tokio::test]
async fn one_alarm_has_its_own_past() {
    let rig = happened();
    let router = rig.router();
    let path = |name: &str| format!("/api/v1/alarms/{name}/history?from=1970-01-01T00:00:00Z");
    let own = get(&router, &path(IA)).await.json();
    assert_eq!(sequences(&own), [4, 3, 1]);
    // Configured no more, and never.
    assert_eq!(
        sequences(&get(&router, &path("old.x:limit")).await.json()),
        [2]
    );
    let unknown = get(&router, &path("old.y:limit")).await;
    unknown.problem(404, "not-found");
    let one = get(&router, &format!("/api/v1/alarms/{IA}")).await.json();
    assert_eq!(sequences(&one), [4, 3, 1]);
    rig.store.is_away.store(true, Ordering::Relaxed);
    let one = get(&router, &format!("/api/v1/alarms/{IA}")).await.json();
    assert_eq!(one["records"], Value::Null);
    assert_eq!(one["alarm"]["state"], "normal");
}
