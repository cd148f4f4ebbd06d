//! What is recorded of requests, and how it is read.

use axum::body::Body;
use axum::http::{Method, Request, header};
use gridos_model::{AuditRecord, Deed, DeedOutcome, Timestamp};

use super::people::{PASSWORD, People, head, status};
use crate::rig::ask;

fn told(record: &AuditRecord) -> (&str, &str, &str, DeedOutcome, u16) {
    let deed = &record.deed;
    (
        &deed.principal,
        &deed.kind,
        &deed.action,
        deed.outcome,
        deed.status,
    )
}

#[tokio::test]
async fn changes_and_refusals_are_recorded_and_reading_is_not() {
    let mut people = People::new();
    let router = people.router();
    let body = format!(r#"{{"user":"the-admin","password":"{PASSWORD}"}}"#);
    status(&router, Request::post("/api/v1/session"), &body).await;
    let body = r#"{"user":"the-admin","password":"hunter2 hunter2"}"#;
    status(&router, Request::post("/api/v1/session"), body).await;
    for (who, method, path) in [
        ("viewer", Method::GET, "/api/v1/scada/status"),
        ("nothing", Method::GET, "/api/v1/scada/status"),
        ("forged", Method::GET, "/api/v1/scada/status"),
        ("viewer", Method::GET, "/api/v1/audit"),
        ("viewer", Method::POST, "/api/v1/alarms/ack"),
        ("operator", Method::POST, "/api/v1/alarms/ack"),
        ("ingest", Method::POST, "/api/v1/scada/data"),
        ("viewer", Method::POST, "/api/v1/scada/data"),
    ] {
        let request = people.request(who, &method, path);
        status(&router, request, "").await;
    }
    let records = people.recorded();
    let told: Vec<_> = records.iter().map(told).collect();
    let (allowed, refused) = (DeedOutcome::Allowed, DeedOutcome::Refused);
    let session = "POST /api/v1/session";
    assert_eq!(
        told,
        [
            ("the-admin", "user", session, allowed, 200),
            ("the-admin", "user", session, refused, 401),
            ("", "", "GET /api/v1/scada/status", refused, 401),
            ("viewer-token", "token", "GET /api/v1/audit", refused, 403),
            (
                "viewer-token",
                "token",
                "POST /api/v1/alarms/ack",
                refused,
                403
            ),
            (
                "operator-token",
                "token",
                "POST /api/v1/alarms/ack",
                DeedOutcome::Failed,
                400
            ),
            (
                "viewer-token",
                "token",
                "POST /api/v1/scada/data",
                refused,
                403
            ),
        ]
    );
    assert_eq!(records[0].deed.address, "127.0.0.1");
    let all = format!("{records:?}");
    assert!(!all.contains("hunter2") && !all.contains(PASSWORD) && !all.contains("gridos_"));
}

/// Nobody fills the disk by being refused.
#[tokio::test]
async fn refusals_without_end_are_counted() {
    let mut people = People::new();
    let router = people.router();
    for _ in 0..200 {
        let request = people.request("viewer", &Method::POST, "/api/v1/alarms/ack");
        status(&router, request, "").await;
    }
    let recorded = people.recorded().len();
    assert!((10..50).contains(&recorded), "{recorded}");
    let uncounted = people.rig.state.telemetry.journal.deeds_unrecorded.get();
    assert_eq!(recorded as u64 + uncounted, 200);
}

#[tokio::test]
async fn the_log_is_read_page_by_page() {
    let people = People::new();
    for sequence in 1..=5_u64 {
        let principal = if sequence == 3 { "bert" } else { "anna" };
        let deed = Deed {
            principal: principal.to_owned(),
            kind: "user".to_owned(),
            address: "10.0.0.7".to_owned(),
            action: "PUT /api/v1/config".to_owned(),
            target: String::new(),
            outcome: DeedOutcome::Allowed,
            status: 200,
            detail: "3 devices".to_owned(),
        };
        let time = Timestamp::from_millis(sequence.cast_signed());
        let place = format!("{:x}-1-{sequence:x}", sequence * 1_000)
            .parse()
            .unwrap();
        let record = AuditRecord::new(sequence, time, deed);
        let row = gridos_store::AuditRow { place, record };
        people.rig.store.deeds.lock().unwrap().push(row);
    }
    let router = people.router();
    let get = async |query: &str| {
        let path = format!("/api/v1/audit?from=1970-01-01T00:00:00Z{query}");
        let request = people.request("admin", &Method::GET, &path);
        ask(&router, request.body(Body::empty()).unwrap()).await
    };
    let mut sequences = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = get(&format!("&limit=2{cursor}")).await.json();
        let deeds = page["deeds"].as_array().unwrap().iter();
        sequences.extend(deeds.map(|deed| deed["sequence"].as_u64().unwrap()));
        let Some(next) = page["cursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(sequences, [5, 4, 3, 2, 1]);
    let one = get("&principal=bert").await.json();
    assert_eq!(
        one["deeds"],
        serde_json::json!([{
            "sequence": 3, "time": "1970-01-01T00:00:00.003Z", "principal": "bert", "kind": "user",
            "address": "10.0.0.7", "action": "PUT /api/v1/config", "target": "",
            "outcome": "allowed", "status": 200, "detail": "3 devices",
        }])
    );
    for query in ["&outcome=x", "&cursor=x", "&limit=0", "&order=x", "&x=1"] {
        get(query).await.problem(400, "bad-parameter");
    }
}

#[tokio::test]
async fn whoever_is_signed_in_is_whose_command_it_is() {
    let people = People::new();
    let router = people.router();
    let silence = "/api/v1/alarms/sub1.f1.ia:limit/silence";
    let command = async |body: &str| {
        let request = people.request("operator", &Method::POST, silence);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        ask(&router, request.body(Body::from(body.to_owned())).unwrap()).await
    };
    let told = command(r#"{"by":"somebody-else"}"#)
        .await
        .problem(422, "invalid");
    assert!(told.contains("'operator-token' who is signed in"), "{told}");
    let _ = head(
        &router,
        Request::get("/health").body(Body::empty()).unwrap(),
    )
    .await;
}
