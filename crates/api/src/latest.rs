//! `GET /api/v1/scada/latest`: the latest reading of points, from the live view.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use gridos_model::{DeviceEntry, DeviceIndex, Level, PointId, PointRef, Quality};
use gridos_telemetry::DeviceState;
use serde::Serialize;

use crate::PointLimits;
use crate::body::{Flags, Time, finite, json, now};
use crate::parameters::{Parameters, bad, cut};
use crate::problem::{Kind, Problem};
use crate::state::{Api, ApiState};

const POINTS_DEFAULT: usize = 1_000;
const POINTS_MAX: usize = 10_000;

#[derive(Serialize)]
struct Latest<'a> {
    /// The engine's clock, to reckon ages with.
    time: Time,
    total: usize,
    readings: Vec<LatestReading<'a>>,
}

/// The latest reading of one point; value, time and quality are null if there was none yet. The
/// value of a text is null as well.
#[derive(Serialize)]
pub(crate) struct LatestReading<'a> {
    point: String,
    device: &'a str,
    name: &'a str,
    unit: &'a str,
    value: Option<f64>,
    /// Only of a point with texts: the latest one; null if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Option<String>>,
    /// What the value means, if the point has states.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'a str>,
    time: Option<Time>,
    quality: Option<Flags>,
    level: &'static str,
    limits: Option<ShownLimits>,
    /// How often it is read; null if its readings come when somebody posts them, or are texts, which
    /// come when they change.
    period_seconds: Option<f64>,
}

/// A point's limits as JSON; null is no limit.
#[derive(Serialize)]
pub(crate) struct ShownLimits {
    high_high: Option<f64>,
    high: Option<f64>,
    low: Option<f64>,
    low_low: Option<f64>,
    deadband: f64,
}

impl From<&PointLimits> for ShownLimits {
    fn from(limits: &PointLimits) -> Self {
        let PointLimits {
            high_high,
            high,
            low,
            low_low,
            deadband,
        } = *limits;
        Self {
            high_high,
            high,
            low,
            low_low,
            deadband,
        }
    }
}

pub(crate) async fn latest(
    State(api): State<Arc<Api>>,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let parameters = parameters.only(&["point", "device", "limit", "offset"])?;
    let limit = parameters.number("limit", POINTS_DEFAULT, 1, POINTS_MAX)?;
    let offset = parameters.number("offset", 0, 0, usize::MAX)?;
    let state = &api.state;
    let points = asked(state, &parameters)?;
    let levels = active_levels(state);
    let window = points.iter().skip(offset).take(limit);
    let readings = window.filter_map(|at| latest_reading(state, *at, &levels));
    Ok(json(&Latest {
        time: Time(now()),
        total: points.len(),
        readings: readings.collect(),
    }))
}

/// The points named, then all points of the devices named.
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
    Ok(points)
}

fn unknown(what: &str, name: &str) -> Problem {
    let detail = format!(
        "no {what} '{}' is configured; see /api/v1/devices",
        cut(name)
    );
    Problem::new(Kind::NotFound, detail)
}

/// The levels of all points that are not normal.
pub(crate) fn active_levels(state: &ApiState) -> HashMap<PointId, Level> {
    let active = state.alarms.active();
    active
        .into_iter()
        .map(|alarm| (alarm.last.point, alarm.last.to))
        .collect()
}

/// The latest reading of the point at `at`; `None` if it is not of this directory.
pub(crate) fn latest_reading<'a>(
    state: &'a ApiState,
    at: PointRef,
    levels: &HashMap<PointId, Level>,
) -> Option<LatestReading<'a>> {
    let layout = state.directory.device(at.device).whole();
    let position = at.position as usize;
    let point = layout.points().get(position)?;
    let level = levels
        .get(&layout.point_id(position)?)
        .copied()
        .unwrap_or_default();
    let reading = state.live.get(at.device.get(), at.index);
    let text = point.is_text().then(|| state.live.text(at.index));
    let text = text.as_ref().map(Option::as_ref);
    let (time, quality) = match text {
        Some(text) => (text.map(|text| text.time), text.map(|text| text.quality)),
        None => (reading.map(|own| own.time), reading.map(|own| own.quality)),
    };
    let lost = lost_with_its_device(state, at.device);
    Some(LatestReading {
        point: format!("{}.{}", layout.device(), point.name()),
        device: layout.device(),
        name: point.name(),
        unit: point.unit(),
        value: reading.and_then(|reading| finite(reading.value)),
        text: text.map(|text| shown_text(&text?.text, text?.quality).map(str::to_owned)),
        state: reading.and_then(|reading| state.states.text(at.index, reading.value)),
        time: time.map(Time),
        quality: quality.map(|quality| Flags(quality | lost)),
        level: level.name(),
        limits: state.limits.get(at.index).map(ShownLimits::from),
        period_seconds: state
            .periods
            .get(at.index)
            .map(|period| period.as_secs_f64()),
    })
}

/// The text, or null if it is none: then its quality says why.
pub(crate) fn shown_text(text: &str, quality: Quality) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty() || !quality.is_bad())
}

/// Whether the engine asks the device; otherwise its readings are posted.
pub(crate) fn is_polled(device: &DeviceEntry) -> bool {
    !device.groups().is_empty()
}

/// What is known against the last readings of a device because it does not answer.
fn lost_with_its_device(state: &ApiState, device: DeviceIndex) -> Quality {
    let stats = state.telemetry.devices.get(device.get());
    let is_down = stats.is_some_and(|stats| stats.state() == DeviceState::Down);
    if is_down && is_polled(state.directory.device(device)) {
        Quality::COMM_LOST
    } else {
        Quality::GOOD
    }
}
