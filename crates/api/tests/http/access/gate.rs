//! Tokens, headers, and whoever guesses.

use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use futures_util::StreamExt;
use gridos_access::{Entry, Role, Token, TokenEntry};
use gridos_model::Timestamp;
use tokio::sync::watch;

use super::people::{People, head, status};
use crate::rig::{Rig, ask};

const STATUS: &str = "/api/v1/scada/status";

fn get(people: &People, who: &str, path: &str) -> Request<Body> {
    people
        .request(who, &Method::GET, path)
        .body(Body::empty())
        .unwrap()
}

#[tokio::test]
async fn what_is_wrong_with_a_token_is_told_and_the_token_is_not() {
    let people = People::new();
    let router = people.router();
    for (who, why) in [
        ("nothing", "Authorization: Bearer"),
        ("expired", "has expired"),
        ("revoked", "was revoked"),
        ("forged", "is unknown"),
        ("mistyped", "mistyped or cut off"),
    ] {
        let answer = ask(&router, get(&people, who, STATUS)).await;
        let told = answer.problem(401, "unauthenticated");
        assert!(told.contains(why), "{told}");
        assert!(
            answer.headers[header::WWW_AUTHENTICATE]
                .to_str()
                .unwrap()
                .starts_with("Bearer")
        );
        assert!(!answer.text.contains("gridos_0") && !answer.text.contains(people.token("forged")));
    }
    let answer = ask(&router, get(&people, "ingest", STATUS)).await;
    let told = answer.problem(403, "forbidden");
    assert_eq!(
        told,
        "'ingest-token' has the role ingest, and this needs viewer; ask an administrator for it"
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_made_or_revoked_counts_within_seconds_and_ends_its_streams() {
    let people = People::new();
    let (stop, stopped) = watch::channel(false);
    let watching = tokio::spawn(people.access.clone().watch(stopped));
    let token = Token::random().unwrap();
    let entry = TokenEntry {
        name: "late".to_owned(),
        role: Role::Viewer,
        digest: token.digest(),
        created: Timestamp::EPOCH,
        expires: None,
        revoked: None,
    };
    let router = people.router();
    let ask = async |path: &str| {
        let request =
            Request::get(path).header(header::AUTHORIZATION, format!("Bearer {}", token.expose()));
        head(&router, request.body(Body::empty()).unwrap()).await
    };
    assert_eq!(ask(STATUS).await.status(), StatusCode::UNAUTHORIZED);
    people
        .file
        .change(|book| book.add(Entry::Token(entry)))
        .unwrap();
    while ask(STATUS).await.status() != StatusCode::OK {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let stream = ask("/api/v1/alarms/stream").await;
    assert_eq!(stream.status(), StatusCode::OK);
    let mut stream = stream.into_body().into_data_stream();
    assert!(stream.next().await.is_some());
    people
        .file
        .change(|book| book.revoke("late", Timestamp::EPOCH))
        .unwrap();
    while stream.next().await.is_some() {}
    assert_eq!(ask(STATUS).await.status(), StatusCode::UNAUTHORIZED);
    // A broken file changes nothing, and a good one counts again.
    let text = std::fs::read_to_string(people.path()).unwrap();
    std::fs::write(people.path(), "{").unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let viewer = head(&router, get(&people, "viewer", STATUS)).await;
    assert_eq!(viewer.status(), StatusCode::OK);
    std::fs::write(people.path(), text).unwrap();
    people
        .file
        .change(|book| book.revoke("viewer-token", Timestamp::EPOCH))
        .unwrap();
    while head(&router, get(&people, "viewer", STATUS)).await.status() != StatusCode::UNAUTHORIZED {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    stop.send_replace(true);
    watching.await.unwrap();
}

#[tokio::test]
async fn whoever_guesses_waits_and_nobody_else_does() {
    let people = People::new();
    let router = people.router();
    let mut answers = Vec::new();
    for _ in 0..8 {
        answers.push(
            head(&router, get(&people, "forged", STATUS))
                .await
                .status()
                .as_u16(),
        );
    }
    assert_eq!(answers[..6], [401; 6]);
    assert!(answers.contains(&429), "{answers:?}");
    // From the same address.
    let right = head(&router, get(&people, "viewer", STATUS)).await;
    assert_eq!(right.status(), StatusCode::OK);
    let answer = ask(&router, get(&people, "forged", STATUS)).await;
    answer.problem(429, "too-many-attempts");
    assert!(answer.headers.contains_key(header::RETRY_AFTER));
}

#[tokio::test]
async fn the_page_of_another_site_changes_nothing() {
    let people = People::new();
    let router = people.router();
    let request = people.request("operator", &Method::POST, "/api/v1/alarms/ack");
    let request = request.header("sec-fetch-site", "cross-site");
    assert_eq!(status(&router, request, "{}").await, StatusCode::FORBIDDEN);
    // And a name that somebody made lead here shows nothing where nobody is asked.
    let mut rig = Rig::new();
    let settings = gridos_api::AccessSettings {
        is_local: true,
        ..gridos_api::AccessSettings::default()
    };
    rig.state.access = std::sync::Arc::new(gridos_api::Access::new(settings).unwrap());
    for (host, expected) in [("evil.example", 403), ("localhost:8080", 200)] {
        let request = Request::get(STATUS).header(header::HOST, host);
        let answered = status(&rig.router(), request, "").await;
        assert_eq!(answered.as_u16(), expected, "{host}");
    }
}

fn one<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    let mut all = headers.get_all(name).into_iter();
    let first = all.next().unwrap_or_else(|| panic!("{name} is missing"));
    assert!(all.next().is_none(), "{name} is told twice");
    first.to_str().unwrap()
}

#[tokio::test]
async fn every_answer_has_safe_headers() {
    let people = People::new();
    let router = people.router();
    for (who, path) in [
        ("nothing", "/"),
        ("nothing", STATUS),
        ("viewer", STATUS),
        ("nothing", "/x"),
    ] {
        let answer = head(&router, get(&people, who, path)).await;
        let headers = answer.headers();
        let policy = one(headers, "content-security-policy");
        for part in [
            "default-src 'self'",
            "frame-ancestors 'none'",
            "object-src 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(
            !policy.contains("unsafe-inline") && !policy.contains("unsafe-eval"),
            "{policy}"
        );
        assert_eq!(one(headers, "x-content-type-options"), "nosniff");
        assert_eq!(one(headers, "referrer-policy"), "no-referrer");
        assert_eq!(one(headers, "x-frame-options"), "DENY");
        assert!(headers.contains_key("cache-control"));
        assert!(
            !headers.contains_key("strict-transport-security"),
            "it is not TLS"
        );
        assert!(!headers.contains_key("access-control-allow-origin"));
        let _ = to_bytes(answer.into_body(), usize::MAX).await;
    }
}

/// The work of passwords is done one at a time, so that it leaves the engine a core.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_sign_ins_does_not_hold_up_others() {
    let people = People::new();
    let router = people.router();
    let flood: Vec<_> = (0..40)
        .map(|nth| {
            let router = router.clone();
            tokio::spawn(async move {
                let body = format!(r#"{{"user":"u{nth}","password":"a wrong password"}}"#);
                let request = Request::post("/api/v1/session");
                status(&router, request, &body).await.as_u16()
            })
        })
        .collect();
    let began = Instant::now();
    let mut asked = 0;
    while !flood.iter().all(tokio::task::JoinHandle::is_finished) {
        let answer = head(&router, get(&people, "viewer", STATUS)).await;
        assert_eq!(answer.status(), StatusCode::OK);
        asked += 1;
        tokio::task::yield_now().await;
    }
    assert!(asked > 10, "{asked} in {:?}", began.elapsed());
    let mut answers = Vec::new();
    for each in flood {
        answers.push(each.await.unwrap());
    }
    assert!(
        answers
            .iter()
            .all(|answer| [401, 429, 503].contains(answer)),
        "{answers:?}"
    );
    assert!(answers.contains(&429), "{answers:?}");
}
