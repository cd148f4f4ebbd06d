//! Which path is answered by what.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{Method, Uri};
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use crate::parameters::cut;
use crate::problem::{Kind, Problem};
use crate::state::{Api, ApiState};
use crate::{alarms, devices, guard, health, history, latest, letters, metrics, page, status};

/// Every endpoint of the engine, and the live page at `/`.
pub fn router(state: ApiState) -> Router {
    routes(Arc::new(Api::new(state)))
}

pub(crate) fn routes(api: Arc<Api>) -> Router {
    let body_bytes_max = api.state.settings.body_bytes_max;
    let posts = Router::new()
        .route("/api/v1/scada/data", post(crate::post::post))
        .layer(DefaultBodyLimit::max(body_bytes_max));
    Router::new()
        .route("/", get(page::index))
        .route("/assets/{name}", get(page::asset))
        .route("/health", get(health::health))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/metrics", get(metrics::metrics))
        .route("/api/v1/devices", get(devices::devices))
        .route("/api/v1/dead-letters", get(letters::letters))
        .route("/api/v1/scada/status", get(status::status))
        .route("/api/v1/scada/data", get(history::history))
        .route("/api/v1/scada/latest", get(latest::latest))
        .route("/api/v1/alarms", get(alarms::active))
        .route("/api/v1/alarms/history", get(alarms::history))
        .route("/api/v1/alarms/thresholds", get(alarms::thresholds))
        .layer(from_fn_with_state(Arc::clone(&api), guard::bound))
        .merge(posts)
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(Arc::clone(&api), guard::guard))
        .with_state(api)
}

async fn not_found(uri: Uri) -> Problem {
    let detail = format!(
        "nothing is at '{}'; the API begins at /api/v1/",
        cut(uri.path())
    );
    Problem::new(Kind::NotFound, detail)
}

async fn method_not_allowed(method: Method) -> Problem {
    let detail = format!(
        "{} does not work here; see the Allow header",
        cut(method.as_str())
    );
    Problem::new(Kind::MethodNotAllowed, detail)
}
