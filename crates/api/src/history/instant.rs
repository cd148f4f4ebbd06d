//! `GET /api/v1/scada/at`: all points of a device as they were at an instant.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use gridos_model::Timestamp;
use gridos_store::{Instant, InstantQuery, PointsQuery, ReadingRow, TextRow};
use serde::Serialize;
use utoipa::ToSchema;

use crate::body::{Flags, Number, Time, json, now};
use crate::instant::parse_span;
use crate::parameters::{Parameters, bad, cut};
use crate::problem::ProblemAnswer;
use crate::problem::{Kind, Problem};
use crate::state::Api;
use crate::value::shown_text;

const LOOK_BACK_DEFAULT: Duration = Duration::from_secs(24 * 3_600);
const LOOK_BACK_MAX: Duration = Duration::from_secs(31 * 24 * 3_600);

#[derive(Serialize, ToSchema)]
#[schema(as = DeviceThen)]
struct Answer {
    device: String,
    at: Time,
    look_back_seconds: u64,
    points: Vec<PointThen>,
}

/// The last reading of a point at the instant or before; value, time, age and quality are null if
/// there was none within the look-back. A text may be of any age.
#[derive(Serialize, ToSchema)]
struct PointThen {
    point: String,
    unit: String,
    value: Option<Number>,
    /// Only of a text; null if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Option<String>>,
    /// What the value means, if the point has states.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    time: Option<Time>,
    age_seconds: Option<f64>,
    quality: Option<Flags>,
}

/// The values of points at one instant.
#[utoipa::path(
    get,
    path = "/api/v1/scada/at",
    tag = "readings",
    operation_id = "device_at",
    params(
        ("device" = String, Query, description = "The device"),
        ("at" = Option<String>, Query, description = "The instant; now unless given"),
        ("look_back" = Option<String>, Query, description = "How old a reading may be, 1s to 31d; 24 h unless given"),
    ),
    responses(
        (status = 200, body = Answer, description = "All points of the device as they were"),
        (status = 400, response = ProblemAnswer),
        (status = 404, response = ProblemAnswer),
        (status = 503, response = ProblemAnswer),
        (status = 504, response = ProblemAnswer),
    ),
    security(("token" = ["viewer"])),
)]
pub(crate) async fn at(
    State(api): State<Arc<Api>>,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let parameters = parameters.only(&["device", "at", "look_back"])?;
    let now = now();
    let device = parameters.one("device")?;
    let query = InstantQuery {
        device: device
            .ok_or_else(|| bad("device", "must be given"))?
            .to_owned(),
        at: parameters.instant("at", now)?.unwrap_or(now),
        look_back: look_back(&parameters)?,
    };
    let _turn = api.questions.acquire().await;
    let points = points(&api, &query.device).await?;
    let found = api.state.store.instant(&query).await?;
    let look_back_seconds = query.look_back.as_secs();
    Ok(json(&Answer {
        points: shown(&api, points, found, query.at),
        device: query.device,
        at: Time(query.at),
        look_back_seconds,
    }))
}

fn look_back(parameters: &Parameters) -> Result<Duration, Problem> {
    let Some(text) = parameters.one("look_back")? else {
        return Ok(LOOK_BACK_DEFAULT);
    };
    let fits = |span: &Duration| (Duration::from_secs(1)..=LOOK_BACK_MAX).contains(span);
    parse_span(text).filter(fits).ok_or_else(|| {
        let what = format!("'{}' must be a time from 1s to 31d", cut(text));
        bad("look_back", &what)
    })
}

/// A point of the device.
struct Named {
    /// The full name.
    point: String,
    unit: String,
    is_text: bool,
}

/// The device's points: as configured, or else as the store knows them.
async fn points(api: &Api, device: &str) -> Result<Vec<Named>, Problem> {
    let directory = &api.state.directory;
    if let Some(index) = directory.find_device(device) {
        let points = directory.device(index).whole().points().iter();
        let named = points.map(|point| Named {
            point: format!("{device}.{}", point.name()),
            unit: point.unit().to_owned(),
            is_text: point.is_text(),
        });
        return Ok(named.collect());
    }
    let query = PointsQuery {
        devices: vec![device.to_owned()],
        ..PointsQuery::default()
    };
    let rows = api.state.store.points(&query).await?;
    if rows.is_empty() {
        let detail = format!(
            "no device '{}' is configured, nor does the store know it; see /api/v1/devices",
            cut(device)
        );
        return Err(Problem::new(Kind::NotFound, detail));
    }
    let named = rows.into_iter().map(|row| Named {
        point: row.point,
        unit: row.unit,
        is_text: false,
    });
    Ok(named.collect())
}

/// All points, with what was found of them.
fn shown(api: &Api, points: Vec<Named>, found: Instant, at: Timestamp) -> Vec<PointThen> {
    let readings = found
        .readings
        .into_iter()
        .map(|row| (row.point.clone(), row));
    let mut readings: HashMap<String, ReadingRow> = readings.collect();
    let texts = found.texts.into_iter().map(|row| (row.point.clone(), row));
    let mut texts: HashMap<String, TextRow> = texts.collect();
    let point = |Named {
                     point,
                     unit,
                     is_text,
                 }: Named| {
        let (reading, text) = (readings.remove(&point), texts.remove(&point));
        let place = api.state.directory.find_point(&point);
        let state = reading.as_ref().zip(place).and_then(|(row, place)| {
            let text = api.state.states.text(place.index, row.value?)?;
            Some(text.to_owned())
        });
        let of_reading = reading.as_ref().map(|row| (row.time, row.quality));
        let known = of_reading.or_else(|| text.as_ref().map(|row| (row.time, row.quality)));
        PointThen {
            point,
            unit,
            value: reading.and_then(|row| row.value).map(Number),
            text: (is_text || text.is_some()).then(|| {
                let text = text.as_ref()?;
                shown_text(&text.text, text.quality).map(str::to_owned)
            }),
            state,
            time: known.map(|(time, _)| Time(time)),
            age_seconds: known.map(|(time, _)| at.since(time).as_secs_f64()),
            quality: known.map(|(_, quality)| Flags(quality)),
        }
    };
    points.into_iter().map(point).collect()
}
