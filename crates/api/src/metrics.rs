//! `GET /metrics`: the catalogue as Prometheus reads it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::problem::{Kind, Problem};
use crate::state::Api;

/// The text format's own media type, version 0.0.4.
pub(crate) const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// All metrics, as Prometheus reads them.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "engine",
    operation_id = "metrics",
    responses(
        (status = 200, body = String, content_type = "text/plain; version=0.0.4; charset=utf-8", description = "The Prometheus text format"),
    ),
    security(("token" = ["viewer"])),
)]
pub(crate) async fn metrics(State(api): State<Arc<Api>>) -> Result<Response, Problem> {
    let telemetry = Arc::clone(&api.state.telemetry);
    // Rendering takes long enough to disturb the sessions that share the runtime's threads.
    let text = tokio::task::spawn_blocking(move || telemetry.render())
        .await
        .map_err(|_| Problem::new(Kind::Internal, "the metrics cannot be rendered"))?;
    Ok(([(header::CONTENT_TYPE, MEDIA_TYPE)], text).into_response())
}
