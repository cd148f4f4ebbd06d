//! `GET /api/v1/alarms/history` and `GET /api/v1/alarms/{name}/history`: what happened to alarms,
//! and who did what about them, from the store.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::Response;
use gridos_model::{AlarmAction, AlarmId, Timestamp};
use gridos_store::{AlarmEventRow, AlarmEventsQuery};
use serde::Serialize;
use utoipa::ToSchema;

use super::named::{alarm_of, not_configured};
use super::wire::ShownRecord;
use crate::body::{Time, json, now};
use crate::form::{Accept, Next};
use crate::history::Range;
use crate::openapi::{RangeParameters, RecordParameters};
use crate::parameters::{Parameters, bad};
use crate::problem::Problem;
use crate::problem::ProblemAnswer;
use crate::state::Api;

const SPAN_DEFAULT: Duration = Duration::from_secs(24 * 3_600);
const ROWS_DEFAULT: usize = 1_000;
const ROWS_MAX: usize = 10_000;

#[derive(Serialize, ToSchema)]
#[schema(as = AlarmHistory)]
struct History<'a> {
    from: Time,
    to: Time,
    records: Vec<ShownRecord<'a>>,
    /// To be given for the next page; null if this is the last.
    cursor: Option<String>,
}

/// Parameters: `from` and `to`, by when the engine learned of it (24 h unless given); `device`,
/// `point`, `action` (any number of them), `annunciated` (1: only what operators were told),
/// `order` (youngest, oldest), `limit`, and the `cursor` of the page before.
#[utoipa::path(
    get,
    path = "/api/v1/alarms/history",
    tag = "alarms",
    operation_id = "alarm_records",
    params(
        RangeParameters,
        ("device" = Option<String>, Query, description = "Only of alarms of this device"),
        ("point" = Option<String>, Query, description = "Only of alarms of this point"),
        RecordParameters,
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 10000, description = "The most rows; 1000 unless given"),
        ("cursor" = Option<String>, Query, description = "The cursor of the page before"),
    ),
    responses(
        (status = 200, content((History = "application/json"), (String = "application/x-ndjson"), (String = "text/csv")), description = "A page of records"),
        (status = 400, response = ProblemAnswer),
        (status = 503, response = ProblemAnswer),
        (status = 504, response = ProblemAnswer),
    ),
    security(("token" = ["viewer"])),
)]
pub(crate) async fn all(
    State(api): State<Arc<Api>>,
    accept: Accept,
    parameters: Parameters,
) -> Result<Response, Problem> {
    accept.form()?;
    let known = [
        "from",
        "to",
        "device",
        "point",
        "action",
        "annunciated",
        "order",
        "limit",
        "cursor",
    ];
    let parameters = parameters.only(&known)?;
    let mut query = asked(&parameters)?;
    query.device = parameters.one("device")?.map(str::to_owned);
    query.point = parameters.one("point")?.map(str::to_owned);
    let rows = rows(&api, &query).await?;
    page(&accept, &query, &rows)
}

/// The same of one alarm, also if it is configured no more.
#[utoipa::path(
    get,
    path = "/api/v1/alarms/{name}/history",
    tag = "alarms",
    operation_id = "alarm_records_of_one",
    params(
        ("name" = String, Path, description = "DEVICE.POINT:KIND or DEVICE:KIND, or the id"),
        RangeParameters,
        RecordParameters,
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 10000, description = "The most rows; 1000 unless given"),
        ("cursor" = Option<String>, Query, description = "The cursor of the page before"),
    ),
    responses(
        (status = 200, content((History = "application/json"), (String = "application/x-ndjson"), (String = "text/csv")), description = "A page of records"),
        (status = 400, response = ProblemAnswer),
        (status = 404, response = ProblemAnswer),
        (status = 503, response = ProblemAnswer),
        (status = 504, response = ProblemAnswer),
    ),
    security(("token" = ["viewer"])),
)]
pub(crate) async fn of_one(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
    accept: Accept,
    parameters: Parameters,
) -> Result<Response, Problem> {
    accept.form()?;
    let alarm = alarm_of(&name)?;
    let known = [
        "from",
        "to",
        "action",
        "annunciated",
        "order",
        "limit",
        "cursor",
    ];
    let mut query = asked(&parameters.only(&known)?)?;
    query.alarm = Some(alarm);
    let rows = rows(&api, &query).await?;
    // That nothing happened must not be said of one that is only misspelt.
    if rows.is_empty() && api.state.book.find(alarm).is_none() {
        return Err(not_configured(&name));
    }
    page(&accept, &query, &rows)
}

/// The last records of one alarm, the youngest first; `None` if the store cannot be asked.
pub(super) async fn last(api: &Api, alarm: AlarmId, count: usize) -> Option<Vec<AlarmEventRow>> {
    let until = now().saturating_add(SPAN_DEFAULT);
    let mut query = AlarmEventsQuery::between(Timestamp::EPOCH, until, count);
    query.alarm = Some(alarm);
    rows(api, &query).await.ok()
}

async fn rows(api: &Api, query: &AlarmEventsQuery) -> Result<Vec<AlarmEventRow>, Problem> {
    let _turn = api.questions.acquire().await;
    Ok(api.state.store.alarm_events(query).await?)
}

fn asked(parameters: &Parameters) -> Result<AlarmEventsQuery, Problem> {
    let range = Range::of(parameters, now(), SPAN_DEFAULT)?;
    let limit = parameters.number("limit", ROWS_DEFAULT, 1, ROWS_MAX)?;
    let after = parameters.one("cursor")?.map(|text| {
        let place = text.parse();
        place.map_err(|_| bad("cursor", "is not that of a page before"))
    });
    Ok(AlarmEventsQuery {
        actions: parameters
            .all("action")
            .map(action)
            .collect::<Result<_, _>>()?,
        annunciated_only: parameters.flag("annunciated", false)?,
        after: after.transpose()?,
        ascending: match parameters.one("order")? {
            None | Some("youngest") => false,
            Some("oldest") => true,
            Some(_) => return Err(bad("order", "must be youngest or oldest")),
        },
        ..AlarmEventsQuery::between(range.from, range.until, limit)
    })
}

fn action(name: &str) -> Result<AlarmAction, Problem> {
    AlarmAction::of_name(name).ok_or_else(|| {
        let known = AlarmAction::ALL.map(AlarmAction::name).join(", ");
        bad("action", &format!("must be one of {known}"))
    })
}

fn page(
    accept: &Accept,
    query: &AlarmEventsQuery,
    rows: &[AlarmEventRow],
) -> Result<Response, Problem> {
    let next = rows.last().filter(|_| rows.len() >= query.limit);
    if accept.wants_rows() {
        let cursor = next.map(|row| row.place.to_string());
        return accept.rows(shown(rows), cursor.as_deref().map(Next::Cursor));
    }
    Ok(json(&History {
        from: Time(query.from),
        to: Time(query.until),
        records: shown(rows),
        cursor: next.map(|row| row.place.to_string()),
    }))
}

/// Records as they are shown.
pub(super) fn shown(rows: &[AlarmEventRow]) -> Vec<ShownRecord<'_>> {
    rows.iter()
        .map(|row| ShownRecord::new(&row.record, row.name.clone()))
        .collect()
}
