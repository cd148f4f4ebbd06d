//! The whole matrix of roles and endpoints, made of the description that the engine gives of itself:
//! a new endpoint is in it by itself.

use axum::http::{Method, StatusCode};
use gridos_access::Role;
use serde_json::Value;

use super::people::{People, STRANGERS, status};

/// An endpoint, as it is described.
struct Endpoint {
    method: Method,
    /// With something for each parameter.
    path: String,
    /// What it needs; `None` if nothing.
    need: Option<Role>,
}

fn endpoints() -> Vec<Endpoint> {
    let document = serde_json::to_value(gridos_api::openapi()).unwrap();
    let mut endpoints = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let Ok(method) = method.to_ascii_uppercase().parse::<Method>() else {
                continue;
            };
            endpoints.push(Endpoint {
                need: need(operation, &format!("{method} {path}")),
                path: filled(path),
                method,
            });
        }
    }
    endpoints
}

/// Each endpoint must say what it needs, be it nothing.
fn need(operation: &Value, name: &str) -> Option<Role> {
    let security = operation["security"].as_array();
    let security = security.unwrap_or_else(|| panic!("{name} does not say what it needs"));
    let scopes = match security.first().and_then(|first| first.get("token")) {
        None => {
            let is_public = security
                .iter()
                .all(|each| each.as_object().unwrap().is_empty());
            assert!(is_public, "{name}: {security:?}");
            return None;
        }
        Some(scopes) => scopes.as_array().unwrap(),
    };
    assert_eq!(
        (security.len(), scopes.len()),
        (1, 1),
        "{name}: {security:?}"
    );
    let role = scopes[0].as_str().and_then(Role::of_name);
    Some(role.unwrap_or_else(|| panic!("{name} needs a role that is none: {scopes:?}")))
}

fn filled(path: &str) -> String {
    let part = |part: &str| match part.starts_with('{') {
        true => "x".to_owned(),
        false => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn everybody_may_what_their_role_may_and_nothing_else() {
    let people = People::new();
    let endpoints = endpoints();
    assert!(endpoints.len() > 20);
    let (mut let_in, mut refused) = (0, 0);
    for Endpoint { method, path, need } in &endpoints {
        // A router of its own, so that no bound of another request counts.
        let router = people.router();
        for who in STRANGERS.into_iter().chain(Role::ALL.map(Role::name)) {
            let request = people.request(who, method, path);
            // No body that is any: nothing is done, but whoever may is told so by the endpoint.
            let answered = status(&router, request, "").await;
            let role = Role::of_name(who);
            let may = need.is_none_or(|need| role.is_some_and(|role| role.may(need)));
            let expected = match (may, role) {
                (true, _) => None,
                (false, Some(_)) => Some(StatusCode::FORBIDDEN),
                (false, None) => Some(StatusCode::UNAUTHORIZED),
            };
            let is_refusal = matches!(
                answered,
                StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS
            );
            match expected {
                // What is told of a sign-in without a body is another thing.
                None => assert!(!is_refusal, "{who}: {method} {path} answered {answered}"),
                // Who shows wrong tokens long enough has to wait.
                Some(expected) => assert!(
                    answered == expected
                        || answered == StatusCode::TOO_MANY_REQUESTS && role.is_none(),
                    "{who}: {method} {path} answered {answered}"
                ),
            }
            let count = if may { &mut let_in } else { &mut refused };
            *count += 1;
        }
    }
    assert!(let_in > 50 && refused > 100, "{let_in} {refused}");
}

#[tokio::test]
async fn what_is_no_endpoint_is_let_nobody_in() {
    let people = People::new();
    let router = people.router();
    for (method, path, expected) in [
        ("POST", "/metrics", 405),
        ("PUT", "/api/v1/devices", 405),
        ("OPTIONS", "/api/v1/devices", 405),
        ("TRACE", "/api/v1/devices", 405),
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v1/devices/../audit", 404),
        ("GET", "//api/v1/audit", 404),
        ("GET", "/API/V1/AUDIT", 404),
        ("HEAD", "/api/v1/audit", 401),
        ("GET", "/api/v1/audit?x=/health", 401),
    ] {
        let method = method.parse().unwrap();
        let request = people.request("nothing", &method, path);
        let answered = status(&router, request, "").await;
        assert_eq!(answered.as_u16(), expected, "{method} {path}");
    }
}

/// Off, nobody is asked: all endpoints are there for everybody.
#[tokio::test]
async fn an_engine_that_asks_nobody_refuses_nobody() {
    let rig = crate::rig::Rig::new();
    for Endpoint { method, path, .. } in endpoints() {
        let request = axum::http::Request::builder().method(&method).uri(&path);
        let answered = status(&rig.router(), request, "").await;
        let is_refusal = answered == StatusCode::FORBIDDEN || answered == StatusCode::UNAUTHORIZED;
        assert!(!is_refusal, "{method} {path} answered {answered}");
    }
}
