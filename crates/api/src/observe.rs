//! What a process shows of itself that has no API: its metrics, and whether it is alive and well.

use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse as _;
use axum::routing::get;
use gridos_telemetry::Telemetry;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::metrics::MEDIA_TYPE;

/// Serves `/metrics`, `/health/live` (200 as long as it answers) and `/health/ready` (503 unless
/// `is_well` says so) at `listener` until `stop` is true.
///
/// # Errors
/// If nobody can be served any more.
pub async fn observe(
    listener: TcpListener,
    telemetry: Arc<Telemetry>,
    is_well: impl Fn(&Telemetry) -> bool + Clone + Send + Sync + 'static,
    mut stop: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let shown = Arc::clone(&telemetry);
    let metrics = move || async move {
        let rendered = tokio::task::spawn_blocking(move || shown.render()).await;
        match rendered {
            Ok(text) => ([(header::CONTENT_TYPE, MEDIA_TYPE)], text).into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    };
    let ready = move || async move {
        match is_well(&telemetry) {
            true => (StatusCode::OK, "ready\n"),
            false => (StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
        }
    };
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/health/live", get(async || "live\n"))
        .route("/health/ready", get(ready));
    let stopped = async move {
        // A sender that is gone is a stop as well.
        let _ = stop.wait_for(|stop| *stop).await;
    };
    axum::serve(listener, router)
        .with_graceful_shutdown(stopped)
        .await
}
