//! `/api/v1/alarms/thresholds`: what alarms are defined as, and changes of that while the engine
//! runs.

mod change;
#[cfg(test)]
pub(super) mod every;
mod keys;
pub(super) mod many;
mod preview;
mod read;
mod shown;
mod values;

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use gridos_pipeline::BookEntry;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use self::change::{Change, Preview};
use self::read::read;
pub(super) use self::shown::Threshold;
use self::shown::{tag, version_of};
use super::command;
use super::definition::DefinitionShape;
use super::filter::Filter;
use super::named::{alarm_of, not_configured};
use crate::access::Commander;
use crate::aside::aside;
use crate::body::json;
use crate::form::{Accept, Next};
use crate::openapi::PlaceParameters;
use crate::parameters::Parameters;
use crate::problem::ProblemAnswer;
use crate::problem::{Kind, Problem};
use crate::state::{Api, ApiState};

const ROWS_DEFAULT: usize = 1_000;
const ROWS_MAX: usize = 10_000;

#[derive(Serialize, ToSchema)]
#[schema(as = ThresholdList)]
struct List<'a> {
    /// How many are configured.
    total: usize,
    /// How many of them are wanted, of which `thresholds` shows a page.
    matching: usize,
    thresholds: Vec<Threshold<'a>>,
    /// To be given for the next page; null if this is the last.
    cursor: Option<String>,
}

/// Definitions by the names of their alarms. Parameters: kind, device, point, area and q, as for the
/// list of alarms; `limit`, and the `cursor` of the page before.
#[utoipa::path(
    get,
    path = "/api/v1/alarms/thresholds",
    tag = "alarms",
    operation_id = "thresholds",
    params(
        PlaceParameters,
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 10000, description = "The most rows; 1000 unless given"),
        ("cursor" = Option<String>, Query, description = "The cursor of the page before"),
    ),
    responses(
        (status = 200, content((List = "application/json"), (String = "application/x-ndjson"), (String = "text/csv")), description = "A page of the definitions"),
        (status = 400, response = ProblemAnswer),
        (status = 404, response = ProblemAnswer),
    ),
    security(("token" = ["viewer"])),
)]
pub(crate) async fn list(
    State(api): State<Arc<Api>>,
    accept: Accept,
    parameters: Parameters,
) -> Result<Response, Problem> {
    accept.form()?;
    let known = ["kind", "device", "point", "area", "q", "limit", "cursor"];
    let parameters = parameters.only(&known)?;
    let limit = parameters.number("limit", ROWS_DEFAULT, 1, ROWS_MAX)?;
    let after = parameters.one("cursor")?.map(str::to_owned);
    let filter = Filter::of(&api.state, &parameters)?;
    aside(move || page(&api.state, &accept, &filter, after.as_deref(), limit)).await
}

/// The definitions behind the name `after`.
fn page(
    state: &ApiState,
    accept: &Accept,
    filter: &Filter,
    after: Option<&str>,
    limit: usize,
) -> Result<Response, Problem> {
    let (mut matching, mut rows) = (0, Vec::new());
    for entry in state.book.iter().filter(|entry| filter.wants_entry(entry)) {
        matching += 1;
        let name = entry.name();
        if after.is_none_or(|after| *name > *after) {
            rows.push((name, entry));
        }
    }
    let has_more = rows.len() > limit;
    if has_more {
        // Only the page is put in order.
        rows.select_nth_unstable_by(limit, |(a, _), (b, _)| a.cmp(b));
        rows.truncate(limit);
    }
    rows.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    let last = rows.last().filter(|_| has_more);
    let cursor = last.map(|(name, _)| name.clone());
    let thresholds = rows.iter().map(|(_, entry)| Threshold::new(entry));
    if accept.wants_rows() {
        return accept.rows(thresholds, cursor.as_deref().map(Next::Cursor));
    }
    Ok(json(&List {
        total: state.book.len(),
        matching,
        thresholds: thresholds.collect(),
        cursor,
    }))
}

/// One definition, with the tag that a change of it must give.
#[utoipa::path(
    get,
    path = "/api/v1/alarms/thresholds/{name}",
    tag = "alarms",
    operation_id = "threshold",
    params(
        ("name" = String, Path, description = "DEVICE.POINT:KIND or DEVICE:KIND, or the id"),
    ),
    responses(
        (status = 200, body = Threshold, headers(("ETag" = String, description = "To be given as If-Match with a change")), description = "The definition"),
        (status = 400, response = ProblemAnswer),
        (status = 404, response = ProblemAnswer),
    ),
    security(("token" = ["viewer"])),
)]
pub(crate) async fn one(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
    parameters: Parameters,
) -> Result<Response, Problem> {
    parameters.only(&[])?;
    let entry = find(&api.state, &name)?;
    Ok(shown(&entry))
}

fn shown(entry: &BookEntry) -> Response {
    let mut response = json(&Threshold::new(entry));
    if let Ok(tag) = HeaderValue::from_str(&tag(entry)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

fn find(state: &ApiState, name: &str) -> Result<BookEntry, Problem> {
    let entry = state.book.find(alarm_of(name)?);
    entry.ok_or_else(|| not_configured(name))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ThresholdChange)]
struct Asked {
    #[schema(value_type = DefinitionShape)]
    definition: Value,
    #[serde(default)]
    by: String,
    #[serde(default)]
    comment: String,
}

/// Gives an alarm another definition, if the one that was seen is still there.
#[utoipa::path(
    put,
    path = "/api/v1/alarms/thresholds/{name}",
    tag = "alarms",
    operation_id = "change_threshold",
    params(
        ("name" = String, Path, description = "DEVICE.POINT:KIND or DEVICE:KIND, or the id"),
        ("dry_run" = Option<String>, Query, description = "1: only tell what it would do"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the definition that was seen, or *; needed"),
        ("Idempotency-Key" = Option<String>, Header, description = "A name of this request: the same one again does nothing, and is answered alike"),
    ),
    request_body = Asked,
    responses(
        (status = 200, content((Threshold = "application/json"), (Preview = "application/json")), description = "The new definition; with `dry_run` what it would do"),
        (status = 400, response = ProblemAnswer),
        (status = 404, response = ProblemAnswer),
        (status = 412, response = ProblemAnswer),
        (status = 422, response = ProblemAnswer),
        (status = 428, response = ProblemAnswer),
        (status = 503, response = ProblemAnswer),
    ),
    security(("token" = ["engineer"])),
)]
pub(crate) async fn put(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
    parameters: Parameters,
    request: Request,
) -> Result<Response, Problem> {
    let is_dry = parameters.only(&["dry_run"])?.flag("dry_run", false)?;
    let state = &api.state;
    let entry = find(state, &name)?;
    let key = command::idempotency_key(request.headers())?;
    let may_come_again = !key.is_empty() && !is_dry;
    let if_version = expected(&entry, request.headers(), may_come_again)?;
    let by = Commander::of(request.extensions());
    let asked: Asked = command::read(&api, request).await?;
    let definition = Arc::new(read(&entry, &asked.definition).map_err(invalid)?);
    let change = Change { entry, definition };
    if is_dry {
        return Ok(json(&change.preview(state)));
    }
    let note = command::note(by.name(&asked.by)?, &asked.comment, &key)?;
    command::give(state, change.command(if_version, note)).await?;
    Ok(shown(&find(state, &name)?))
}

fn invalid(errors: Vec<String>) -> Problem {
    let detail = "the definition cannot be used; what is wrong is in 'errors'; nothing was changed";
    Problem::new(Kind::Invalid, detail).with("errors", errors)
}

/// The version that a change expects; `None` if any will do, which is said by `*`.
///
/// One that may have come before is left to the engine, which knows it by its key: it has moved the
/// version by itself.
fn expected(
    entry: &BookEntry,
    headers: &HeaderMap,
    may_come_again: bool,
) -> Result<Option<u32>, Problem> {
    let Some(given) = headers.get(header::IF_MATCH) else {
        let detail = "say which definition you have seen: send its ETag in the header If-Match";
        return Err(Problem::new(Kind::VersionMissing, detail));
    };
    let tags = given.to_str().unwrap_or_default();
    let (own, tags) = (tag(entry), tags.split(',').map(str::trim));
    let earlier = tags.clone().filter_map(version_of);
    let earlier = earlier.filter(|version| *version < entry.version).max();
    match tags.clone().find(|tag| *tag == "*" || *tag == own) {
        Some("*") => Ok(None),
        Some(_) => Ok(Some(entry.version)),
        None if may_come_again && earlier.is_some() => Ok(earlier),
        None => {
            let detail = format!(
                "the definition is at version {}, not the one you have seen: look at it again",
                entry.version
            );
            let problem = Problem::new(Kind::VersionMoved, detail);
            Err(problem.with("present_version", entry.version))
        }
    }
}
