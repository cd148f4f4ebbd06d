//! The measures of the alarm system, made of what the store has.

use std::sync::atomic::Ordering;

use gridos_model::{
    AlarmAction, AlarmFacts, AlarmFlags, AlarmId, AlarmRecord, Level, Priority, Quality, Timestamp,
};
use gridos_store::{AlarmEventRow, StandingRow};
use serde_json::{Value, json};

use crate::rig::{Rig, get};

const IA: &str = "sub1.f1.ia:limit";
const IB: &str = "sub1.f1.ib:limit";
const V: &str = "sub1.f2.v:limit";
const PATH: &str = "/api/v1/alarms/metrics";
const RANGE: &str = "from=2026-01-02T00:00:00Z&to=2026-01-02T02:00:00Z";

/// So many seconds after midnight of the second of January 2026.
fn at(second: i64) -> Timestamp {
    Timestamp::from_millis((1_767_312_000 + second) * 1_000)
}

/// `device` is that of an alarm that is in no book.
fn row(second: i64, name: &str, device: Option<&str>, action: AlarmAction) -> AlarmEventRow {
    let is_raised = action == AlarmAction::Raised;
    let level = if action == AlarmAction::Returned {
        Level::Normal
    } else {
        Level::High
    };
    let (time, sequence) = (at(second), second.unsigned_abs() + 1);
    AlarmEventRow {
        place: format!("{:x}-0-{sequence:x}", time.as_micros())
            .parse()
            .unwrap(),
        name: Some(name.to_owned()),
        device: device.map(str::to_owned),
        point: None,
        record: AlarmRecord {
            sequence,
            alarm: AlarmId::of_name(name).unwrap(),
            occurrence: 1,
            action,
            is_annunciated: is_raised,
            from: Level::Normal,
            time,
            received: time,
            value: f64::NAN,
            quality: Quality::GOOD,
            after: AlarmFacts {
                level,
                priority: Priority::High,
                flags: if is_raised {
                    AlarmFlags::UNACKNOWLEDGED
                } else {
                    AlarmFlags::empty()
                },
                ..AlarmFacts::REST
            },
            note: None,
        },
    }
}

/// In the north a flood of two minutes at half past midnight, in the south one alarm; another one
/// stands for thirty hours.
fn happened() -> Rig {
    let rig = Rig::new();
    let mut events = Vec::new();
    for turn in 0..12 {
        let second = 1_800 + 10 * turn;
        events.push(row(second, IA, None, AlarmAction::Raised));
        events.push(row(second + 5, IA, None, AlarmAction::Returned));
    }
    events.extend([
        row(3_600, V, None, AlarmAction::Raised),
        row(3_630, V, None, AlarmAction::Acknowledged),
        row(
            4_000,
            "sub1.f1.old:limit",
            Some("sub1.f1"),
            AlarmAction::Raised,
        ),
        row(4_001, "gone.x:limit", Some("gone"), AlarmAction::Raised),
    ]);
    *rig.store.events.lock().unwrap() = events;
    rig.store.standing.lock().unwrap().push(StandingRow {
        alarm: AlarmId::of_name(IB).unwrap(),
        raised: Some(at(-28 * 3_600)),
        waiting: None,
        is_hidden: false,
    });
    rig
}

#[tokio::test]
async fn the_measures_are_shown_beside_their_thresholds() {
    let answer = get(&happened().router(), &format!("{PATH}?{RANGE}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let answer = answer.json();
    for (key, expected) in [
        ("from", json!("2026-01-02T00:00:00Z")),
        ("to", json!("2026-01-02T02:00:00Z")),
        ("activations", json!(14)),
        ("elsewhere", json!(1)),
        ("standing_total", json!(3)),
        ("stale_total", json!(1)),
        ("unacknowledged_total", json!(1)),
        ("chattering", json!([{"alarm": IA, "times": 1}])),
        ("fleeting", json!([{"alarm": IA, "times": 12}])),
        (
            "standing",
            json!([
                {"alarm": IB, "since": "2025-12-31T20:00:00Z"},
                {"alarm": V, "since": "2026-01-02T01:00:00Z"},
                {"alarm": "sub1.f1.old:limit", "since": "2026-01-02T01:06:40Z"},
            ]),
        ),
        (
            "acknowledgement",
            json!({"count": 1, "p50_seconds": 30.0, "p95_seconds": 30.0, "max_seconds": 30.0}),
        ),
    ] {
        assert_eq!(answer[key], expected, "{key}");
    }
    assert_eq!(answer["targets"]["flood_starts_above"], 10);
    assert_eq!(answer["priorities"]["high"], 14);
    // Two inner and two outer limits in the north, one of each in the south, which is medium.
    assert_eq!(
        answer["configured"],
        json!({"low": 2, "medium": 1, "high": 3, "urgent": 0, "shares": [2.0 / 6.0, 1.0 / 6.0, 0.5]})
    );
    let areas = answer["areas"].as_array().unwrap();
    let of = |area: &Value| (area["area"].clone(), area["annunciations"].clone());
    let areas_of: Vec<_> = areas.iter().map(of).collect();
    assert_eq!(
        areas_of,
        [(json!("north"), json!(13)), (json!("south"), json!(1))]
    );
    assert_eq!(
        areas[0]["floods"],
        json!([{
            "start": "2026-01-02T00:31:40Z", "end": "2026-01-02T00:41:10Z", "annunciations": 12,
            "first_out": IA, "first_sequence": 1_801,
        }])
    );
}

#[tokio::test]
async fn one_area_is_measured_alone() {
    let path = format!("{PATH}?{RANGE}&area=south");
    let answer = get(&happened().router(), &path).await.json();
    assert_eq!(answer["areas"].as_array().unwrap().len(), 1);
    assert_eq!(answer["areas"][0]["area"], "south");
    assert_eq!(answer["standing_total"], 1);
    assert_eq!(answer["activations"], 1);
    assert_eq!(answer["configured"]["medium"], 1);
    assert_eq!(answer["configured"]["low"], 0);
}

#[tokio::test]
async fn the_last_day_is_measured_unless_another_time_is_given() {
    let answer = get(&happened().router(), PATH).await.json();
    let time = |key: &str| answer[key].as_str().unwrap().to_owned();
    let (from, to) = (time("from"), time("to"));
    assert_ne!(from[..10], to[..10]);
    assert_eq!(from[10..], to[10..]);
    assert_eq!(answer["areas"][0]["annunciations"], 0);
}

#[tokio::test]
async fn what_cannot_be_measured_is_refused_with_the_reason() {
    let rig = happened();
    let router = rig.router();
    for (wrong, status, kind) in [
        (
            "from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:01Z",
            400,
            "bad-parameter",
        ),
        ("from=%2B1h&to=%2B2h", 400, "bad-parameter"),
        ("limit=1", 400, "bad-parameter"),
        ("area=west", 404, "not-found"),
    ] {
        let answer = get(&router, &format!("{PATH}?{wrong}")).await;
        answer.problem(status, kind);
    }
    let month = "from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z";
    assert_eq!(get(&router, &format!("{PATH}?{month}")).await.status, 200);
    rig.store.is_away.store(true, Ordering::Relaxed);
    get(&router, PATH).await.problem(503, "database-away");
}
