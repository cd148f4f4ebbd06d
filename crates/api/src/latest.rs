//! `GET /api/v1/scada/latest`: the latest reading of points, from the live view.

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use gridos_alarm::{Condition, Limits};
use gridos_model::{AlarmId, AlarmKind, Level, PointRef};
use serde::Serialize;
use utoipa::ToSchema;

use crate::body::{Time, json, now};
use crate::form::{Accept, Next, Row};
use crate::parameters::{Parameters, bad, cut};
use crate::problem::ProblemAnswer;
use crate::problem::{Kind, Problem};
use crate::state::{Api, ApiState};
use crate::value::{Known, Value, active_levels};

const POINTS_DEFAULT: usize = 1_000;
const POINTS_MAX: usize = 10_000;

#[derive(Serialize, ToSchema)]
#[schema(as = LatestList)]
struct Latest<'a> {
    /// The engine's clock, to reckon ages with.
    time: Time,
    /// Points asked for, of which `readings` shows a page.
    total: usize,
    readings: Vec<LatestReading<'a>>,
    /// To be given for the next page; null if this is the last.
    cursor: Option<String>,
}

/// The latest reading of one point, and what the point is.
#[derive(Serialize, ToSchema)]
pub(crate) struct LatestReading<'a> {
    point: String,
    device: &'a str,
    name: &'a str,
    unit: &'a str,
    #[serde(flatten)]
    value: Value<'a>,
    limits: Option<ShownLimits>,
    /// How often it is read; null if its readings come when somebody posts them, or are texts, which
    /// come when they change.
    period_seconds: Option<f64>,
}

impl Row for LatestReading<'_> {
    const COLUMNS: &'static [&'static str] = &[
        "point",
        "unit",
        "value",
        "text",
        "state",
        "time",
        "quality",
        "level",
        "period_seconds",
    ];
}

/// A point's limits as JSON; null is no limit.
#[derive(Serialize, ToSchema)]
#[schema(as = Limits)]
struct ShownLimits {
    high_high: Option<f64>,
    high: Option<f64>,
    low: Option<f64>,
    low_low: Option<f64>,
    deadband: f64,
}

impl From<Limits> for ShownLimits {
    fn from(limits: Limits) -> Self {
        Self {
            high_high: limits.limit(Level::HighHigh),
            high: limits.limit(Level::High),
            low: limits.limit(Level::Low),
            low_low: limits.limit(Level::LowLow),
            deadband: limits.deadband(),
        }
    }
}

/// The latest reading of each point: of the points named, then of the devices named, each once.
#[utoipa::path(
    get,
    path = "/api/v1/scada/latest",
    tag = "readings",
    operation_id = "latest",
    params(
        ("point" = Option<Vec<String>>, Query, description = "DEVICE.POINT, any number of them"),
        ("device" = Option<Vec<String>>, Query, description = "All points of these devices"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 10000, description = "The most rows; 1000 unless given"),
        ("cursor" = Option<String>, Query, description = "The cursor of the page before, with the same points and devices"),
    ),
    responses(
        (status = 200, content((Latest = "application/json"), (String = "application/x-ndjson"), (String = "text/csv")), description = "The latest reading of each point"),
        (status = 400, response = ProblemAnswer),
        (status = 404, response = ProblemAnswer),
    ),
    security(("token" = ["viewer"])),
)]
pub(crate) async fn latest(
    State(api): State<Arc<Api>>,
    accept: Accept,
    parameters: Parameters,
) -> Result<Response, Problem> {
    accept.form()?;
    let parameters = parameters.only(&["point", "device", "limit", "cursor"])?;
    let limit = parameters.number("limit", POINTS_DEFAULT, 1, POINTS_MAX)?;
    let state = &api.state;
    let points = asked(state, &parameters)?;
    let behind = behind(state, &points, parameters.one("cursor")?)?;
    let page = &behind[..behind.len().min(limit)];
    let last = page.last().filter(|_| behind.len() > limit);
    let cursor = last.and_then(|at| state.directory.point_name(at.index));
    let known = known(state, page.iter().copied());
    let readings = known
        .iter()
        .filter_map(|(at, known)| latest_reading(state, *at, known));
    if accept.wants_rows() {
        return accept.rows(readings, cursor.as_deref().map(Next::Cursor));
    }
    Ok(json(&Latest {
        time: Time(now()),
        total: points.len(),
        readings: readings.collect(),
        cursor,
    }))
}

/// What comes behind the point that `cursor` names, or all: so a point that was added or taken away
/// before it moves nothing.
fn behind<'a>(
    state: &ApiState,
    points: &'a [PointRef],
    cursor: Option<&str>,
) -> Result<&'a [PointRef], Problem> {
    let Some(cursor) = cursor else {
        return Ok(points);
    };
    let last = state.directory.find_point(cursor);
    let last = last.and_then(|last| points.iter().position(|at| at.index == last.index));
    let rest = last.and_then(|last| points.get(last + 1..));
    rest.ok_or_else(|| {
        let what = format!(
            "'{}' is none of the points asked for, or not any more; begin again without it",
            cut(cursor)
        );
        bad("cursor", &what)
    })
}

/// The points named, then all points of the devices named, each once.
fn asked(state: &ApiState, parameters: &Parameters) -> Result<Vec<PointRef>, Problem> {
    let mut points = Vec::new();
    for name in parameters.all("point") {
        let found = state.directory.find_point(name);
        points.push(found.ok_or_else(|| unknown("point", name))?);
    }
    for name in parameters.all("device") {
        let found = state.directory.find_device(name);
        let device = state
            .directory
            .device(found.ok_or_else(|| unknown("device", name))?);
        let first = device.whole().first();
        let indices = (0..)
            .zip(device.whole().points())
            .map(|(n, _)| first.offset(n));
        points.extend(indices.filter_map(|index| state.directory.locate(index)));
    }
    if points.is_empty() {
        return Err(bad(
            "point or device",
            "must be given, as point=DEVICE.POINT or device=DEVICE",
        ));
    }
    let mut seen = HashSet::new();
    points.retain(|at| seen.insert(at.index));
    Ok(points)
}

pub(crate) fn unknown(what: &str, name: &str) -> Problem {
    let detail = format!(
        "no {what} '{}' is configured; see /api/v1/devices",
        cut(name)
    );
    Problem::new(Kind::NotFound, detail)
}

/// The limits of the point of that full name, if it has any.
fn limits(state: &ApiState, point: &str) -> Option<ShownLimits> {
    let entry = state.book.find(AlarmId::of(point, AlarmKind::Limit))?;
    match &entry.definition.condition {
        Condition::Limit(limits) if entry.definition.is_enabled => Some((*limits).into()),
        Condition::Limit(_)
        | Condition::Deviation { .. }
        | Condition::Rate { .. }
        | Condition::State(_)
        | Condition::Chatter(_)
        | Condition::Quality
        | Condition::Stale { .. }
        | Condition::Frozen { .. }
        | Condition::Link => None,
    }
}

/// The reading `known` of the point at `at`; `None` if it is not of this directory.
pub(crate) fn latest_reading<'a>(
    state: &'a ApiState,
    at: PointRef,
    known: &'a Known,
) -> Option<LatestReading<'a>> {
    let layout = state.directory.device(at.device).whole();
    let point = layout.points().get(at.position as usize)?;
    let name = format!("{}.{}", layout.device(), point.name());
    Some(LatestReading {
        device: layout.device(),
        name: point.name(),
        unit: point.unit(),
        value: known.shown(state, at.index),
        limits: limits(state, &name),
        point: name,
        period_seconds: state
            .periods
            .get(at.index)
            .map(|period| period.as_secs_f64()),
    })
}

/// What is known now of the points at `points`.
pub(crate) fn known(
    state: &ApiState,
    points: impl IntoIterator<Item = PointRef>,
) -> Vec<(PointRef, Known)> {
    let levels = active_levels(state);
    let known = |at: PointRef| {
        let point = state.directory.device(at.device).whole().points();
        let is_text = point
            .get(at.position as usize)
            .is_some_and(|point| point.is_text());
        (at, Known::now(state, at, is_text, &levels))
    };
    points.into_iter().map(known).collect()
}
