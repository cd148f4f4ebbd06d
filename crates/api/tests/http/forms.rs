//! Answers in the forms that other tools read.

use std::io::Read as _;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use flate2::read::GzDecoder;
use gridos_model::{Quality, Timestamp};
use gridos_store::{GapRow, ReadingRow};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::rig::{Answer, Rig, ask, get};

async fn accepting(router: &Router, path: &str, accept: &str) -> Answer {
    let request = Request::get(path).header("accept", accept);
    ask(router, request.body(Body::empty()).unwrap()).await
}

fn readings(rig: &Rig, count: i64) {
    let rows = (0..count).map(|second| ReadingRow {
        point: "sub1.f1.ia".to_owned(),
        time: Timestamp::from_millis(second * 1_000),
        value: Some(second as f64),
        quality: Quality::GOOD,
    });
    rig.store.readings.lock().unwrap().extend(rows);
}

/// More than one page of what the store is asked for at a time.
#[tokio::test]
async fn the_history_is_rows_from_its_beginning_to_its_end() {
    let rig = Rig::new();
    readings(&rig, 25_000);
    let router = rig.router();
    let path =
        "/api/v1/scada/data?point=sub1.f1.ia&from=1970-01-01T00:00:00Z&to=1970-01-02T00:00:00Z";
    let csv = accepting(&router, path, "text/csv").await;
    assert!(
        csv.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/csv")
    );
    let lines: Vec<_> = csv.text.split("\r\n").collect();
    assert_eq!(lines[0], "point,time,value,text,quality");
    assert_eq!(lines[1], "sub1.f1.ia,1970-01-01T00:00:00Z,0.0,,");
    assert_eq!((lines.len(), lines[25_001]), (25_002, ""));
    assert!(lines[25_000].contains(",24999.0,"), "{}", lines[25_000]);
    let few = accepting(&router, &format!("{path}&limit=2"), "application/x-ndjson").await;
    let rows: Vec<Value> = few
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let row = json!({"point": "sub1.f1.ia", "time": "1970-01-01T00:00:01Z", "value": 1.0,
        "quality": []});
    assert_eq!((rows.len(), &rows[1]), (2, &row));
    let youngest = format!("{path}&order=youngest");
    let rows = accepting(&router, &youngest, "text/csv").await;
    let values = rows.text.lines().skip(1);
    let values = values.map(|line| line.split(',').nth(2).unwrap().parse::<f64>().unwrap());
    assert!(values.eq((0..25_000).rev().map(f64::from)));
    accepting(&router, path, "text/html")
        .await
        .problem(406, "not-acceptable");
}

#[tokio::test]
async fn lists_are_rows_too() {
    let rig = Rig::new();
    let router = rig.router();
    for path in [
        "/api/v1/scada/latest?device=sub1.f1",
        "/api/v1/scada/gaps",
        "/api/v1/dead-letters",
        "/api/v1/alarms",
        "/api/v1/alarms/history",
        "/api/v1/alarms/thresholds",
        "/api/v1/devices?values=2",
        "/api/v1/points",
        "/api/v1/layouts",
        "/api/v1/audit",
    ] {
        let csv = accepting(&router, path, "text/csv").await;
        assert_eq!(csv.status, 200, "{path}: {}", csv.text);
        assert_eq!(csv.headers["vary"], "accept", "{path}");
        let head = csv.text.lines().next().unwrap();
        let columns = head.split(',').count();
        assert!(columns > 3, "{path}: {head}");
        let lines = accepting(&router, path, "application/x-ndjson").await;
        assert_eq!(
            lines.headers["content-type"], "application/x-ndjson",
            "{path}"
        );
        // Each column is a member of some row; which ones are there shows no misspelt one.
        let rows: Vec<Value> = lines
            .text
            .lines()
            .map(|own| serde_json::from_str(own).unwrap())
            .collect();
        assert_eq!(rows.len(), csv.text.lines().count() - 1, "{path}");
        for name in head.split(',').filter(|_| !rows.is_empty()) {
            let is_there = |row: &Value| {
                let inner = |value: &Value, name: &str| value.get(name).cloned();
                name.split('.')
                    .try_fold(row.clone(), |value, name| inner(&value, name))
                    .is_some()
            };
            // A text, a state and who changed something are told only where there is one.
            let is_rare = name == "text" || name == "state" || name.starts_with("edited.");
            assert!(is_rare || rows.iter().all(is_there), "{path}: no '{name}'");
        }
        accepting(&router, path, "image/png")
            .await
            .problem(406, "not-acceptable");
    }
}

/// The header Link leads through all rows, as `next` and `cursor` do.
#[tokio::test]
async fn pages_of_rows_follow_each_other() {
    let rig = Rig::new();
    let gap = |second: i64| GapRow {
        device: Some("sub1.f1".to_owned()),
        from: Timestamp::from_millis(second * 1_000),
        until: Timestamp::from_millis(second * 1_000 + 500),
        reason: "device_down".to_owned(),
    };
    rig.store.gaps.lock().unwrap().extend([1, 1, 2].map(gap));
    let router = rig.router();
    for (path, count) in [
        ("/api/v1/devices?sort=state", 2),
        ("/api/v1/points?q=sub1", 3),
        ("/api/v1/layouts?device=sub1.f1", 1),
        ("/api/v1/scada/latest?device=sub1.f1", 2),
        ("/api/v1/scada/gaps?from=1970-01-01T00:00:00Z", 3),
        ("/api/v1/alarms/thresholds?kind=limit", 3),
    ] {
        let whole = accepting(&router, path, "text/csv").await.text;
        let (head, rows) = whole.split_once("\r\n").unwrap();
        assert_eq!(rows.lines().count(), count, "{path}: {whole}");
        let (mut met, mut next) = (String::new(), Some(format!("{path}&limit=1")));
        while let Some(path) = next {
            let page = accepting(&router, &path, "text/csv").await;
            met += page.text.strip_prefix(head).unwrap().trim_start();
            let link = page.headers.get("link").map(|link| link.to_str().unwrap());
            next = link.map(|link| {
                let target = link.strip_suffix(">; rel=\"next\"").unwrap();
                target.strip_prefix('<').unwrap().to_owned()
            });
        }
        assert_eq!(met, rows, "{path}");
    }
}

#[tokio::test]
async fn answers_are_packed_for_whoever_asks() {
    let router = Rig::new().router();
    let plain = get(&router, "/api/v1/openapi.json").await;
    let request = Request::get("/api/v1/openapi.json").header("accept-encoding", "gzip");
    let response = router
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let packed = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    assert!(packed.len() * 4 < plain.text.len());
    let mut text = String::new();
    GzDecoder::new(&*packed).read_to_string(&mut text).unwrap();
    assert_eq!(text, plain.text);
}

#[tokio::test]
async fn the_reference_is_a_page_without_scripts() {
    let router = Rig::new().router();
    let page = get(&router, "/api/v1/reference").await;
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    for word in ["<script", " style=", "onclick", "http://", "https://"] {
        assert!(!page.text.contains(word), "{word}");
    }
    // Every endpoint is in it, and every link leads somewhere.
    let document = serde_json::to_value(gridos_api::openapi()).unwrap();
    for path in document["paths"].as_object().unwrap().keys() {
        assert!(page.text.contains(&**path), "{path}");
    }
    for link in page.text.split("href=\"#").skip(1) {
        let id = link.split('"').next().unwrap();
        assert!(page.text.contains(&format!("id=\"{id}\"")), "{id}");
    }
    let style = get(&router, "/api/v1/reference.css").await;
    assert_eq!(style.headers["content-type"], "text/css; charset=utf-8");
}
