//! Commands about alarms.

use std::sync::Arc;

use gridos_pipeline::alarm_commands;
use serde_json::{Value, json};

use super::send;
use crate::rig::{Answer, Rig, Running, get};

const IA: &str = "sub1.f1.ia:limit";
const V: &str = "sub1.f2.v:limit";

async fn give(rig: &Running, path: &str, body: Value) -> Answer {
    send(&rig.router(), "POST", path, &[], &body).await
}

fn state(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["alarm"]["state"].clone()
}

#[tokio::test]
async fn an_operator_sees_an_alarm_through() {
    let rig = Rig::new().run();
    rig.plant.read("sub1.f2.v", 5.5);
    let occurrence = rig.plant.occurrence(V);
    let body = json!({"occurrence": occurrence, "by": "anna", "comment": "on my way"});
    let silenced = give(&rig, &format!("{V}/silence"), body.clone()).await;
    assert_eq!(state(&silenced), "unacknowledged");
    assert_eq!(
        silenced.json()["alarm"]["flags"],
        json!(["unacknowledged", "latched", "silenced"])
    );
    let acknowledged = give(&rig, &format!("{V}/ack"), body.clone()).await;
    assert_eq!(state(&acknowledged), "acknowledged");
    let deed = &acknowledged.json()["alarm"]["acknowledged"];
    assert_eq!(
        (&deed["by"], &deed["comment"]),
        (&json!("anna"), &json!("on my way"))
    );
    let shelf = json!({"by": "anna", "comment": "maintenance", "seconds": 600, "one_shot": false});
    let shelved = give(&rig, &format!("{V}/shelve"), shelf).await;
    assert_eq!(state(&shelved), "shelved");
    let alarm = &shelved.json()["alarm"];
    assert_eq!(alarm["base_state"], "acknowledged");
    assert_eq!(alarm["hidden"]["comment"], "maintenance");
    assert_eq!(alarm["shelf"]["one_shot"], false);
    let unshelved = give(&rig, &format!("{V}/unshelve"), json!({"by": "anna"})).await;
    assert_eq!(state(&unshelved), "acknowledged");
    rig.plant.read("sub1.f2.v", 1.0);
    let reset = give(&rig, &format!("{V}/reset"), body).await;
    assert_eq!(state(&reset), "normal");
    let list = get(&rig.router(), "/api/v1/alarms").await.json();
    assert_eq!(list["total"], 0);
}

#[tokio::test]
async fn what_is_hidden_comes_back() {
    let rig = Rig::new().run();
    let reason = json!({"by": "anna", "comment": "being painted"});
    for (hide, hidden, show) in [
        ("suppress", "suppressed", "unsuppress"),
        ("out-of-service", "out_of_service", "in-service"),
    ] {
        let answer = give(&rig, &format!("{IA}/{hide}"), reason.clone()).await;
        assert_eq!(state(&answer), hidden);
        let answer = give(&rig, &format!("{IA}/{show}"), reason.clone()).await;
        assert_eq!(state(&answer), "normal");
    }
}

#[tokio::test]
async fn an_occurrence_that_was_not_seen_is_not_acknowledged() {
    let rig = Rig::new().run();
    rig.plant.read("sub1.f1.ia", 150.0);
    let seen = rig.plant.occurrence(IA);
    rig.plant.read("sub1.f1.ia", 50.0);
    rig.plant.read("sub1.f1.ia", 150.0);
    let present = rig.plant.occurrence(IA);
    let path = format!("{IA}/ack");
    let body = |occurrence: u64| json!({"occurrence": occurrence, "by": "anna"});
    let answer = give(&rig, &path, body(seen)).await;
    answer.problem(409, "occurrence-moved");
    assert_eq!(answer.json()["present_occurrence"], present);
    let answer = give(&rig, &path, json!({"by": "anna"})).await;
    answer.problem(422, "invalid");
    assert_eq!(answer.json()["present_occurrence"], present);
    assert_eq!(
        state(&give(&rig, &path, body(present)).await),
        "acknowledged"
    );
}

#[tokio::test]
async fn what_comes_again_is_done_once() {
    let rig = Rig::new().run();
    rig.plant.read("sub1.f1.ia", 150.0);
    let (router, path) = (rig.router(), format!("{IA}/ack"));
    let body = json!({"occurrence": rig.plant.occurrence(IA), "by": "anna"});
    let key = [("Idempotency-Key", "k1")];
    let first = send(&router, "POST", &path, &key, &body).await.json();
    let again = send(&router, "POST", &path, &key, &body).await.json();
    assert_eq!(
        (&first["changed"], &again["changed"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(first["alarm"]["sequence"], again["alarm"]["sequence"]);
    let other = json!({"by": "anna", "comment": "why", "seconds": 60});
    let answer = send(&router, "POST", &format!("{IA}/shelve"), &key, &other).await;
    answer.problem(422, "invalid");
}

#[tokio::test]
async fn commands_that_make_no_sense_are_refused() {
    let rig = Rig::new().run();
    let body = json!({"occurrence": 1, "by": "anna"});
    for (path, body, status, kind) in [
        ("sub1.f1.ix:limit/ack", body.clone(), 404, "not-found"),
        ("nonsense/ack", body.clone(), 404, "not-found"),
        (
            "sub1.f1.ia:limit/acknowledge",
            body.clone(),
            404,
            "not-found",
        ),
        (
            "sub1.f1.ia:limit/ack",
            json!({"occurrence": 1}),
            422,
            "invalid",
        ),
        (
            "sub1.f1.ia:limit/ack",
            json!({"occurence": 1, "by": "a"}),
            400,
            "malformed",
        ),
        ("sub1.f1.ia:limit/ack", body.clone(), 409, "not-now"),
        (
            "sub1.f1.ia:limit/shelve",
            json!({"by": "a", "seconds": 60}),
            422,
            "invalid",
        ),
        (
            "sub1.f1.ia:limit/shelve",
            json!({"by": "a", "comment": "x"}),
            422,
            "invalid",
        ),
        (
            "sub1.f1.ia:limit/shelve",
            json!({"by": "a", "comment": "x", "seconds": 90_000}),
            422,
            "invalid",
        ),
    ] {
        let answer = give(&rig, path, body).await;
        answer.problem(status, kind);
    }
    let request = axum::http::Request::post(format!("/api/v1/alarms/{IA}/ack"));
    let request = request.body("occurrence=1".into()).unwrap();
    let answer = crate::rig::ask(&rig.router(), request).await;
    answer.problem(415, "media-type");
}

#[tokio::test]
async fn what_became_worse_than_seen_is_not_acknowledged() {
    let rig = Rig::new().run();
    rig.plant.read("sub1.f1.ia", 150.0);
    let occurrence = rig.plant.occurrence(IA);
    let body = |level| json!({"occurrence": occurrence, "by": "anna", "worst_level": level});
    let path = format!("{IA}/ack");
    let answer = give(&rig, &path, body("normal")).await;
    answer.problem(409, "not-now");
    assert_eq!(answer.json()["present_level"], "high");
    let mut one = body("normal");
    one.as_object_mut().unwrap().remove("by");
    one["alarm"] = json!(IA);
    let answer = give(&rig, "ack", json!({"by": "anna", "alarms": [one]})).await;
    assert_eq!(answer.json()["results"][0]["status"], 409);
    let answer = give(&rig, &path, body("hihi")).await;
    answer.problem(422, "invalid");
    assert_eq!(
        state(&give(&rig, &path, body("high")).await),
        "acknowledged"
    );
}

#[tokio::test]
async fn of_a_list_each_is_acknowledged_that_can_be() {
    let rig = Rig::new().run();
    rig.plant.read("sub1.f1.ia", 150.0);
    rig.plant.read("sub1.f2.v", 5.5);
    let seen = |alarm: &str, occurrence: u64| json!({"alarm": alarm, "occurrence": occurrence});
    let alarms = [
        seen(IA, rig.plant.occurrence(IA)),
        seen("sub1.f9.x:limit", 1),
        seen(V, 9_999),
        seen("nonsense", 1),
    ];
    let body = json!({"alarms": alarms, "by": "anna"});
    let key = [("Idempotency-Key", "round")];
    let answer = send(&rig.router(), "POST", "ack", &key, &body).await.json();
    let statuses: Vec<_> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| &result["status"])
        .collect();
    assert_eq!(statuses, [200, 404, 409, 404]);
    assert_eq!(
        (&answer["acknowledged"], &answer["refused"]),
        (&json!(1), &json!(3))
    );
    assert_eq!(
        answer["results"][2]["problem"]["type"],
        "urn:gridos:problem:occurrence-moved"
    );
    let again = send(&rig.router(), "POST", "ack", &key, &body).await.json();
    assert_eq!(again["results"][0]["changed"], false);
    for none in [json!([]), json!(vec![seen(IA, 1); 1_001])] {
        let answer = give(&rig, "ack", json!({"alarms": none, "by": "anna"})).await;
        answer.problem(422, "invalid");
    }
}

#[tokio::test]
async fn a_command_that_cannot_be_recorded_says_so() {
    let mut rig = Rig::new();
    let body = json!({"occurrence": 1, "by": "anna"});
    // The queue's other end is gone, as when the pipeline has ended.
    let (producer, _consumer) = gridos_ring::ring(1);
    let telemetry = Arc::clone(&rig.state.telemetry);
    (rig.state.commands, _) = alarm_commands(producer, telemetry);
    let answer = send(&rig.router(), "POST", &format!("{IA}/ack"), &[], &body).await;
    answer.problem(503, "not-recorded");
    rig.state.readiness.on_draining();
    let answer = send(&rig.router(), "POST", &format!("{IA}/ack"), &[], &body).await;
    answer.problem(503, "stopping");
}

#[tokio::test(start_paused = true)]
async fn a_command_whose_outcome_stays_unknown_says_so() {
    let rig = Rig::new();
    let body = json!({"occurrence": 1, "by": "anna"});
    let answer = send(&rig.router(), "POST", &format!("{IA}/ack"), &[], &body).await;
    let detail = answer.problem(504, "outcome-unknown");
    assert!(detail.contains("Idempotency-Key"), "{detail}");
}
