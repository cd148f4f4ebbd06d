//! `GET /api/v1/points`: what is measured, what it belongs to, and its value now.

mod search;

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use gridos_model::{DeviceIndex, PointRef};
use serde::Serialize;
use utoipa::ToSchema;

use self::search::Search;
use crate::aside::aside;
use crate::body::{Time, json, now};
use crate::form::{Accept, Next, Row};
use crate::latest::{LatestReading, known, latest_reading, unknown};
use crate::parameters::{Parameters, bad};
use crate::problem::{Problem, ProblemAnswer};
use crate::state::{Api, ApiState};
use crate::value::Known;

const POINTS_DEFAULT: usize = 1_000;
const POINTS_MAX: usize = 10_000;

#[derive(Serialize, ToSchema)]
#[schema(as = PointList)]
struct Points<'a> {
    /// The engine's clock, to reckon ages with.
    time: Time,
    /// Points configured, of the device if one is asked for.
    total: usize,
    /// By device and name.
    points: Vec<ShownPoint<'a>>,
    /// To be given as `after` for the next page; null if this is the last.
    next: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = OnePoint)]
struct One<'a> {
    /// The engine's clock, to reckon ages with.
    time: Time,
    #[serde(flatten)]
    point: ShownPoint<'a>,
}

/// One point with its value now.
#[derive(Serialize, ToSchema)]
#[schema(as = Point)]
pub(crate) struct ShownPoint<'a> {
    #[serde(flatten)]
    reading: LatestReading<'a>,
    /// The ids of the layouts that it is in.
    layouts: Vec<String>,
}

impl Row for ShownPoint<'_> {
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
        "layouts",
    ];
}

impl<'a> ShownPoint<'a> {
    fn new(state: &'a ApiState, at: PointRef, known: &'a Known) -> Option<Self> {
        let device = state.directory.device(at.device);
        let whole = device.whole();
        let index = at.index.get();
        let groups = device.groups().iter();
        let own = groups.filter(|group| {
            let first = group.first().get();
            group.id() != whole.id() && (first..first + group.len()).contains(&index)
        });
        let layouts = std::iter::once(whole).chain(own);
        Some(Self {
            reading: latest_reading(state, at, known)?,
            layouts: layouts
                .map(|layout| layout.id().raw().to_string())
                .collect(),
        })
    }
}

/// The point where a page ends: a device and a point of it. What comes behind it comes next, whatever
/// was added or taken away meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    device: String,
    point: String,
}

impl Place {
    /// That of the parameter `after`, if it is given.
    pub(crate) fn asked(parameters: &Parameters) -> Result<Option<Self>, Problem> {
        let place = parameters.one("after")?.map(|text| {
            let (device, point) = text.rsplit_once('.')?;
            let (device, point) = (device.to_owned(), point.to_owned());
            Some(Self { device, point })
        });
        match place {
            Some(None) => Err(bad("after", "is not 'next' of a page before")),
            place => Ok(place.flatten()),
        }
    }
}

/// Some points in their order, with what is known of them.
pub(crate) struct Page {
    known: Vec<(PointRef, Known)>,
    /// Where it ends, if there is more.
    pub(crate) next: Option<String>,
}

impl Page {
    fn of(state: &ApiState, mut points: Vec<PointRef>, limit: usize) -> Self {
        let has_more = points.len() > limit;
        points.truncate(limit);
        let last = points.last().filter(|_| has_more);
        Self {
            next: last.and_then(|at| state.directory.point_name(at.index)),
            known: known(state, points),
        }
    }

    /// As it is shown.
    pub(crate) fn shown<'a>(&'a self, state: &'a ApiState) -> Vec<ShownPoint<'a>> {
        let points = self.known.iter();
        points
            .filter_map(|(at, known)| ShownPoint::new(state, *at, known))
            .collect()
    }
}

/// Points of one device by their names.
pub(crate) fn page_of_device(
    state: &ApiState,
    device: DeviceIndex,
    limit: usize,
    after: Option<&Place>,
) -> Page {
    let search = Search::new(&state.directory, "", after, limit + 1);
    Page::of(state, search.of_device(device), limit)
}

/// Points by device and name, with their values now.
#[utoipa::path(
    get,
    path = "/api/v1/points",
    tag = "devices",
    operation_id = "points",
    params(
        ("q" = Option<String>, Query, description = "A part of the full name, in any case"),
        ("device" = Option<String>, Query, description = "Only points of this device"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 10000, description = "The most rows; 1000 unless given"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, content((Points = "application/json"), (String = "application/x-ndjson"), (String = "text/csv")), description = "A page of the points that fit"),
        (status = 400, response = ProblemAnswer),
        (status = 404, response = ProblemAnswer),
    ),
    security(("token" = ["viewer"])),
)]
pub(crate) async fn points(
    State(api): State<Arc<Api>>,
    accept: Accept,
    parameters: Parameters,
) -> Result<Response, Problem> {
    accept.form()?;
    let parameters = parameters.only(&["q", "device", "limit", "after"])?;
    let limit = parameters.number("limit", POINTS_DEFAULT, 1, POINTS_MAX)?;
    let after = Place::asked(&parameters)?;
    let part = parameters.one("q")?.unwrap_or_default().to_lowercase();
    let asked = Asked {
        part,
        device: parameters.one("device")?.map(str::to_owned),
        after,
        limit,
    };
    aside(move || list(&api.state, &accept, &asked)).await
}

/// Which page of which points is wanted.
struct Asked {
    part: String,
    device: Option<String>,
    after: Option<Place>,
    limit: usize,
}

fn list(state: &ApiState, accept: &Accept, asked: &Asked) -> Result<Response, Problem> {
    let directory = &state.directory;
    let (after, limit) = (asked.after.as_ref(), asked.limit);
    let search = Search::new(directory, &asked.part, after, limit + 1);
    let (total, found) = match &asked.device {
        Some(name) => {
            let found = directory.find_device(name);
            let at = found.ok_or_else(|| unknown("device", name))?;
            (directory.device(at).whole().len(), search.of_device(at))
        }
        None => (directory.point_count(), search.of_all()),
    };
    let page = Page::of(state, found, limit);
    if accept.wants_rows() {
        return accept.rows(page.shown(state), page.next.as_deref().map(Next::After));
    }
    Ok(json(&Points {
        time: Time(now()),
        total,
        points: page.shown(state),
        next: page.next.clone(),
    }))
}

/// One point with its value now.
#[utoipa::path(
    get,
    path = "/api/v1/points/{name}",
    tag = "devices",
    operation_id = "point",
    params(
        ("name" = String, Path, description = "The full name, DEVICE.POINT"),
    ),
    responses(
        (status = 200, body = One, description = "The point"),
        (status = 400, response = ProblemAnswer),
        (status = 404, response = ProblemAnswer),
    ),
    security(("token" = ["viewer"])),
)]
pub(crate) async fn point(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
    parameters: Parameters,
) -> Result<Response, Problem> {
    parameters.only(&[])?;
    let state = &api.state;
    let found = state.directory.find_point(&name);
    let known = known(state, found);
    let (at, known) = known.first().ok_or_else(|| unknown("point", &name))?;
    let point = ShownPoint::new(state, *at, known).ok_or_else(|| unknown("point", &name))?;
    let time = Time(now());
    Ok(json(&One { time, point }))
}
