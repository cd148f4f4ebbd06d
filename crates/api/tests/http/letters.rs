//! Dead letters, as they are asked for.

use gridos_model::Timestamp;
use gridos_store::LetterRow;
use serde_json::{Value, json};

use crate::rig::{Rig, get};

const PATH: &str = "/api/v1/dead-letters?from=1970-01-01T00:00:00Z";

fn row(device: &str, second: i64, length: u32) -> LetterRow {
    LetterRow {
        device: device.to_owned(),
        received: Timestamp::from_millis(second * 1_000),
        reason: "object header at octet 4 (g254v1)".to_owned(),
        octets: "FE0117".to_owned(),
        length,
    }
}

fn of(answer: &Value) -> Vec<(&str, &str)> {
    let letters = answer["dead_letters"].as_array().unwrap().iter();
    letters
        .map(|letter| {
            let text = |name: &str| letter[name].as_str().unwrap();
            (text("device"), text("received"))
        })
        .collect()
}

#[tokio::test]
async fn dead_letters_are_read_from_the_store() {
    let rig = Rig::new();
    let rows = [
        row("sub1.f1", 1, 3),
        row("gone", 2, 3_000),
        row("sub1.f1", 3, 3),
    ];
    rig.store.letters.lock().unwrap().extend(rows);
    let router = rig.router();
    let few = get(&router, &format!("{PATH}&limit=2")).await.json();
    assert_eq!(
        (&few["truncated"], &few["from"]),
        (&json!(true), &json!("1970-01-01T00:00:00Z"))
    );
    let expected = json!({
        "device": "sub1.f1", "received": "1970-01-01T00:00:03Z",
        "reason": "object header at octet 4 (g254v1)", "octets": "FE0117", "length": 3,
        "cut": false,
    });
    assert_eq!(few["dead_letters"][0], expected);
    assert_eq!(few["dead_letters"][1]["cut"], true);
    assert_eq!(few["dead_letters"].as_array().unwrap().len(), 2);
    let cursor = few["cursor"].as_str().unwrap();
    let rest = format!("{PATH}&limit=2&cursor={cursor}");
    let rest = get(&router, &rest).await.json();
    assert_eq!(of(&rest), [("sub1.f1", "1970-01-01T00:00:01Z")]);
    assert_eq!(
        (&rest["truncated"], &rest["cursor"]),
        (&json!(false), &Value::Null)
    );
    let all = get(&router, PATH).await.json();
    assert_eq!((all["truncated"] == false, of(&all).len()), (true, 3));
    let own = get(&router, &format!("{PATH}&device=sub1.f1")).await.json();
    let of_own = ["1970-01-01T00:00:03Z", "1970-01-01T00:00:01Z"];
    assert_eq!(of(&own), of_own.map(|time| ("sub1.f1", time)));
    // One that is configured no more keeps its letters.
    let gone = get(&router, &format!("{PATH}&device=gone")).await.json();
    assert_eq!(of(&gone), [("gone", "1970-01-01T00:00:02Z")]);
    let early = format!("{PATH}&to=1970-01-01T00:00:03Z&device=sub1.f1");
    let early = get(&router, &early).await.json();
    assert_eq!(of(&early), [("sub1.f1", "1970-01-01T00:00:01Z")]);
    // Of today there are none.
    let today = get(&router, "/api/v1/dead-letters").await.json();
    assert_eq!(today["dead_letters"], json!([]));
}

#[tokio::test]
async fn wrong_questions_about_letters_are_refused() {
    let router = Rig::new().router();
    let none = get(&router, &format!("{PATH}&device=sub1.f2")).await.json();
    assert_eq!(none["dead_letters"], json!([]));
    let unknown = get(&router, &format!("{PATH}&device=sub1.f9")).await;
    let detail = unknown.problem(404, "not-found");
    assert!(detail.contains("'sub1.f9'"), "{detail}");
    for (query, hint) in [
        ("device=a&device=b", "more than once"),
        ("limit=1001", "from 1 to 1000"),
        ("cursor=nonsense", "is no cursor"),
        ("point=a.b", "'point'"),
    ] {
        let answer = get(&router, &format!("/api/v1/dead-letters?{query}")).await;
        let detail = answer.problem(400, "bad-parameter");
        assert!(detail.contains(hint), "{query}: {detail}");
    }
}
