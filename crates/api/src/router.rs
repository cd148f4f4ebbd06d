//! Which path is answered by what.

use std::sync::Arc;

use axum::Router;
use axum::http::{Method, Uri};
use axum::middleware::from_fn_with_state;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::openapi::{Base, reference, served};
use crate::parameters::cut;
use crate::problem::{Kind, Problem};
use crate::state::{Api, ApiState};
use crate::{
    access, alarms, config, devices, guard, health, history, latest, layouts, letters, limit,
    metrics, page, points, post, status, stream,
};

/// Every endpoint of the engine, and the live page at `/`.
pub fn router(state: ApiState) -> Router {
    routes(Arc::new(Api::new(state)))
}

pub(crate) fn routes(api: Arc<Api>) -> Router {
    let (questions, _) = questions().split_for_parts();
    let (posts, _) = posts().split_for_parts();
    let (changes, _) = changes().split_for_parts();
    let commands = changes
        .layer(from_fn_with_state(Arc::clone(&api), limit::changes))
        .merge(posts);
    questions
        .layer(from_fn_with_state(Arc::clone(&api), guard::bound))
        .merge(commands)
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(Arc::clone(&api), access::gate))
        .layer(from_fn_with_state(Arc::clone(&api), guard::guard))
        // Streams of events are left as they are.
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .with_state(api)
}

/// Everything that is served, with its description: there is no other way in.
pub(crate) fn endpoints() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::with_openapi(Base::openapi())
        .merge(questions())
        .merge(posts())
        .merge(changes())
}

/// What is asked: answered within a bound of time.
fn questions() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(page::index))
        .routes(routes!(page::asset))
        .routes(routes!(served::document))
        .routes(routes!(reference::reference))
        .routes(routes!(reference::style))
        .routes(routes!(health::health))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(metrics::metrics))
        .routes(routes!(access::list::list))
        .routes(routes!(access::session::show))
        .routes(routes!(devices::devices))
        .routes(routes!(devices::one::device))
        .routes(routes!(points::points))
        .routes(routes!(points::point))
        .routes(routes!(layouts::layouts))
        .routes(routes!(layouts::layout))
        .routes(routes!(stream::stream))
        .routes(routes!(letters::letters))
        .routes(routes!(status::status))
        .routes(routes!(history::history))
        .routes(routes!(history::instant::at))
        .routes(routes!(history::gaps::gaps))
        .routes(routes!(latest::latest))
        .merge(alarms::questions())
}

/// What has a body and bounds its waiting itself, and whose number is bounded otherwise than that of
/// changes.
fn posts() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(post::post))
        .routes(routes!(access::session::open, access::session::close))
}

/// What changes something of the engine; these, too, bound their waiting themselves.
fn changes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        // A reload takes as long as it takes.
        .routes(routes!(config::show, config::replace))
        .routes(routes!(config::reload))
        .merge(alarms::commands())
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
