//! A little identity provider on a real socket, whose keys change and which goes away.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use axum::extract::State;
use axum::http::{Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use gridos_access::Role;
use gridos_access::oidc::Demands;
use gridos_api::OidcSettings;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::people::{People, status};
use super::signer::Ec;

#[derive(Default)]
struct Provider {
    keys: Mutex<Vec<Value>>,
    is_away: AtomicBool,
    asked: AtomicUsize,
    issuer: Mutex<String>,
}

async fn discovery(State(provider): State<Arc<Provider>>) -> Json<Value> {
    let issuer = provider.issuer.lock().unwrap().clone();
    Json(json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/keys") }))
}

async fn keys(State(provider): State<Arc<Provider>>) -> Response {
    provider.asked.fetch_add(1, Ordering::Relaxed);
    if provider.is_away.load(Ordering::Relaxed) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let keys = provider.keys.lock().unwrap().clone();
    Json(json!({ "keys": keys })).into_response()
}

/// A provider, and an engine that believes it.
async fn site() -> (Arc<Provider>, People) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let provider = Arc::new(Provider::default());
    provider.issuer.lock().unwrap().clone_from(&issuer);
    let router = Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/keys", get(keys))
        .with_state(Arc::clone(&provider));
    let server = hyper_util::service::TowerToHyperService::new(router);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let io = hyper_util::rt::TokioIo::new(stream);
            let serving =
                hyper::server::conn::http1::Builder::new().serve_connection(io, server.clone());
            tokio::spawn(serving);
        }
    });
    let people = People::with(|settings| {
        settings.oidc = Some(OidcSettings {
            demands: Demands {
                issuer,
                audience: "gridos".to_owned(),
                roles_claim: "roles".to_owned(),
                name_claim: "preferred_username".to_owned(),
                roles: vec![("GridOS.Operator".to_owned(), Role::Operator)],
            },
            keys_url: None,
            authorities: None,
        });
    });
    (provider, people)
}

impl Provider {
    fn token(&self, key: &Ec) -> String {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap()
            .as_secs();
        key.sign(&json!({
            "iss": *self.issuer.lock().unwrap(), "aud": "gridos", "sub": "7",
            "preferred_username": "anna@example.org", "roles": ["GridOS.Operator"],
            "exp": now + 600,
        }))
    }
}

async fn ask(router: &Router, token: &str) -> u16 {
    let request = Request::get("/api/v1/scada/status")
        .header(header::AUTHORIZATION, format!("Bearer {token}"));
    status(router, request, "").await.as_u16()
}

#[tokio::test]
async fn tokens_are_believed_and_keys_are_asked_for_once() {
    let (provider, people) = site().await;
    let (first, foreign) = (Ec::new("k1"), Ec::new("k1"));
    provider.keys.lock().unwrap().push(first.jwk());
    let router = people.router();
    for _ in 0..5 {
        assert_eq!(ask(&router, &provider.token(&first)).await, 200);
    }
    assert_eq!(ask(&router, &provider.token(&foreign)).await, 401);
    assert_eq!(provider.asked.load(Ordering::Relaxed), 1);
    // Unknown keys do not make it ask without end.
    for nth in 0..20 {
        let made_up = Ec::new(&format!("x{nth}"));
        assert_ne!(ask(&router, &provider.token(&made_up)).await, 200);
    }
    assert_eq!(provider.asked.load(Ordering::Relaxed), 1);
    // Tokens of the engine go on beside.
    let own = people.token("viewer").to_owned();
    assert_eq!(ask(&router, &own).await, 200);
    let body = json!({ "x": 1 }).to_string();
    let request = Request::put("/api/v1/alarms/thresholds/sub1.f1.ia:limit").header(
        header::AUTHORIZATION,
        format!("Bearer {}", provider.token(&first)),
    );
    assert_eq!(status(&router, request, &body).await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_new_key_is_found_and_an_old_one_forgotten() {
    let (provider, people) = site().await;
    let (first, second) = (Ec::new("k1"), Ec::new("k2"));
    provider.keys.lock().unwrap().push(first.jwk());
    let router = people.router();
    assert_eq!(ask(&router, &provider.token(&first)).await, 200);
    *provider.keys.lock().unwrap() = vec![second.jwk()];
    // Not oftener than every few seconds; until then it is not known.
    let began = std::time::Instant::now();
    loop {
        match ask(&router, &provider.token(&second)).await {
            200 => break,
            answer => assert!([401, 429].contains(&answer), "{answer}"),
        }
        assert!(began.elapsed().as_secs() < 60);
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    assert_ne!(ask(&router, &provider.token(&first)).await, 200);
}

#[tokio::test]
async fn a_provider_that_is_away_stops_nothing_that_is_known() {
    let (provider, people) = site().await;
    let (first, second) = (Ec::new("k1"), Ec::new("k2"));
    provider.keys.lock().unwrap().push(first.jwk());
    provider.is_away.store(true, Ordering::Relaxed);
    let router = people.router();
    // Nothing is known yet: it is not the client's fault.
    assert_eq!(ask(&router, &provider.token(&first)).await, 503);
    provider.is_away.store(false, Ordering::Relaxed);
    let began = std::time::Instant::now();
    while ask(&router, &provider.token(&first)).await != 200 {
        assert!(began.elapsed().as_secs() < 60);
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    provider.is_away.store(true, Ordering::Relaxed);
    assert_eq!(ask(&router, &provider.token(&first)).await, 200);
    // What is signed with a new key cannot be checked now.
    let began = std::time::Instant::now();
    while ask(&router, &provider.token(&second)).await != 503 {
        assert!(began.elapsed().as_secs() < 60);
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    assert_eq!(ask(&router, &provider.token(&first)).await, 200);
}
