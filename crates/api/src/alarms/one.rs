//! `GET /api/v1/alarms/{name}`: one alarm, also at rest.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use gridos_alarm::Case;
use serde::Serialize;
use utoipa::ToSchema;

use super::history;
use super::item::Item;
use super::named::{alarm_of, not_configured};
use super::threshold::Threshold;
use super::wire::ShownRecord;
use crate::body::{Time, json, now};
use crate::parameters::Parameters;
use crate::problem::Problem;
use crate::problem::ProblemAnswer;
use crate::state::Api;

/// So many of the last records are shown with an alarm.
const RECORDS: usize = 20;

#[derive(Serialize, ToSchema)]
#[schema(as = AlarmInFull)]
struct One<'a> {
    /// The engine's clock, to reckon ages with.
    time: Time,
    alarm: Item<'a>,
    /// Null if no alarm of that name is configured any more.
    threshold: Option<Threshold<'a>>,
    /// What happened to it last, the youngest first; null if the database is away.
    records: Option<Vec<ShownRecord<'a>>>,
}

/// One alarm, with its definition and its last records.
#[utoipa::path(
    get,
    path = "/api/v1/alarms/{name}",
    tag = "alarms",
    operation_id = "alarm",
    params(
        ("name" = String, Path, description = "DEVICE.POINT:KIND or DEVICE:KIND, or the id"),
    ),
    responses(
        (status = 200, body = One, description = "The alarm, also at rest"),
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
    let alarm = alarm_of(&name)?;
    let state = &api.state;
    let entry = state.book.find(alarm);
    let table = state.alarms.table();
    let case = table.cases.get(&alarm).cloned();
    if entry.is_none() && case.is_none() {
        return Err(not_configured(&name));
    }
    let case = case.unwrap_or_else(|| Arc::new(Case::new(alarm)));
    let records = history::last(&api, alarm, RECORDS).await;
    Ok(json(&One {
        time: Time(now()),
        alarm: Item::new(state, &case, entry.as_ref()),
        threshold: entry.as_ref().map(Threshold::new),
        records: records.as_deref().map(history::shown),
    }))
}
