//! Signing in on the page, and what a browser must show then.

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use gridos_access::Password;
use serde_json::Value;
use tokio::sync::watch;

use super::people::{PASSWORD, People, head, status};
use crate::rig::{Answer, ask};

const SESSION: &str = "/api/v1/session";
const STATUS: &str = "/api/v1/scada/status";

async fn sign_in(router: &Router, user: &str, password: &str) -> Answer {
    let body = serde_json::json!({ "user": user, "password": password });
    let request = Request::post(SESSION).header(header::CONTENT_TYPE, "application/json");
    ask(router, request.body(Body::from(body.to_string())).unwrap()).await
}

/// The cookie of an answer, as a browser sends it back.
fn cookie(answer: &Answer) -> String {
    let set = answer.headers[header::SET_COOKIE].to_str().unwrap();
    set.split(';').next().unwrap().to_owned()
}

async fn with(router: &Router, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    ask(router, request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_cookie_reads_and_changes_nothing_without_the_csrf_token() {
    let people = People::new();
    let router = people.router();
    let answer = sign_in(&router, "the-operator", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let set = answer.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(set.starts_with("gridos-session="), "{set}");
    for part in ["Path=/", "HttpOnly", "SameSite=Strict"] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains("Domain"));
    let shown = answer.json();
    assert_eq!(
        (&shown["principal"], &shown["role"]),
        (&"the-operator".into(), &"operator".into())
    );
    assert_eq!(shown["may"], serde_json::json!(["viewer", "operator"]));
    let csrf = shown["csrf"].as_str().unwrap().to_owned();
    let cookie = cookie(&answer);
    assert!(!answer.text.contains(cookie.split_once('=').unwrap().1));

    let reads = with(&router, Method::GET, STATUS, &[("cookie", &cookie)]).await;
    assert_eq!(reads.status, StatusCode::OK);
    let again = with(&router, Method::GET, SESSION, &[("cookie", &cookie)])
        .await
        .json();
    assert_eq!(again["csrf"], csrf);

    let silence = "/api/v1/alarms/sub1.f1.ia:limit/silence";
    for (headers, expected) in [
        (vec![("cookie", &*cookie)], 403),
        (vec![("cookie", &cookie), ("x-gridos-csrf", "x")], 403),
        (vec![("cookie", &cookie), ("x-gridos-csrf", "")], 403),
        // Through, and then it has no body.
        (vec![("cookie", &cookie), ("x-gridos-csrf", &csrf)], 415),
    ] {
        let answer = with(&router, Method::POST, silence, &headers).await;
        assert_eq!(
            answer.status.as_u16(),
            expected,
            "{headers:?} {}",
            answer.text
        );
    }

    let out = with(&router, Method::DELETE, SESSION, &[("cookie", &cookie)]).await;
    assert_eq!(out.status, StatusCode::FORBIDDEN);
    let headers = [("cookie", &*cookie), ("x-gridos-csrf", &csrf)];
    let out = with(&router, Method::DELETE, SESSION, &headers).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert!(
        out.headers[header::SET_COOKIE]
            .to_str()
            .unwrap()
            .contains("Max-Age=0")
    );
    let gone = with(&router, Method::GET, STATUS, &[("cookie", &cookie)]).await;
    gone.problem(401, "unauthenticated");
    let nobody = with(&router, Method::GET, SESSION, &[("cookie", &cookie)])
        .await
        .json();
    assert_eq!(
        (&nobody["mode"], &nobody["principal"]),
        (&"on".into(), &Value::Null)
    );
}

#[tokio::test]
async fn nobody_learns_whether_a_name_is_one() {
    let people = People::new();
    let router = people.router();
    let wrong = sign_in(&router, "the-admin", "a wrong password").await;
    let unknown = sign_in(&router, "nobody-at-all", PASSWORD).await;
    // Only the number of the request differs.
    let told = |answer: &Answer| {
        let mut told = answer.json();
        told.as_object_mut().unwrap().remove("instance");
        told
    };
    assert_eq!(told(&wrong), told(&unknown));
    wrong.problem(401, "unauthenticated");
    assert!(!wrong.headers.contains_key(header::SET_COOKIE));
    for body in [
        "",
        "{}",
        r#"{"user":"a","password":1}"#,
        r#"{"user":"a","password":"hunter2","x":1}"#,
    ] {
        let request = Request::post(SESSION).header(header::CONTENT_TYPE, "application/json");
        let answer = ask(&router, request.body(Body::from(body)).unwrap()).await;
        let told = answer.problem(400, "malformed");
        assert!(!told.contains("hunter2"));
    }
    let form = Request::post(SESSION).header(header::CONTENT_TYPE, "text/plain");
    assert_eq!(
        head(&router, form.body(Body::from("{}")).unwrap())
            .await
            .status(),
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    );
}

#[tokio::test]
async fn guessing_is_slowed_and_a_good_place_is_not() {
    let people = People::new();
    let router = people.router();
    assert_eq!(
        sign_in(&router, "the-viewer", PASSWORD).await.status,
        StatusCode::OK
    );
    let mut answers = Vec::new();
    for _ in 0..8 {
        answers.push(
            sign_in(&router, "the-admin", "a wrong password")
                .await
                .status
                .as_u16(),
        );
    }
    assert!(
        answers[..5] == [401; 5] && answers.contains(&429),
        "{answers:?}"
    );
    // Its wait is over before a person is impatient, and others are not held up who were here before.
    assert_eq!(
        sign_in(&router, "the-viewer", PASSWORD).await.status,
        StatusCode::OK
    );
}

#[tokio::test(start_paused = true)]
async fn another_password_ends_the_sessions_of_the_old_one() {
    let people = People::new();
    let (_stop, stopped) = watch::channel(false);
    tokio::spawn(people.access.clone().watch(stopped));
    let router = people.router();
    let cookie = cookie(&sign_in(&router, "the-viewer", PASSWORD).await);
    let other = Password::new("another good password").hash().unwrap();
    people
        .file
        .change(|book| book.set_password("the-viewer", other))
        .unwrap();
    loop {
        let request = Request::get(STATUS).header(header::COOKIE, &cookie);
        if status(&router, request, "").await == StatusCode::UNAUTHORIZED {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(
        sign_in(&router, "the-viewer", PASSWORD).await.status,
        StatusCode::UNAUTHORIZED
    );
    let again = sign_in(&router, "the-viewer", "another good password").await;
    assert_eq!(again.status, StatusCode::OK);
}

#[tokio::test]
async fn where_nobody_is_asked_nobody_signs_in() {
    let rig = crate::rig::Rig::new();
    let router = rig.router();
    let shown = with(&router, Method::GET, SESSION, &[]).await.json();
    assert_eq!(
        (&shown["mode"], &shown["principal"]),
        (&"off".into(), &Value::Null)
    );
    let may = shown["may"].as_array().unwrap();
    assert!(may.contains(&"operator".into()) && may.contains(&"admin".into()));
    let answer = sign_in(&router, "the-admin", PASSWORD).await;
    answer.problem(409, "not-now");
}
