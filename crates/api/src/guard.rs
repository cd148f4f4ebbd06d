//! What holds for every request: a bound on time, safe headers, a count.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use gridos_telemetry::{HttpMethod, StatusClass};

use crate::instance;
use crate::parameters::cut;
use crate::problem::{Kind, Problem, as_problem};
use crate::state::Api;

/// Scripts, styles and connections from this engine alone, and no page may frame it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'none'; \
                                       frame-ancestors 'none'; object-src 'none'";

const SAFE_HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// Sets the headers and counts the answer.
pub(crate) async fn guard(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    let (began, method) = (Instant::now(), label(request.method()));
    let path = request.uri().path().to_owned();
    let mut response = instance::of(&cut(&path), async {
        as_problem(next.run(request).await).await
    })
    .await;
    let class = StatusClass::of(response.status().as_u16());
    let cells = &api.state.telemetry.http;
    cells.answered(class);
    cells.time(method).record(began.elapsed());
    let kind = response.extensions().get::<Kind>();
    if let Some(reason) = kind.and_then(|kind| kind.refusal()) {
        api.state.telemetry.http.refused(reason);
    }
    let headers = response.headers_mut();
    for (name, value) in SAFE_HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if path.starts_with("/api/") {
        headers.append(header::VARY, HeaderValue::from_static("accept"));
    }
    // What the engine says is true now and no longer; the page's files say otherwise themselves.
    let now_only = HeaderValue::from_static("no-store");
    headers.entry(header::CACHE_CONTROL).or_insert(now_only);
    response
}

fn label(method: &Method) -> HttpMethod {
    match *method {
        Method::GET => HttpMethod::Get,
        Method::POST => HttpMethod::Post,
        _ => HttpMethod::Other,
    }
}

/// Ends an answer that takes too long. Not for posts: they bound their waiting themselves, because
/// after some point "too long" is no answer to what became of the readings.
pub(crate) async fn bound(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    let patience = api.state.settings.answer_timeout;
    let answer = tokio::time::timeout(patience, next.run(request)).await;
    answer.unwrap_or_else(|_| {
        let detail = format!(
            "there was no answer after {patience:?}; ask for a shorter range or fewer rows, or try \
             again later"
        );
        Problem::new(Kind::SlowAnswer, detail).into_response()
    })
}
