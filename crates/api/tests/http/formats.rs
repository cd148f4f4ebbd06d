//! Readings in the formats that other tools send, packed or not, once or again.

use std::io::Write;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::http::request::Builder;
use flate2::Compression;
use flate2::write::GzEncoder;
use gridos_api::Settings;
use serde_json::{Value, json};

use crate::rig::{Answer, Rig, Running, ask, get};

fn posting(path: &str, kind: &str) -> Builder {
    Request::post(format!("/api/v1/scada/data{path}")).header("content-type", kind)
}

async fn send(router: &Router, request: Builder, body: impl Into<Body>) -> Answer {
    ask(router, request.body(body.into()).unwrap()).await
}

async fn line(router: &Router, query: &str, body: &str) -> Answer {
    send(
        router,
        posting(query, "text/plain; charset=utf-8"),
        body.to_owned(),
    )
    .await
}

async fn latest(router: &Router, point: &str) -> Value {
    let path = format!("/api/v1/scada/latest?point={point}");
    get(router, &path).await.json()["readings"][0].take()
}

fn packed(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn with(change: impl FnOnce(&mut Settings)) -> Running {
    let mut rig = Rig::new();
    change(&mut rig.state.settings);
    rig.run()
}

#[tokio::test]
async fn lines_of_fields_are_readings() {
    let running = Rig::new().run();
    let router = running.router();
    let body = "sub1.f1,host=a ia=1.5,ib=1i 1577836800000\nsub1.f2 v=t";
    let answer = line(&router, "?precision=ms", body).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["accepted"]),
        (200, &json!(3))
    );
    let ia = latest(&router, "sub1.f1.ia").await;
    assert_eq!(
        (&ia["value"], &ia["time"]),
        (&json!(1.5), &json!("2020-01-01T00:00:00Z"))
    );
    let v = latest(&router, "sub1.f2.v").await;
    assert_eq!(
        (&v["value"], &v["quality"]),
        (&json!(1.0), &json!(["no_source_time"]))
    );
}

#[tokio::test]
async fn each_field_that_is_refused_is_told_with_its_line() {
    let running = Rig::new().run();
    let body =
        "sub1.f1 ia=1\n\nsub1.f1 no=1,ia=x\nsub1.f1 no=2,ib=3\nsub1.f2 v=1 9223372036854775807";
    let answer = line(&running.router(), "?precision=s", body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let answer = answer.json();
    assert_eq!(answer["accepted"], 2);
    let refused = answer["refused"].as_array().unwrap();
    let places: Vec<_> = refused
        .iter()
        .map(|own| {
            (
                own["index"].as_u64(),
                own["line"].as_u64(),
                own["reason"].as_str(),
            )
        })
        .collect();
    let expected = [
        (Some(1), Some(3), Some("invalid")),
        (Some(2), Some(4), Some("unknown_point")),
        (Some(4), Some(5), Some("invalid")),
    ];
    assert_eq!(places, expected);
}

#[tokio::test]
async fn a_mapping_names_points_by_tags() {
    let running = with(|settings| {
        settings.line_mapping = "{tag:site}.{tag:bay}.{field}".parse().unwrap();
    });
    let router = running.router();
    let answer = line(&router, "", "scada,site=sub1,bay=f1,host=x ia=7").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(latest(&router, "sub1.f1.ia").await["value"], 7.0);
    let answer = line(&router, "", "scada,site=sub1 ia=7").await;
    answer.problem(422, "nothing-accepted");
    assert!(
        answer.text.contains("the tag 'bay' is missing"),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn json_lines_are_taken_one_by_one() {
    let running = Rig::new().run();
    let router = running.router();
    let body = "{\"point\":\"sub1.f1.ia\",\"value\":1}\n\n{\"point\":7}\r\n{\"point\":\"sub1.f1.ib\",\"value\":2}";
    for kind in ["application/x-ndjson", "application/jsonl"] {
        let answer = send(&router, posting("", kind), body).await.json();
        assert_eq!(
            (&answer["accepted"], &answer["refused_total"]),
            (&json!(2), &json!(1))
        );
        assert_eq!(answer["refused"][0]["line"], 3);
    }
    let answer = send(&router, posting("?format=ndjson", "text/weird"), body).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn other_types_and_foreign_pages_are_refused() {
    let running = Rig::new().run();
    let router = running.router();
    for kind in [
        "text/html",
        "application/xml",
        "",
        "application/x-www-form-urlencoded",
    ] {
        send(&router, posting("", kind), "sub1.f1 ia=1")
            .await
            .problem(415, "media-type");
    }
    // What a form of another page can send.
    for query in ["", "?format=line", "?format=json"] {
        let request = posting(query, "text/plain").header("origin", "https://elsewhere");
        send(&router, request, "sub1.f1 ia=1")
            .await
            .problem(403, "forbidden");
    }
    for query in [
        "?format=xml",
        "?precision=h",
        "?format=ndjson&precision=s",
        "?presicion=s",
    ] {
        line(&router, query, "sub1.f1 ia=1")
            .await
            .problem(400, "bad-parameter");
    }
    line(&router, "", "# nothing\n")
        .await
        .problem(400, "malformed");
}

#[tokio::test]
async fn a_packed_body_is_unpacked_within_the_limit() {
    let running = with(|settings| settings.body_bytes_max = 100_000);
    let router = running.router();
    let request = |coding: &str| posting("", "text/plain").header("content-encoding", coding);
    let answer = send(&router, request("gzip"), packed(b"sub1.f1 ia=1")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    // A thousand times as large when it is unpacked.
    let bomb = packed(&vec![b'\n'; 50_000_000]);
    assert!(bomb.len() < 100_000);
    send(&router, request("gzip"), bomb)
        .await
        .problem(413, "too-large");
    let whole = packed(b"sub1.f1 ia=1");
    for broken in [&whole[..whole.len() - 9], b"no gzip", b""] {
        send(&router, request("gzip"), broken.to_vec())
            .await
            .problem(400, "malformed");
    }
    send(&router, request("br"), "x")
        .await
        .problem(415, "media-type");
}

#[tokio::test]
async fn a_post_that_comes_again_is_answered_as_before() {
    let running = Rig::new().run();
    let router = running.router();
    let request = |key: &str| posting("", "text/plain").header("idempotency-key", key);
    let first = send(&router, request("k1"), "sub1.f1 ia=1").await;
    assert_eq!(first.status, 200, "{}", first.text);
    assert!(!first.headers.contains_key("idempotency-replayed"));
    let again = send(&router, request("k1"), "sub1.f1 ia=1").await;
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(running.state.telemetry.ledger.snapshot().received, 1);
    let other = send(&router, request("k1"), "sub1.f1 ia=2").await;
    other.problem(422, "key-reused");
    // Nothing was done for this one, so it is taken when it is right.
    send(&router, request("k2"), "sub1.f1 no=1")
        .await
        .problem(422, "nothing-accepted");
    assert_eq!(
        send(&router, request("k2"), "sub1.f1 ia=1").await.status,
        200
    );
    assert_eq!(
        send(&router, request("k3"), "sub1.f1 ia=1").await.status,
        200
    );
    assert_eq!(running.state.telemetry.ledger.snapshot().offered, 3);
}

/// Both wait for the disk; one of them is the other's echo.
#[tokio::test]
async fn two_at_once_are_one() {
    let rig = Rig::new();
    let router = rig.router();
    let request = || posting("", "text/plain").header("idempotency-key", "k");
    let both = [0, 1].map(|_| {
        let router = router.clone();
        tokio::spawn(async move { send(&router, request(), "sub1.f1 ia=1").await })
    });
    let running = rig.run();
    let mut replayed = 0;
    for answer in both {
        let answer = answer.await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text);
        replayed += usize::from(answer.headers.contains_key("idempotency-replayed"));
    }
    assert_eq!(replayed, 1);
    assert_eq!(running.state.telemetry.ledger.snapshot().received, 1);
}

#[tokio::test]
async fn whoever_posts_too_much_is_told_when_to_come_again() {
    let running = with(|settings| settings.readings_per_second_max = 1);
    let router = running.router();
    let body = "sub1.f1 ia=1\n".repeat(30);
    assert_eq!(line(&router, "", &body).await.status, 200);
    let answer = line(&router, "", &body).await;
    answer.problem(429, "rate-limited");
    let seconds: u32 = answer.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=21).contains(&seconds), "{seconds}");
}

/// Commands, thresholds and the configuration are changes; questions and posts are none.
#[tokio::test]
async fn whoever_changes_too_much_waits() {
    let running = with(|settings| settings.changes_per_second_max = 1);
    let router = running.router();
    let send = async |method: &str, path: &str| {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("content-type", "application/json");
        ask(&router, request.body(Body::from("{}")).unwrap()).await
    };
    let changes = [
        ("POST", "/api/v1/alarms/sub1.f1.ia:limit/ack"),
        ("POST", "/api/v1/alarms/ack"),
        ("PUT", "/api/v1/alarms/thresholds/sub1.f1.ia:limit"),
        ("PATCH", "/api/v1/alarms/thresholds"),
        ("PUT", "/api/v1/config"),
        ("POST", "/api/v1/config/reload"),
    ];
    let mut taken = 0;
    for (method, path) in changes {
        // However slow the machine is: a second lets through one.
        let refused = loop {
            let answer = send(method, path).await;
            if answer.status == 429 {
                break answer;
            }
            taken += 1;
            assert!(taken < 1_000, "{method} {path} is not bounded");
        };
        let detail = refused.problem(429, "rate-limited");
        assert!(detail.contains("1 changes a second"), "{detail}");
    }
    assert!(taken > 10, "{taken}");
    for path in ["/api/v1/config", "/api/v1/alarms/thresholds"] {
        assert_ne!(send("GET", path).await.status, 429, "{path}");
    }
    assert_eq!(line(&router, "", "sub1.f1 ia=1").await.status, 200);
}

#[tokio::test]
async fn every_problem_says_what_to_do_and_which_request_it_was() {
    let running = Rig::new().run();
    let router = running.router();
    for path in [
        "/nowhere",
        "/api/v1/devices?x=1",
        "/api/v1/alarms/%ff",
        "/assets/%ff",
    ] {
        let answer = get(&router, path).await;
        let kind = &answer.headers["content-type"];
        assert_eq!(kind, "application/problem+json", "{path}: {}", answer.text);
        let problem = answer.json();
        assert!(
            problem["hint"]
                .as_str()
                .is_some_and(|hint| hint.ends_with('.')),
            "{problem}"
        );
        let instance = problem["instance"].as_str().unwrap();
        assert!(
            instance.starts_with('/') && instance.contains('#'),
            "{instance}"
        );
    }
}
