//! `GET /api/v1/alarms`, `…/history` and `…/thresholds`.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use gridos_pipeline::ActiveAlarm;
use gridos_store::AlarmsQuery;
use serde::Serialize;

use crate::body::{Flags, Time, finite, json, now};
use crate::history::Range;
use crate::latest::ShownLimits;
use crate::parameters::Parameters;
use crate::problem::Problem;
use crate::state::{Api, ApiState};

const SPAN_DEFAULT: Duration = Duration::from_secs(24 * 3_600);
const ROWS_DEFAULT: usize = 1_000;
const ROWS_MAX: usize = 10_000;

#[derive(Serialize)]
struct Active<'a> {
    /// The engine's clock, to reckon ages with.
    time: Time,
    total: usize,
    alarms: Vec<Alarm<'a>>,
}

/// One active alarm.
#[derive(Serialize)]
struct Alarm<'a> {
    /// `DEVICE.POINT`; null for a point that has no limits any more.
    point: Option<String>,
    /// The point's id; text, because a number of 63 bits is not exact in JavaScript.
    point_id: String,
    device: Option<&'a str>,
    unit: &'a str,
    level: &'static str,
    /// When the point left normal, at the source.
    since: Time,
    /// When it came to its present level, at the source.
    changed: Time,
    /// When the engine received the reading that brought it there.
    received: Time,
    /// That reading's value and quality.
    value: Option<f64>,
    quality: Flags,
    /// The limit of the present level.
    limit: Option<f64>,
    occurrence: u64,
}

/// The active alarms, the youngest change first.
pub(crate) async fn active(
    State(api): State<Arc<Api>>,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let parameters = parameters.only(&["limit"])?;
    let limit = parameters.number("limit", ROWS_DEFAULT, 1, ROWS_MAX)?;
    let active = api.state.alarms.active();
    let total = active.len();
    let alarms = active
        .iter()
        .take(limit)
        .map(|alarm| shown(&api.state, alarm))
        .collect();
    Ok(json(&Active {
        time: Time(now()),
        total,
        alarms,
    }))
}

fn shown<'a>(state: &'a ApiState, alarm: &ActiveAlarm) -> Alarm<'a> {
    let found = state.limits.find(alarm.last.point);
    let device = found.map(|(at, _)| state.directory.device(at.device));
    let unit = found.zip(device).and_then(|((at, _), device)| {
        device
            .whole()
            .points()
            .get(at.position as usize)
            .map(|point| point.unit())
    });
    Alarm {
        point: found.and_then(|(at, _)| state.directory.point_name(at.index)),
        point_id: alarm.last.point.to_string(),
        device: device.map(|device| device.name()),
        unit: unit.unwrap_or_default(),
        level: alarm.last.to.name(),
        since: Time(alarm.raised.time),
        changed: Time(alarm.last.time),
        received: Time(alarm.last.received),
        value: finite(alarm.last.value),
        quality: Flags(alarm.last.quality),
        limit: found.and_then(|(_, limits)| limits.of(alarm.last.to)),
        occurrence: alarm.last.occurrence,
    }
}

#[derive(Serialize)]
struct Transitions {
    from: Time,
    to: Time,
    /// Whether there are more in the range, older than those shown.
    truncated: bool,
    transitions: Vec<ShownTransition>,
}

#[derive(Serialize)]
struct ShownTransition {
    point: String,
    time: Time,
    from: &'static str,
    to: &'static str,
    value: Option<f64>,
    occurrence: u64,
}

/// Changes of level over a time range (24 h unless given), the youngest first.
pub(crate) async fn history(
    State(api): State<Arc<Api>>,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let parameters = parameters.only(&["point", "from", "to", "limit"])?;
    let range = Range::of(&parameters, now(), SPAN_DEFAULT)?;
    let limit = parameters.number("limit", ROWS_DEFAULT, 1, ROWS_MAX)?;
    let query = AlarmsQuery {
        point: parameters.one("point")?.map(str::to_owned),
        from: range.from,
        until: range.until,
        limit: limit + 1,
    };
    let rows = {
        let _turn = api.questions.acquire().await;
        api.state.store.alarms(&query).await?
    };
    let truncated = rows.len() > limit;
    let transitions = rows.into_iter().take(limit).map(|row| ShownTransition {
        point: row.point,
        time: Time(row.time),
        from: row.from.name(),
        to: row.to.name(),
        value: row.value,
        occurrence: row.occurrence,
    });
    Ok(json(&Transitions {
        from: Time(range.from),
        to: Time(range.until),
        truncated,
        transitions: transitions.collect(),
    }))
}

#[derive(Serialize)]
struct Thresholds {
    total: usize,
    thresholds: Vec<Threshold>,
}

#[derive(Serialize)]
struct Threshold {
    point: String,
    #[serde(flatten)]
    limits: ShownLimits,
}

/// The limits of all points that have any, as they are configured.
pub(crate) async fn thresholds(
    State(api): State<Arc<Api>>,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let parameters = parameters.only(&["limit", "offset"])?;
    let limit = parameters.number("limit", ROWS_DEFAULT, 1, ROWS_MAX)?;
    let offset = parameters.number("offset", 0, 0, usize::MAX)?;
    let book = &api.state.limits;
    let total = book.len();
    let window = book
        .iter()
        .skip(offset)
        .take(limit)
        .filter_map(|(at, limits)| {
            let point = api.state.directory.point_name(at.index)?;
            Some(Threshold {
                point,
                limits: limits.into(),
            })
        });
    Ok(json(&Thresholds {
        total,
        thresholds: window.collect(),
    }))
}
