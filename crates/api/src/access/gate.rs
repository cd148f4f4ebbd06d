//! The way in: each request is let through, or refused, and what must be is recorded.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{STRICT_TRANSPORT_SECURITY, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::deeds::Attempt;
use super::identify::{CSRF_HEADER, Known};
use super::peer::Peer;
use super::policy::Need;
use super::{host, lease};
use crate::parameters::cut;
use crate::problem::{Kind, Problem};
use crate::state::Api;

/// A year, as browsers want it.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Lets a request through whose sender may do what it asks for.
pub(crate) async fn gate(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let peer = Peer::of(&parts.extensions);
    let is_tls = peer.is_tls;
    let mut attempt = Attempt::of(&parts, &peer);
    let mut response = match admit(&api, &parts, &peer, &mut attempt).await {
        Ok(known) => pass(&api, Request::from_parts(parts, body), next, known).await,
        Err(problem) => {
            attempt.refuse(problem.detail());
            refused(problem)
        }
    };
    attempt.record(&api, &response);
    if is_tls {
        let headers = response.headers_mut();
        headers.insert(STRICT_TRANSPORT_SECURITY, HSTS);
    }
    response
}

/// Who asks, if they may; `None` if it is not known and need not be.
async fn admit(
    api: &Api,
    parts: &Parts,
    peer: &Peer,
    attempt: &mut Attempt,
) -> Result<Option<Known>, Problem> {
    let access = &api.state.access;
    host::check(parts, access.settings())?;
    // What is no endpoint is answered that it is none, to everybody.
    let Some(path) = parts.extensions.get::<MatchedPath>() else {
        return Ok(None);
    };
    let need = need(api, &parts.method, path.as_str());
    attempt.needs(need);
    let known = match access.identify(parts, peer).await {
        Ok(known) => known,
        // Who need not be known may be wrong: a probe, or a browser with an old cookie.
        Err(_) if need == Some(Need::Nobody) => return Ok(None),
        Err(problem) => return Err(problem),
    };
    if let Some(known) = &known {
        attempt.is_by(&known.principal);
        check_csrf(parts, known)?;
    }
    match (need, &known) {
        (Some(Need::Nobody), _) => Ok(known),
        (Some(Need::Role(need)), Some(by)) if by.principal.role.may(need) => Ok(known),
        (Some(Need::Role(need)), Some(by)) => {
            let detail = format!(
                "'{}' has the role {}, and this needs {need}; ask an administrator for it",
                by.principal.name, by.principal.role
            );
            Err(Problem::new(Kind::Forbidden, detail))
        }
        (Some(Need::Role(_)), None) => {
            let detail = "sign in on the page, or send a token: Authorization: Bearer gridos_…";
            Err(Problem::new(Kind::Unauthenticated, detail))
        }
        // An endpoint that does not say what it needs is shut; a method that is none is told so.
        (None, _) => Err(unsaid(api, parts, path.as_str())),
    }
}

fn unsaid(api: &Api, parts: &Parts, path: &str) -> Problem {
    let methods = api.policy.methods(path);
    if methods.is_empty() {
        let detail = "nobody may do this: what it needs is not said; please report this";
        return Problem::new(Kind::Forbidden, detail);
    }
    let detail = format!(
        "{} does not work here; see the Allow header",
        cut(parts.method.as_str())
    );
    Problem::new(Kind::MethodNotAllowed, detail).allow(methods.join(","))
}

fn need(api: &Api, method: &Method, path: &str) -> Option<Need> {
    if path == "/metrics" && api.state.access.settings().metrics_open {
        return Some(Need::Nobody);
    }
    api.policy.need(method, path)
}

/// A browser sends its cookie whoever's page asks; what else it must send only the engine's own page
/// knows.
fn check_csrf(parts: &Parts, known: &Known) -> Result<(), Problem> {
    let Some(csrf) = &known.csrf else {
        return Ok(());
    };
    if parts.method.is_safe() {
        return Ok(());
    }
    let given = parts.headers.get(CSRF_HEADER);
    let given = given.and_then(|given| given.to_str().ok());
    let is_right = given.is_some_and(|given| gridos_access::is_same(given, csrf));
    match is_right {
        true => Ok(()),
        false => {
            let detail = "a browser's request that changes something must carry the header \
                          X-GridOS-CSRF, as GET /api/v1/session tells it; load the page anew";
            Err(Problem::new(Kind::Forbidden, detail))
        }
    }
}

async fn pass(api: &Arc<Api>, mut request: Request, next: Next, known: Option<Known>) -> Response {
    let Some(known) = known else {
        return next.run(request).await;
    };
    let extensions = request.extensions_mut();
    extensions.insert(known.principal.clone());
    extensions.insert(known.clone());
    let response = next.run(request).await;
    lease::bound(response, known.lease, Arc::clone(&api.state.access))
}

fn refused(problem: Problem) -> Response {
    let is_unknown = problem.status() == 401;
    let mut response = problem.into_response();
    if is_unknown {
        let scheme = HeaderValue::from_static("Bearer realm=\"GridOS\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
    }
    response
}
