//! The description of the API against the router that it is made from.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::rig::{Rig, ask, get};

const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];
const ROLES: [&str; 5] = ["viewer", "operator", "engineer", "ingest", "admin"];

/// Every operation: its method, its path and what is said of it.
fn operations() -> Vec<(&'static str, String, Value)> {
    let document = serde_json::to_value(gridos_api::openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        let of =
            move |method: &&'static str| Some((*method, path.clone(), item.get(*method)?.clone()));
        METHODS.iter().filter_map(of).collect::<Vec<_>>()
    });
    operations.collect()
}

#[tokio::test]
async fn it_is_served_as_it_is_and_kept_by_its_tag() {
    let router = Rig::new().router();
    let answer = get(&router, "/api/v1/openapi.json").await;
    assert_eq!(answer.status, 200);
    let document = answer.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(
        document,
        serde_json::to_value(gridos_api::openapi()).unwrap()
    );
    let request = Request::get("/api/v1/openapi.json")
        .header("if-none-match", &answer.headers["etag"])
        .body(Body::empty());
    assert_eq!(ask(&router, request.unwrap()).await.status, 304);
}

#[test]
fn each_endpoint_needs_one_known_role_or_says_that_it_needs_none() {
    for (method, path, operation) in operations() {
        let security = operation["security"].as_array();
        let security = security.unwrap_or_else(|| panic!("{method} {path} says no role"));
        let [requirement] = &**security else {
            panic!("{method} {path}: {security:?}");
        };
        if *requirement == json!({}) {
            let open = ["/", "/assets/{name}", "/api/v1/session"];
            let is_open = path.starts_with("/health") || open.contains(&&*path);
            assert!(is_open, "{method} {path} needs no role");
            continue;
        }
        let roles = requirement["token"].as_array().unwrap();
        let known = |role: &Value| ROLES.contains(&role.as_str().unwrap());
        assert!(
            roles.len() == 1 && known(&roles[0]),
            "{method} {path}: {roles:?}"
        );
        // The audit log is read by admins, and the configuration by engineers.
        let others = ["/api/v1/audit", "/api/v1/config"];
        let reads = roles[0] == "viewer" || (method == "get" && others.contains(&path.as_str()));
        assert_eq!(method == "get", reads, "{method} {path}: {roles:?}");
    }
}

#[test]
fn each_endpoint_has_a_name_of_its_own_a_tag_and_a_sentence() {
    let mut names = BTreeSet::new();
    for (method, path, operation) in operations() {
        let name = operation["operationId"].as_str().unwrap().to_owned();
        assert!(names.insert(name.clone()), "{name} is there twice");
        assert_eq!(operation["tags"].as_array().unwrap().len(), 1, "{name}");
        let sentence = operation["summary"].as_str().unwrap_or_default();
        assert!(sentence.ends_with('.'), "{method} {path}: '{sentence}'");
        let default = json!({"$ref": "#/components/responses/ProblemAnswer"});
        assert_eq!(operation["responses"]["default"], default, "{name}");
    }
}

/// Everything that is described is there; that everything there is described is the router's
/// own doing, which the next test sees to.
#[tokio::test]
async fn what_is_described_is_served() {
    let router = Rig::new().router();
    for (method, path, operation) in operations() {
        let filled = path.replace("{name}", "x").replace("{id}", "7");
        let request = Request::builder()
            .method(&*method.to_uppercase())
            .uri(&filled)
            .header("content-type", "application/json");
        let request = request.body(Body::from("{}")).unwrap();
        if operation["responses"]["200"]["content"]["text/event-stream"].is_object() {
            // It never ends.
            let answer = router.clone().oneshot(request).await.unwrap();
            assert!([200, 400].contains(&answer.status().as_u16()), "{path}");
        } else {
            let answer = ask(&router, request).await;
            assert_ne!(answer.status, 405, "{method} {path}");
            assert!(!answer.text.contains("nothing is at"), "{method} {path}");
        }
        let options = ["HEAD", "DELETE", "PUT", "POST", "PATCH"];
        for other in options.map(str::to_lowercase) {
            let item = operations();
            let is_described = |own: &&(&str, String, Value)| own.1 == path && own.0 == other;
            let reads = other == "head" && item.iter().any(|own| own.1 == path && own.0 == "get");
            if reads || item.iter().any(|own| is_described(&own)) {
                continue;
            }
            let request = Request::builder()
                .method(&*other.to_uppercase())
                .uri(&filled);
            let answer = ask(&router, request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, 405, "{other} {path}");
        }
    }
}

/// A route that is added past the description would need no role.
#[test]
fn no_route_is_added_past_the_description() {
    let sources = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![sources];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            // Of a process without this API: it shows its metrics and its health, and takes nothing.
            if path.ends_with("src/observe.rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for way in [".route(", ".route_service(", ".nest(", ".nest_service("] {
                assert!(!text.contains(way), "{} has {way}", path.display());
            }
        }
    }
}

/// The parameters that are described are those that are known.
#[tokio::test]
async fn the_parameters_are_those_that_are_read() {
    let router = Rig::new().router();
    let mut seen = 0;
    for (method, path, operation) in operations() {
        let filled = path.replace("{name}", "sub1.f1.ia:limit");
        let request = Request::builder()
            .method(&*method.to_uppercase())
            .uri(format!("{filled}?no_such_parameter=1"));
        let answer = ask(&router, request.body(Body::empty()).unwrap()).await;
        let Some((_, known)) = answer.text.split_once("known are: ") else {
            continue;
        };
        seen += 1;
        let known = known.split('"').next().unwrap();
        let known: BTreeSet<_> = known.split(", ").filter(|name| !name.is_empty()).collect();
        let described = operation["parameters"].as_array();
        let described = described.into_iter().flatten();
        let described = described.filter(|own| own["in"] == "query");
        let described: BTreeSet<_> = described.map(|own| own["name"].as_str().unwrap()).collect();
        assert_eq!(described, known, "{method} {path}");
    }
    assert!(seen >= 10, "{seen}");
}
