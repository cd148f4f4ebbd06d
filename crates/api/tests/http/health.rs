//! Health, metrics, and what holds for every answer.

use axum::http::Request;
use axum::http::header;
use gridos_telemetry::StatusClass;

use crate::rig::{Rig, ask, get};

async fn statuses(rig: &Rig) -> [u16; 3] {
    let router = rig.router();
    let mut statuses = [0; 3];
    for (place, path) in ["/health", "/health/live", "/health/ready"]
        .into_iter()
        .enumerate()
    {
        statuses[place] = get(&router, path).await.status.as_u16();
    }
    statuses
}

#[tokio::test]
async fn a_running_engine_is_live_and_ready() {
    let rig = Rig::new();
    assert_eq!(statuses(&rig).await, [200, 200, 200]);
    let health = get(&rig.router(), "/health").await.json();
    assert_eq!(health["status"], "ok");
    assert_eq!(
        (&health["live"], &health["ready"]),
        (&true.into(), &true.into())
    );
    assert_eq!(health["checks"]["database"]["status"], "ok");
}

#[tokio::test]
async fn an_engine_that_starts_is_live_but_not_ready() {
    let mut rig = Rig::new();
    rig.state.readiness = gridos_api::Readiness::default();
    assert_eq!(statuses(&rig).await, [503, 200, 503]);
    rig.state.readiness.on_journal_open();
    assert_eq!(statuses(&rig).await, [503, 200, 503]);
    rig.state.readiness.on_pipeline_started();
    assert_eq!(statuses(&rig).await, [200, 200, 200]);
}

#[tokio::test]
async fn draining_and_a_stalled_journal_are_told_and_unready() {
    let rig = Rig::new();
    rig.state.readiness.on_journal_stalled(true);
    let answer = get(&rig.router(), "/health/ready").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.headers[header::RETRY_AFTER], "1");
    assert!(answer.text.contains("journal stalled"), "{}", answer.text);
    rig.state.readiness.on_journal_stalled(false);
    assert_eq!(statuses(&rig).await, [200, 200, 200]);
    rig.state.readiness.on_draining();
    assert_eq!(statuses(&rig).await, [503, 200, 503]);
    assert!(
        get(&rig.router(), "/health")
            .await
            .text
            .contains("draining")
    );
    rig.state.readiness.on_pipeline_ended();
    assert_eq!(statuses(&rig).await, [503, 200, 503]);
}

#[tokio::test]
async fn an_ended_pipeline_is_dead() {
    let rig = Rig::new();
    rig.state.readiness.on_pipeline_ended();
    assert_eq!(statuses(&rig).await, [503, 503, 503]);
    assert_eq!(get(&rig.router(), "/health").await.json()["status"], "dead");
}

#[tokio::test]
async fn a_database_that_is_away_degrades_but_stays_ready() {
    let rig = Rig::new();
    rig.state.telemetry.store.connected.set(0);
    rig.state.telemetry.store.backlog_bytes.set((7 << 20) - 1);
    assert_eq!(statuses(&rig).await, [200, 200, 200]);
    let health = get(&rig.router(), "/health").await.json();
    assert_eq!(health["status"], "degraded");
    let detail = health["checks"]["database"]["detail"].as_str().unwrap();
    assert!(detail.contains("7 MiB"), "{detail}");
    assert!(detail.contains("has not answered yet"), "{detail}");
}

#[tokio::test]
async fn what_is_wrong_with_the_database_is_said() {
    let rig = Rig::new();
    let store = &rig.state.telemetry.store;
    store.connected.set(0);
    store.trouble.set("a later version of GridOS was here");
    assert_eq!(statuses(&rig).await, [200, 200, 200]);
    let health = get(&rig.router(), "/health").await.json();
    let detail = health["checks"]["database"]["detail"].as_str().unwrap();
    assert!(detail.contains("a later version"), "{detail}");
    assert!(!detail.contains("away"), "{detail}");
    let status = get(&rig.router(), "/api/v1/scada/status").await.json();
    let trouble = "a later version of GridOS was here";
    assert_eq!(status["store"]["trouble"], trouble);
}

#[tokio::test]
async fn a_loss_degrades_and_stays_ready() {
    let rig = Rig::new();
    let ledger = &rig.state.telemetry.ledger;
    ledger.carried_over.add(9);
    ledger.lose(gridos_telemetry::Loss::Damaged, 7);
    ledger.quarantined.add(2);
    assert_eq!(statuses(&rig).await, [200, 200, 200]);
    let health = get(&rig.router(), "/health").await.json();
    assert_eq!(health["status"], "degraded");
    assert_eq!(health["checks"]["ledger"]["status"], "degraded");
    let detail = health["checks"]["ledger"]["detail"].as_str().unwrap();
    assert!(detail.contains("7 readings were lost"), "{detail}");
    let status = get(&rig.router(), "/api/v1/scada/status").await.json();
    let ledger = &status["ledger"];
    assert_eq!(
        (&ledger["lost"], &ledger["quarantined"]),
        (&7.into(), &2.into())
    );
    assert_eq!(ledger["balanced"], true);
}

#[tokio::test]
async fn metrics_are_the_catalogue_as_text() {
    let rig = Rig::new();
    let answer = get(&rig.router(), "/metrics").await;
    assert_eq!(answer.status, 200);
    let kind = answer.headers[header::CONTENT_TYPE].to_str().unwrap();
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    for metric in gridos_telemetry::catalogue() {
        assert!(answer.text.contains(metric.name), "{}", metric.name);
    }
}

#[tokio::test]
async fn every_answer_has_safe_headers_and_is_counted() {
    let rig = Rig::new();
    let router = rig.router();
    for (path, status) in [("/", 200), ("/health", 200), ("/nowhere", 404)] {
        let answer = get(&router, path).await;
        assert_eq!(answer.status, status);
        let header = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"));
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert!(["no-store", "no-cache"].contains(&&*header("cache-control")));
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
    }
    let http = &rig.state.telemetry.http;
    assert_eq!(http.requests(StatusClass::Success), 2);
    assert_eq!(http.requests(StatusClass::ClientError), 1);
}

#[tokio::test]
async fn wrong_paths_and_methods_are_problems() {
    let router = Rig::new().router();
    let detail = get(&router, "/api/v2/x").await.problem(404, "not-found");
    assert!(detail.contains("/api/v2/x"));
    let request = Request::delete("/api/v1/scada/data")
        .body("".into())
        .unwrap();
    let answer = ask(&router, request).await;
    answer.problem(405, "method-not-allowed");
    let allow = answer.headers[header::ALLOW].to_str().unwrap();
    assert!(allow.contains("GET") && allow.contains("POST"), "{allow}");
}
