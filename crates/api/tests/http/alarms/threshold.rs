//! Definitions, shown and changed.

use axum::http::header;
use serde_json::{Value, json};

use super::send;
use crate::rig::{Answer, Rig, Running, get};

const IA: &str = "sub1.f1.ia:limit";

async fn shown(rig: &Running) -> (Value, String) {
    let answer = get(&rig.router(), &format!("/api/v1/alarms/thresholds/{IA}")).await;
    let tag = answer.headers[header::ETAG].to_str().unwrap().to_owned();
    (answer.json(), tag)
}

async fn put(rig: &Running, tag: &str, query: &str, definition: &Value) -> Answer {
    let body = json!({"by": "anna", "comment": "rationalised", "definition": definition});
    let path = format!("thresholds/{IA}{query}");
    send(&rig.router(), "PUT", &path, &[("If-Match", tag)], &body).await
}

#[tokio::test]
async fn definitions_are_listed_in_pages() {
    let router = Rig::new().router();
    let path = "/api/v1/alarms/thresholds";
    let all = get(&router, path).await.json();
    let rows = all["thresholds"].as_array().unwrap();
    let names: Vec<_> = rows
        .iter()
        .map(|row| row["alarm"].as_str().unwrap())
        .collect();
    assert_eq!(names, [IA, "sub1.f1.ib:limit", "sub1.f2.v:limit"]);
    assert_eq!(rows[0]["definition"]["high_high"], 200.0);
    assert_eq!(rows[2]["definition"]["latches"], true);
    assert_eq!(
        (&rows[0]["version"], &rows[0]["edited"]),
        (&json!(1), &Value::Null)
    );
    assert_eq!(all["cursor"], Value::Null);
    let mut cursor = String::new();
    for (at, row) in rows.iter().enumerate() {
        let page = get(&router, &format!("{path}?limit=1{cursor}")).await;
        let page = page.json();
        assert_eq!(page["thresholds"], json!([row]));
        assert_eq!(page["matching"], 3);
        assert_eq!(page["cursor"].is_null(), at == 2, "{page}");
        cursor = format!("&cursor={}", page["cursor"].as_str().unwrap_or_default());
    }
    let south = get(&router, &format!("{path}?area=south")).await.json();
    assert_eq!(
        (&south["total"], &south["matching"]),
        (&json!(3), &json!(1))
    );
    assert_eq!(south["thresholds"], json!([rows[2]]));
}

#[tokio::test]
async fn a_definition_is_changed_by_who_has_seen_it() {
    let rig = Rig::new().run();
    let (before, tag) = shown(&rig).await;
    let mut definition = before["definition"].clone();
    definition["high"] = json!(120.0);
    let path = format!("thresholds/{IA}");
    let body = json!({"by": "anna", "definition": definition});
    let blind = send(&rig.router(), "PUT", &path, &[], &body).await;
    blind.problem(428, "version-missing");
    let changed = put(&rig, &tag, "", &definition).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let (after, new_tag) = shown(&rig).await;
    assert_eq!(changed.json(), after);
    assert_eq!(after["definition"]["high"], 120.0);
    assert_eq!(
        (&after["version"], &after["edited"]["by"]),
        (&json!(2), &json!("anna"))
    );
    assert_ne!(tag, new_tag);
    let stale = put(&rig, &tag, "", &definition).await;
    stale.problem(412, "version-moved");
    assert_eq!(stale.json()["present_version"], 2);
    definition["high"] = json!(130.0);
    assert_eq!(put(&rig, "*", "", &definition).await.status, 200);
    // What is shown beside the values is what is judged with.
    let latest = get(&rig.router(), "/api/v1/scada/latest?point=sub1.f1.ia")
        .await
        .json();
    assert_eq!(latest["readings"][0]["limits"]["high"], 130.0);
}

/// The first answer was lost on the way: the version has moved by the change itself.
#[tokio::test]
async fn a_change_that_comes_again_is_made_once() {
    let rig = Rig::new().run();
    let (before, tag) = shown(&rig).await;
    let mut definition = before["definition"].clone();
    definition["high"] = json!(120.0);
    let (path, body) = (
        format!("thresholds/{IA}"),
        json!({"by": "anna", "definition": definition}),
    );
    let keyed = [("If-Match", &*tag), ("Idempotency-Key", "k1")];
    for _ in 0..2 {
        let answer = send(&rig.router(), "PUT", &path, &keyed, &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.json()["version"], 2);
    }
    let other = [("If-Match", &*tag), ("Idempotency-Key", "k2")];
    let answer = send(&rig.router(), "PUT", &path, &other, &body).await;
    answer.problem(412, "version-moved");
    assert_eq!(answer.json()["present_version"], 2);
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once() {
    let rig = Rig::new().run();
    let (before, tag) = shown(&rig).await;
    let wrong = json!({
        "kind": "limit", "high": 100.0, "hihg_high": 200.0, "on_delay": 9e9, "re_alarm": 1,
        "response": "x".repeat(3_000), "priority": {"outer": "high", "inner": "low", "other": 1},
    });
    let answer = put(&rig, &tag, "", &wrong).await;
    answer.problem(422, "invalid");
    let errors = answer.json()["errors"].to_string();
    for part in [
        "'hihg_high'",
        "'priority.other'",
        "on_delay",
        "re_alarm",
        "3000 bytes",
    ] {
        assert!(errors.contains(part), "{part}: {errors}");
    }
    for (wrong, why) in [
        (json!({"kind": "limit", "high": 3, "low": 4}), "not below"),
        (json!({"kind": "limit"}), "no limit is given"),
        (json!({"kind": "levels"}), "levels"),
        (json!({"kind": "quality"}), "the kind is quality"),
        (json!(7), "must be an object"),
    ] {
        let answer = put(&rig, &tag, "", &wrong).await;
        answer.problem(422, "invalid");
        let errors = answer.json()["errors"].to_string();
        assert!(errors.contains(why), "{errors}");
    }
    assert_eq!(shown(&rig).await.0, before);
}

/// Its values between the configured limits may never come.
#[tokio::test]
async fn the_condition_of_a_point_that_tells_by_exception_stays_as_it_is_configured() {
    let rig = Rig::new().run();
    let path = "/api/v1/alarms/thresholds/sub1.f2.v:limit";
    let shown = get(&rig.router(), path).await;
    let tag = shown.headers[header::ETAG].to_str().unwrap().to_owned();
    let definition = shown.json()["definition"].clone();
    let put = async |key: &str, value: Value| {
        let mut changed = definition.clone();
        changed[key] = value;
        let body = json!({"by": "anna", "comment": "x", "definition": changed});
        let path = "thresholds/sub1.f2.v:limit";
        send(&rig.router(), "PUT", path, &[("If-Match", &tag)], &body).await
    };
    let refused = put("high", json!(6.5)).await;
    refused.problem(422, "invalid");
    let errors = refused.json()["errors"].to_string();
    assert!(errors.contains("by exception"), "{errors}");
    assert_eq!(put("response", json!("Look.")).await.status, 200);
}

#[tokio::test]
async fn a_dry_run_tells_what_would_happen_and_changes_nothing() {
    let rig = Rig::new().run();
    rig.plant.read("sub1.f1.ia", 90.0);
    let (before, tag) = shown(&rig).await;
    let mut definition = before["definition"].clone();
    definition["high"] = json!(80.0);
    let raise = put(&rig, &tag, "?dry_run=true", &definition).await.json();
    assert_eq!(raise["effect"], "raise");
    assert_eq!(
        (&raise["level"], &raise["level_after"]),
        (&json!("normal"), &json!("high"))
    );
    assert_eq!(
        raise["changes"],
        json!([{"key": "high", "from": 100.0, "to": 80.0}])
    );
    assert_eq!(
        (&raise["value"], &raise["changed"]),
        (&json!(90.0), &json!(true))
    );
    rig.plant.read("sub1.f1.ia", 150.0);
    definition["high"] = json!(180.0);
    let end = put(&rig, &tag, "?dry_run=1", &definition).await.json();
    assert_eq!(
        (&end["effect"], &end["level_after"]),
        (&json!("end"), &json!("normal"))
    );
    let none = put(&rig, &tag, "?dry_run=1", &before["definition"])
        .await
        .json();
    assert_eq!(
        (&none["effect"], &none["changed"]),
        (&json!("none"), &json!(false))
    );
    assert_eq!(shown(&rig).await.0, before);
}

#[tokio::test]
async fn many_are_changed_at_once_or_none_if_one_is_wrong() {
    let rig = Rig::new().run();
    let router = rig.router();
    let limit = |alarm: &str, version: u32, high: f64| {
        let definition = json!({"kind": "limit", "high": high});
        json!({"alarm": alarm, "version": version, "definition": definition})
    };
    let body = |thresholds: &[Value]| json!({"by": "anna", "thresholds": thresholds});
    let patch = |path: &'static str, body: Value| {
        let router = router.clone();
        async move { send(&router, "PATCH", path, &[], &body).await }
    };
    let mut wrong = limit("sub1.f1.ib:limit", 1, 7.0);
    wrong["definition"]["deadband"] = json!(-1);
    let list = body(&[limit(IA, 1, 110.0), wrong, limit("sub9.x:limit", 1, 1.0)]);
    let answer = patch("thresholds", list).await;
    answer.problem(422, "invalid");
    let told = answer.json()["thresholds"].clone();
    assert_eq!(
        (&told[0]["alarm"], &told[1]["alarm"]),
        (&json!("sub1.f1.ib:limit"), &json!("sub9.x:limit"))
    );
    assert_eq!(shown(&rig).await.0["version"], 1);

    let list = body(&[limit(IA, 1, 110.0), limit("sub1.f1.ib:limit", 5, 7.0)]);
    let dry = patch("thresholds?dry_run=1", list.clone()).await.json();
    assert_eq!(dry["previews"].as_array().unwrap().len(), 2);
    let answer = patch("thresholds", list).await.json();
    assert_eq!(
        (&answer["changed"], &answer["refused"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(answer["results"][0]["version"], 2);
    assert_eq!(answer["results"][1]["status"], 412);
    assert_eq!(shown(&rig).await.0["definition"]["high"], 110.0);
    let none = patch("thresholds", body(&[])).await;
    none.problem(422, "invalid");
}
