//! `/api/v1/config`: the configuration, to look at, to replace and to take anew.

mod desk;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::body::json;
use crate::parameters::Parameters;
use crate::problem::{Kind, Problem, ProblemAnswer};
use crate::receive::{Bounds, receive};
use crate::state::Api;

pub use desk::{
    Changes, ConfigAnswer, ConfigAsked, ConfigDesk, ConfigOrder, ConfigRefusal, DeviceChanges,
    FaultTold, Names, ReloadReport,
};

/// The most bytes a configuration may have; devices by the ten thousand are in a CSV file beside it.
const TEXT_BYTES_MAX: usize = 16 << 20;
/// How long its text may take to come.
const READ_WITHIN: Duration = Duration::from_secs(30);

/// The main configuration file's text, with its tag.
#[utoipa::path(
    get,
    path = "/api/v1/config",
    tag = "engine",
    operation_id = "config",
    responses(
        (status = 200, body = String, content_type = "application/toml", headers(("ETag" = String, description = "To be given as If-Match with another text")), description = "The text"),
        (status = 409, response = ProblemAnswer),
        (status = 503, response = ProblemAnswer),
    ),
    security(("token" = ["engineer"])),
)]
pub(crate) async fn show(
    State(api): State<Arc<Api>>,
    parameters: Parameters,
) -> Result<Response, Problem> {
    parameters.only(&[])?;
    answer(ask(&api, ConfigOrder::Show).await?)
}

/// Takes the configuration files as they are now, as a whole or not at all.
#[utoipa::path(
    post,
    path = "/api/v1/config/reload",
    tag = "engine",
    operation_id = "reload_config",
    params(
        ("dry_run" = Option<bool>, Query, description = "Only to check them, and to tell what would change"),
    ),
    responses(
        (status = 200, body = ReloadReport, description = "What was changed, or would be"),
        (status = 400, response = ProblemAnswer),
        (status = 409, response = ProblemAnswer),
        (status = 422, response = ProblemAnswer),
        (status = 503, response = ProblemAnswer),
    ),
    security(("token" = ["engineer"])),
)]
pub(crate) async fn reload(
    State(api): State<Arc<Api>>,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let is_dry = parameters.only(&["dry_run"])?.flag("dry_run", false)?;
    answer(ask(&api, ConfigOrder::Reload { is_dry }).await?)
}

/// Puts a text in the place of the main configuration file's, if the one that was seen is still there, and
/// takes it; the one before stays beside it as `.bak`.
#[utoipa::path(
    put,
    path = "/api/v1/config",
    tag = "engine",
    operation_id = "replace_config",
    params(
        ("dry_run" = Option<bool>, Query, description = "Only to check it, and to tell what would change"),
        ("If-Match" = Option<String>, Header, description = "The tag of the text that was seen; not needed for a dry run"),
    ),
    request_body(content = String, content_type = "application/toml", description = "The text"),
    responses(
        (status = 200, body = ReloadReport, description = "What was changed, or would be"),
        (status = 400, response = ProblemAnswer),
        (status = 408, response = ProblemAnswer),
        (status = 409, response = ProblemAnswer),
        (status = 412, response = ProblemAnswer),
        (status = 413, response = ProblemAnswer),
        (status = 422, response = ProblemAnswer),
        (status = 428, response = ProblemAnswer),
        (status = 503, response = ProblemAnswer),
    ),
    security(("token" = ["engineer"])),
)]
pub(crate) async fn replace(
    State(api): State<Arc<Api>>,
    parameters: Parameters,
    request: Request,
) -> Result<Response, Problem> {
    let is_dry = parameters.only(&["dry_run"])?.flag("dry_run", false)?;
    let seen = seen(request.headers(), is_dry)?;
    let text = read(request).await?;
    let order = ConfigOrder::Replace { text, seen, is_dry };
    answer(ask(&api, order).await?)
}

/// The tags of what may be replaced.
fn seen(headers: &HeaderMap, is_dry: bool) -> Result<Option<Vec<String>>, Problem> {
    let Some(given) = headers.get(header::IF_MATCH) else {
        if is_dry {
            return Ok(None);
        }
        let detail = "say which configuration you have seen: send its ETag in the header If-Match";
        return Err(Problem::new(Kind::VersionMissing, detail));
    };
    let tags = given.to_str().unwrap_or_default().split(',');
    let tags: Vec<_> = tags.map(|tag| tag.trim().to_owned()).collect();
    Ok((!tags.iter().any(|tag| tag == "*")).then_some(tags))
}

async fn read(request: Request) -> Result<String, Problem> {
    let bounds = Bounds {
        bytes_max: TEXT_BYTES_MAX,
        patience: READ_WITHIN,
        instead: "put the devices into a CSV file",
    };
    let bytes = receive(request, &bounds).await?;
    String::from_utf8(bytes.into()).map_err(|_| {
        let detail = "the text is no UTF-8; send the configuration file as UTF-8";
        Problem::new(Kind::Malformed, detail)
    })
}

async fn ask(api: &Api, order: ConfigOrder) -> Result<ConfigAnswer, Problem> {
    let asked = api.state.config.ask(order, "api".to_owned()).await;
    asked.map_err(problem)
}

fn answer(answer: ConfigAnswer) -> Result<Response, Problem> {
    Ok(match answer {
        ConfigAnswer::Text { text, tag } => {
            let kind = HeaderValue::from_static("application/toml; charset=utf-8");
            let mut response = ([(header::CONTENT_TYPE, kind)], text).into_response();
            if let Ok(tag) = HeaderValue::from_str(&tag) {
                response.headers_mut().insert(header::ETAG, tag);
            }
            response
        }
        ConfigAnswer::Report(report) => json(&report),
    })
}

fn problem(refusal: ConfigRefusal) -> Problem {
    let detail = refusal.to_string();
    match refusal {
        ConfigRefusal::Faulty(faults) => {
            let detail = format!("{detail}; correct what is in 'faults'");
            Problem::new(Kind::ConfigFaulty, detail).with("faults", faults)
        }
        ConfigRefusal::NeedsRestart(what) => {
            Problem::new(Kind::NeedsRestart, detail).with("needs_restart", what)
        }
        ConfigRefusal::Moved { tag } => {
            Problem::new(Kind::VersionMoved, detail).with("present_tag", tag)
        }
        ConfigRefusal::ReadOnly(_) => Problem::new(Kind::ConfigReadOnly, detail),
        ConfigRefusal::Failed(_) => Problem::new(Kind::ReloadFailed, detail),
        ConfigRefusal::Unreadable(_) => Problem::new(Kind::ConfigUnreadable, detail),
        ConfigRefusal::Unavailable(_) => Problem::new(Kind::ConfigUnavailable, detail),
    }
}
