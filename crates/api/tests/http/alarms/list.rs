//! The list, the summary, and one alarm.

use serde_json::{Value, json};

use crate::rig::{Rig, get};

/// Three alarms: two active, the last of which is at its outer limit, and one returned.
fn raised() -> Rig {
    let rig = Rig::new();
    for (point, value) in [
        ("sub1.f1.ia", 150.0),
        ("sub1.f2.v", 5.5),
        ("sub1.f2.v", 1.0),
        ("sub1.f1.ib", 25.0),
    ] {
        rig.plant.read(point, value);
    }
    rig
}

fn names(answer: &Value) -> Vec<&str> {
    let alarms = answer["alarms"].as_array().unwrap().iter();
    alarms
        .map(|alarm| alarm["name"].as_str().unwrap())
        .collect()
}

const IA: &str = "sub1.f1.ia:limit";
const IB: &str = "sub1.f1.ib:limit";
const V: &str = "sub1.f2.v:limit";

#[tokio::test]
async fn an_alarm_is_shown_with_all_that_an_operator_needs() {
    let rig = raised();
    rig.plant.read("sub1.f1.ia", 160.0);
    let answer = get(&rig.router(), "/api/v1/alarms?point=sub1.f1.ia")
        .await
        .json();
    let alarm = &answer["alarms"][0];
    let moment = json!({
        "time": "1970-01-01T00:00:01Z", "received": "1970-01-01T00:00:01Z", "value": 150.0,
        "quality": [],
    });
    for (key, expected) in [
        ("name", json!(IA)),
        ("version", json!(1)),
        ("device", json!("sub1.f1")),
        ("point", json!("sub1.f1.ia")),
        ("area", json!("north")),
        ("kind", json!("limit")),
        ("unit", json!("A")),
        ("occurrence", json!(1)),
        ("state", json!("unacknowledged")),
        ("base_state", json!("unacknowledged")),
        ("level", json!("high")),
        ("worst_level", json!("high")),
        ("priority", json!("low")),
        ("flags", json!(["unacknowledged"])),
        ("suppressed_by", json!([])),
        ("shelf", Value::Null),
        ("raised", moment.clone()),
        ("changed", moment),
        ("returned", Value::Null),
        ("annunciated", json!("1970-01-01T00:00:01Z")),
        ("annunciations", json!(1)),
        ("acknowledged", Value::Null),
        ("limit", json!(100.0)),
        ("response", json!("Take load off.")),
        // The alarm tells what raised it, and what there is now.
        (
            "current",
            json!({"value": 160.0, "time": "1970-01-01T00:00:05Z", "quality": []}),
        ),
    ] {
        assert_eq!(alarm[key], expected, "{key}");
    }
    assert_eq!(
        (&answer["total"], &answer["matching"]),
        (&json!(3), &json!(1))
    );
    assert_eq!(answer["sequence"], 4);
}

#[tokio::test]
async fn the_newest_the_most_urgent_or_the_first_name_comes_first() {
    let router = raised().router();
    for (sort, expected) in [
        ("", [IB, V, IA]),
        ("?sort=newest", [IB, V, IA]),
        ("?sort=priority", [IB, V, IA]),
        ("?sort=name", [IA, IB, V]),
    ] {
        let answer = get(&router, &format!("/api/v1/alarms{sort}")).await.json();
        assert_eq!(names(&answer), expected, "{sort}");
        assert_eq!(answer["cursor"], Value::Null);
    }
}

#[tokio::test]
async fn only_what_is_asked_for_is_shown() {
    let router = raised().router();
    for (filter, expected) in [
        ("state=unacknowledged", &[IB, IA][..]),
        ("state=latched_unacknowledged", &[V]),
        (
            "state=latched_unacknowledged&state=unacknowledged",
            &[IB, V, IA],
        ),
        ("priority_min=medium", &[IB, V]),
        ("priority_min=urgent", &[]),
        ("kind=limit", &[IB, V, IA]),
        ("kind=link", &[]),
        ("device=sub1.f1", &[IB, IA]),
        ("device=sub1.f1&device=sub1.f2", &[IB, V, IA]),
        ("point=sub1.f1.ib", &[IB]),
        ("area=south", &[V]),
        ("area=elsewhere", &[]),
        ("active=1", &[IB, IA]),
        ("active=0", &[V]),
        ("acknowledged=1", &[]),
        ("hidden=0", &[IB, V, IA]),
        ("hidden=1", &[]),
        ("q=F1.I", &[IB, IA]),
        ("q=F1.I&priority_min=high", &[IB]),
        (&format!("alarm={V}&alarm={IB}&alarm={V}"), &[IB, V]),
        (&format!("alarm={V}&alarm={IB}&area=south"), &[V]),
        ("alarm=sub1.f1.ic:limit", &[]),
        ("alarm=7", &[]),
    ] {
        let answer = get(&router, &format!("/api/v1/alarms?{filter}"))
            .await
            .json();
        assert_eq!(names(&answer), expected, "{filter}");
        assert_eq!(answer["matching"], expected.len(), "{filter}");
    }
    for (wrong, what_to_do) in [
        ("cursor=n", "begin at the first page"),
        (&"alarm=7&".repeat(1001), "ask for the rest separately"),
    ] {
        let answer = get(&router, &format!("/api/v1/alarms?{wrong}")).await;
        let detail = answer.problem(400, "bad-parameter");
        assert!(detail.contains(what_to_do), "{detail}");
    }
    for wrong in [
        "state=on",
        "priority_min=5",
        "kind=level",
        "active=maybe",
        "sort=age",
        "colour=red",
        "cursor=a.1.x",
        "limit=0",
    ] {
        let answer = get(&router, &format!("/api/v1/alarms?{wrong}")).await;
        answer.problem(400, "bad-parameter");
    }
    for unknown in ["device=sub9", "point=sub1.f1.ix", "alarm=sub9"] {
        let answer = get(&router, &format!("/api/v1/alarms?{unknown}")).await;
        answer.problem(404, "not-found");
    }
}

#[tokio::test]
async fn pages_show_each_alarm_once_also_if_others_come_and_go() {
    for sort in ["newest", "priority", "name"] {
        let rig = raised();
        let router = rig.router();
        let page = |cursor: String| {
            let (router, path) = (
                router.clone(),
                format!("/api/v1/alarms?limit=1&sort={sort}"),
            );
            async move { get(&router, &format!("{path}{cursor}")).await.json() }
        };
        let first = page(String::new()).await;
        let mut seen = vec![names(&first)[0].to_owned()];
        let mut cursor = first["cursor"].clone();
        // The first one goes to the front once more: it must push no other off its page.
        if sort == "newest" {
            rig.plant.read("sub1.f1.ib", 1.0);
            rig.plant.read("sub1.f1.ib", 30.0);
        }
        while let Some(text) = cursor.as_str() {
            assert!(seen.len() < 9, "it goes round: {seen:?}");
            let next = page(format!("&cursor={text}")).await;
            seen.extend(names(&next).iter().map(|name| (*name).to_owned()));
            cursor = next["cursor"].clone();
        }
        seen.sort();
        assert_eq!(seen, [IA, IB, V], "{sort}");
    }
}

#[tokio::test]
async fn the_summary_counts() {
    let answer = get(&raised().router(), "/api/v1/alarms/summary")
        .await
        .json();
    let (waiting, none) = (
        |active, unacknowledged| json!({"active": active, "unacknowledged": unacknowledged}),
        json!({"active": 0, "unacknowledged": 0}),
    );
    for (key, expected) in [
        ("total", json!(3)),
        ("configured", json!(3)),
        ("sounding", json!(3)),
        ("highest_unacknowledged", json!("high")),
        (
            "areas",
            json!({"north": waiting(2, 2), "south": waiting(0, 1)}),
        ),
        (
            "priorities",
            json!({
                "low": waiting(1, 1), "medium": waiting(0, 1), "high": waiting(1, 1), "urgent": none,
            }),
        ),
    ] {
        assert_eq!(answer[key], expected, "{key}");
    }
    assert_eq!(answer["states"]["unacknowledged"], 2);
    assert_eq!(answer["states"]["latched_unacknowledged"], 1);
    assert_eq!(answer["states"]["shelved"], 0);
}

#[tokio::test]
async fn one_alarm_is_shown_also_at_rest() {
    let rig = Rig::new();
    let router = rig.router();
    let rest = get(&router, &format!("/api/v1/alarms/{IA}")).await.json();
    assert_eq!(rest["alarm"]["state"], "normal");
    assert_eq!(rest["alarm"]["raised"], Value::Null);
    assert_eq!(rest["threshold"]["definition"]["high"], 100.0);
    rig.plant.read("sub1.f1.ia", 250.0);
    let raised = get(&router, &format!("/api/v1/alarms/{IA}")).await.json();
    assert_eq!(raised["alarm"]["level"], "high_high");
    let by_id = format!("/api/v1/alarms/{}", raised["alarm"]["id"].as_str().unwrap());
    let again = get(&router, &by_id).await.json();
    assert_eq!(again["alarm"], raised["alarm"]);
    for unknown in ["sub1.f1.ix:limit", "sub1.f1.ia", "sub1.f1.ia:level", "12"] {
        let answer = get(&router, &format!("/api/v1/alarms/{unknown}")).await;
        answer.problem(404, "not-found");
    }
}
