//! `/api/v1/session`: signing in, who one is, signing out.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use gridos_access::{Password, Principal, Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::deeds::Said;
use super::identify::{Known, cookie_name};
use super::lease::Lease;
use super::peer::Peer;
use crate::body::json;
use crate::problem::{Kind, Problem, ProblemAnswer};
use crate::receive::{Bounds, check_media_type, receive};
use crate::state::Api;

/// No name and password are longer.
const BODY_BYTES_MAX: usize = 4_096;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SignIn)]
struct Asked {
    user: String,
    password: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
struct Shown<'a> {
    /// Whether anybody is asked who they are: on or off.
    mode: &'static str,
    /// Who asks; null if it is not known.
    principal: Option<&'a str>,
    /// How that is known: user, token, oidc or certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    /// The roles whose endpoints may be used.
    may: Vec<&'static str>,
    /// What a browser's requests that change something carry in X-GridOS-CSRF.
    #[serde(skip_serializing_if = "Option::is_none")]
    csrf: Option<&'a str>,
}

impl<'a> Shown<'a> {
    fn of(principal: &'a Principal, csrf: Option<&'a str>) -> Self {
        let is_known = principal.is_known();
        let may = Role::ALL.into_iter();
        let may = may.filter(|need| principal.role.may(*need));
        Self {
            mode: if is_known { "on" } else { "off" },
            principal: is_known.then_some(&principal.name),
            kind: is_known.then_some(principal.kind.name()),
            role: is_known.then_some(principal.role.name()),
            may: may.map(Role::name).collect(),
            csrf,
        }
    }

    fn nobody() -> Self {
        Self {
            mode: "on",
            principal: None,
            kind: None,
            role: None,
            may: Vec::new(),
            csrf: None,
        }
    }
}

/// Who one is, and what is allowed.
#[utoipa::path(
    get,
    path = "/api/v1/session",
    tag = "access",
    operation_id = "session",
    responses((status = 200, body = Shown, description = "Who asks, if that is known")),
    security(()),
)]
pub(crate) async fn show(request: Request) -> Response {
    match request.extensions().get::<Known>() {
        Some(known) => json(&Shown::of(&known.principal, known.csrf.as_deref())),
        None => json(&Shown::nobody()),
    }
}

/// Signs in with name and password, and gives a cookie.
#[utoipa::path(
    post,
    path = "/api/v1/session",
    tag = "access",
    operation_id = "sign_in",
    request_body = Asked,
    responses(
        (status = 200, body = Shown, description = "Signed in: the cookie is set"),
        (status = 401, response = ProblemAnswer),
        (status = 409, response = ProblemAnswer),
        (status = 429, response = ProblemAnswer),
    ),
    security(()),
)]
pub(crate) async fn open(State(api): State<Arc<Api>>, request: Request) -> Response {
    let peer = Peer::of(request.extensions());
    let asked = match asked(&api, request).await {
        Ok(asked) => asked,
        Err(problem) => return problem.into_response(),
    };
    let password = Password::new(asked.password);
    let access = &api.state.access;
    let outcome = access.sign_in(&asked.user, password, &peer).await;
    let said = |detail: &str| Said {
        principal: asked.user.clone(),
        kind: "user",
        detail: detail.to_owned(),
    };
    match outcome {
        Ok((principal, opened)) => {
            let mut response = json(&Shown::of(&principal, Some(&opened.csrf)));
            set_cookie(&mut response, &opened.cookie, peer.is_tls, "");
            response.extensions_mut().insert(said("signed in"));
            response
        }
        Err(problem) => {
            let said = said(problem.detail());
            let mut response = problem.into_response();
            response.extensions_mut().insert(said);
            response
        }
    }
}

/// Signs out.
#[utoipa::path(
    delete,
    path = "/api/v1/session",
    tag = "access",
    operation_id = "sign_out",
    responses((status = 204, description = "Signed out: the cookie is gone")),
    security(()),
)]
pub(crate) async fn close(State(api): State<Arc<Api>>, request: Request) -> Response {
    let peer = Peer::of(request.extensions());
    if let Some(known) = request.extensions().get::<Known>()
        && let Lease::Session(id) = known.lease
    {
        api.state.access.sessions().close(id);
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(&mut response, "", peer.is_tls, "; Max-Age=0");
    response
}

async fn asked(api: &Api, request: Request) -> Result<Asked, Problem> {
    if !api.state.access.is_on() {
        let detail = "nobody has to sign in: [access] mode is off";
        return Err(Problem::new(Kind::NotNow, detail));
    }
    check_media_type(request.headers())?;
    let bounds = Bounds {
        bytes_max: BODY_BYTES_MAX,
        instead: "a sign-in is a name and a password",
        ..Bounds::of(&api.state.settings)
    };
    let body = receive(request, &bounds).await?;
    // What the library says may quote what stands there.
    serde_json::from_slice(&body).map_err(|_| {
        let detail = r#"the body must be {"user": "…", "password": "…"}"#;
        Problem::new(Kind::Malformed, detail)
    })
}

fn set_cookie(response: &mut Response, value: &str, is_tls: bool, more: &str) {
    let name = cookie_name(is_tls);
    let secure = if is_tls { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{more}");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}
