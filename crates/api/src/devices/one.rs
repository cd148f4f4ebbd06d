//! `GET /api/v1/devices/{name}`: one device with its points, scans and last errors.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Path, State};
use axum::response::Response;
use gridos_telemetry::Trouble;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Device, alarms_by_device};
use crate::aside::aside;
use crate::body::{Time, json, now};
use crate::latest::unknown;
use crate::layouts::{LayoutHead, heads};
use crate::parameters::Parameters;
use crate::points::{Place, ShownPoint, page_of_device};
use crate::problem::{Problem, ProblemAnswer};
use crate::scans::{Scan, scans};
use crate::state::{Api, ApiState};

const POINTS_DEFAULT: usize = 1_000;
const POINTS_MAX: usize = 10_000;

#[derive(Serialize, ToSchema)]
#[schema(as = OneDevice)]
struct One<'a> {
    /// The engine's clock, to reckon ages with.
    time: Time,
    #[serde(flatten)]
    device: Device<'a>,
    /// What is read together.
    layouts: Vec<LayoutHead<'a>>,
    /// One per scan class; none if it is not polled.
    scans: Vec<Scan>,
    /// The last 16 things that went wrong, the newest first, also after it recovered.
    errors: Vec<ShownTrouble>,
    /// Its points by name, with their values.
    values: Vec<ShownPoint<'a>>,
    /// To be given as `after` for its further points; null if these are the last.
    next: Option<String>,
}

/// Something that went wrong, as often as it did in a row.
#[derive(Serialize, ToSchema)]
#[schema(as = DeviceError)]
struct ShownTrouble {
    text: String,
    /// When it was noted first.
    since: Time,
    /// When it was noted last.
    time: Time,
    count: u64,
}

impl From<Trouble> for ShownTrouble {
    fn from(trouble: Trouble) -> Self {
        Self {
            text: trouble.text,
            since: Time(trouble.since.into()),
            time: Time(trouble.time.into()),
            count: trouble.count,
        }
    }
}

/// One device with its points, scans and last errors.
#[utoipa::path(
    get,
    path = "/api/v1/devices/{name}",
    tag = "devices",
    operation_id = "device",
    params(
        ("name" = String, Path, description = "The device's name"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 10000, description = "The most points; 1000 unless given"),
        ("after" = Option<String>, Query, description = "`next` of the points before"),
    ),
    responses(
        (status = 200, body = One, description = "The device"),
        (status = 400, response = ProblemAnswer),
        (status = 404, response = ProblemAnswer),
    ),
    security(("token" = ["viewer"])),
)]
pub(crate) async fn device(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let parameters = parameters.only(&["limit", "after"])?;
    let limit = parameters.number("limit", POINTS_DEFAULT, 1, POINTS_MAX)?;
    let after = Place::asked(&parameters)?;
    aside(move || answer(&api.state, &name, limit, after.as_ref())).await
}

fn answer(
    state: &ApiState,
    name: &str,
    limit: usize,
    after: Option<&Place>,
) -> Result<Response, Problem> {
    let found = state.directory.find_device(name);
    let stats = found.and_then(|at| Some((at, state.telemetry.devices.get(at.get())?)));
    let (at, stats) = stats.ok_or_else(|| unknown("device", name))?;
    let now_mono = Instant::now();
    let page = page_of_device(state, at, limit, after);
    Ok(json(&One {
        time: Time(now()),
        device: Device::new(state, at, &stats, &alarms_by_device(state), now_mono),
        layouts: heads(state, state.directory.device(at)).collect(),
        scans: scans(&stats, now_mono),
        errors: stats.last_errors().into_iter().map(Into::into).collect(),
        values: page.shown(state),
        next: page.next.clone(),
    }))
}
