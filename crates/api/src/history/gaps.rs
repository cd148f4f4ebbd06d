//! `GET /api/v1/scada/gaps`: spans of time in which readings are known to be missing.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use gridos_store::{DevicePlace, GapRow, GapsQuery, PointsQuery};
use serde::Serialize;
use utoipa::ToSchema;

use super::Range;
use crate::body::{Time, json, now};
use crate::form::{Accept, Next, Row};
use crate::openapi::RangeParameters;
use crate::parameters::{Parameters, bad, cut};
use crate::problem::ProblemAnswer;
use crate::problem::{Kind, Problem};
use crate::state::Api;

const SPAN_DEFAULT: Duration = Duration::from_secs(24 * 3_600);
const ROWS_DEFAULT: usize = 1_000;
const ROWS_MAX: usize = 10_000;
/// The most devices and points of one question.
const NAMES_MAX: usize = 1_000;

#[derive(Serialize, ToSchema)]
#[schema(as = GapList)]
struct Answer {
    from: Time,
    to: Time,
    /// Whether there are more in the range; those begin where the last one shown does, or later.
    truncated: bool,
    gaps: Vec<ShownGap>,
    /// To be given for the next page; null if this is the last.
    cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Gap)]
pub(super) struct ShownGap {
    /// `null` if readings of any device of an engine may be missing.
    device: Option<String>,
    /// The last instant known to be covered.
    from: Time,
    /// The first instant covered again.
    to: Time,
    reason: String,
}

impl Row for ShownGap {
    const COLUMNS: &'static [&'static str] = &["device", "from", "to", "reason"];
}

impl From<GapRow> for ShownGap {
    fn from(row: GapRow) -> Self {
        Self {
            device: row.device,
            from: Time(row.from),
            to: Time(row.until),
            reason: row.reason,
        }
    }
}

/// Gaps that reach into a time range (24 h unless given), the earliest first.
#[utoipa::path(
    get,
    path = "/api/v1/scada/gaps",
    tag = "readings",
    operation_id = "gaps",
    params(
        RangeParameters,
        ("device" = Option<Vec<String>>, Query, description = "Only gaps of these devices"),
        ("point" = Option<Vec<String>>, Query, description = "Only gaps of the devices of these points"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 10000, description = "The most rows; 1000 unless given"),
        ("cursor" = Option<String>, Query, description = "The cursor of the page before"),
    ),
    responses(
        (status = 200, content((Answer = "application/json"), (String = "application/x-ndjson"), (String = "text/csv")), description = "The earliest first"),
        (status = 400, response = ProblemAnswer),
        (status = 404, response = ProblemAnswer),
        (status = 503, response = ProblemAnswer),
        (status = 504, response = ProblemAnswer),
    ),
    security(("token" = ["viewer"])),
)]
pub(crate) async fn gaps(
    State(api): State<Arc<Api>>,
    accept: Accept,
    parameters: Parameters,
) -> Result<Response, Problem> {
    accept.form()?;
    let parameters = parameters.only(&["device", "point", "from", "to", "limit", "cursor"])?;
    let range = Range::of(&parameters, now(), SPAN_DEFAULT)?;
    let limit = parameters.number("limit", ROWS_DEFAULT, 1, ROWS_MAX)?;
    let named = |name| parameters.all(name).map(str::to_owned).collect::<Vec<_>>();
    let query = GapsQuery {
        devices: named("device"),
        points: named("point"),
        from: range.from,
        until: range.until,
        after: place(&parameters)?,
        // One more than wanted tells whether there are more.
        limit: limit + 1,
    };
    let count = query.devices.len() + query.points.len();
    if count > NAMES_MAX {
        let what = format!("are given {count} times; name {NAMES_MAX} at most, or none for all");
        return Err(bad("device and point", &what));
    }
    let _turn = api.questions.acquire().await;
    check(&api, &query).await?;
    let mut rows = api.state.store.gaps(&query).await?;
    let truncated = rows.len() > limit;
    rows.truncate(limit);
    let next = query.place_behind(&rows).filter(|_| truncated);
    let cursor = next.map(|place| place.to_string());
    let gaps = rows.into_iter().map(ShownGap::from);
    if accept.wants_rows() {
        return accept.rows(gaps, cursor.as_deref().map(Next::Cursor));
    }
    Ok(json(&Answer {
        from: Time(range.from),
        to: Time(range.until),
        truncated,
        gaps: gaps.collect(),
        cursor,
    }))
}

/// Where the page before ended, if there was one.
pub(crate) fn place(parameters: &Parameters) -> Result<Option<DevicePlace>, Problem> {
    let place = parameters.one("cursor")?.map(|text| {
        let place = text.parse::<DevicePlace>();
        place.map_err(|error| bad("cursor", &format!("'{}' {error}", cut(text))))
    });
    place.transpose()
}

/// Refuses names that neither the configuration nor the store knows.
async fn check(api: &Api, query: &GapsQuery) -> Result<(), Problem> {
    let directory = &api.state.directory;
    let is_known = |name: &&String| directory.find_device(name).is_none();
    let devices: Vec<String> = query.devices.iter().filter(is_known).cloned().collect();
    let is_known = |name: &&String| directory.find_point(name).is_none();
    let points: Vec<String> = query.points.iter().filter(is_known).cloned().collect();
    if devices.is_empty() && points.is_empty() {
        return Ok(());
    }
    let strangers = PointsQuery { devices, points };
    let stored = api.state.store.points(&strangers).await?;
    let no_device = |name: &&String| stored.iter().all(|row| row.device != **name);
    let no_point = |name: &&String| stored.iter().all(|row| row.point != **name);
    let device = strangers
        .devices
        .iter()
        .find(no_device)
        .map(|name| ("device", name));
    let point = || {
        strangers
            .points
            .iter()
            .find(no_point)
            .map(|name| ("point", name))
    };
    match device.or_else(point) {
        None => Ok(()),
        Some((what, name)) => {
            let detail = format!(
                "no {what} '{}' is configured, nor does the store know it; see /api/v1/devices",
                cut(name)
            );
            Err(Problem::new(Kind::NotFound, detail))
        }
    }
}
