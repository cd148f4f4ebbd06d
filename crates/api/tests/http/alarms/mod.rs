//! `/api/v1/alarms`: asked and commanded as clients do, over the real alarms.

mod command;
mod history;
mod list;
mod metrics;
mod storm;
mod stream;
mod table;
mod threshold;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use serde_json::Value;

use crate::rig::{Answer, ask};
use crate::sse::Client;

/// A client that follows the alarms.
pub(crate) async fn connect(router: &Router) -> Client {
    stream::connect(router, None).await
}

/// Sends JSON; `headers` are pairs of names and values.
pub(crate) async fn send(
    router: &Router,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> Answer {
    let path = format!("/api/v1/alarms/{path}");
    let request = Request::builder().method(method).uri(path);
    let request = request.header(header::CONTENT_TYPE, "application/json");
    let add = |request: axum::http::request::Builder, (name, value): &(&str, &str)| {
        request.header(*name, *value)
    };
    let request = headers.iter().fold(request, add);
    ask(router, request.body(Body::from(body.to_string())).unwrap()).await
}
