//! `GET /api/v1/layouts`: which points are read and kept together.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use gridos_model::{DeviceEntry, Layout};
use serde::Serialize;
use utoipa::ToSchema;

use crate::aside::aside;
use crate::body::json;
use crate::form::{Accept, Next, Row};
use crate::latest::unknown;
use crate::parameters::{Parameters, bad, cut};
use crate::problem::{Kind, Problem, ProblemAnswer};
use crate::state::{Api, ApiState};

const ROWS_DEFAULT: usize = 1_000;
const ROWS_MAX: usize = 10_000;

#[derive(Serialize, ToSchema)]
#[schema(as = LayoutList)]
struct Layouts<'a> {
    /// By id.
    layouts: Vec<LayoutHead<'a>>,
    /// To be given as `after` for the next page; null if this is the last.
    next: Option<String>,
}

/// One layout without its points.
#[derive(Serialize, ToSchema)]
#[schema(as = Layout)]
pub(crate) struct LayoutHead<'a> {
    /// The number by which the journal and the database know it, as text.
    id: String,
    device: &'a str,
    /// `whole`: all points of the device; `group`: those that are read together.
    kind: &'static str,
    points: usize,
    /// How often it is read; null if nobody polls it as one.
    period_seconds: Option<f64>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = OneLayout)]
struct One<'a> {
    #[serde(flatten)]
    layout: LayoutHead<'a>,
    /// In the order of the columns, from the position that was asked for.
    positions: Vec<Position<'a>>,
    /// To be given as `after` for what follows; null if these are the last.
    next: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = LayoutPosition)]
struct Position<'a> {
    position: usize,
    point: String,
    name: &'a str,
    unit: &'a str,
    /// Whether its readings are texts.
    is_text: bool,
}

impl Row for LayoutHead<'_> {
    const COLUMNS: &'static [&'static str] = &["id", "device", "kind", "points", "period_seconds"];
}

impl Row for Position<'_> {
    const COLUMNS: &'static [&'static str] = &["position", "point", "name", "unit", "is_text"];
}

/// Layouts by id: which points are read and kept together.
#[utoipa::path(
    get,
    path = "/api/v1/layouts",
    tag = "devices",
    operation_id = "layouts",
    params(
        ("device" = Option<String>, Query, description = "Only layouts of this device"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 10000, description = "The most rows; 1000 unless given"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, content((Layouts = "application/json"), (String = "application/x-ndjson"), (String = "text/csv")), description = "A page of the layouts"),
        (status = 400, response = ProblemAnswer),
        (status = 404, response = ProblemAnswer),
    ),
    security(("token" = ["viewer"])),
)]
pub(crate) async fn layouts(
    State(api): State<Arc<Api>>,
    accept: Accept,
    parameters: Parameters,
) -> Result<Response, Problem> {
    accept.form()?;
    let parameters = parameters.only(&["device", "limit", "after"])?;
    let limit = parameters.number("limit", ROWS_DEFAULT, 1, ROWS_MAX)?;
    let after = parameters.one("after")?.map(|text| {
        let id = text.parse::<u64>();
        id.map_err(|_| bad("after", "is not 'next' of a page before"))
    });
    let after = after.transpose()?;
    let device = parameters.one("device")?.map(str::to_owned);
    aside(move || list(&api.state, &accept, device.as_deref(), after, limit)).await
}

fn list(
    state: &ApiState,
    accept: &Accept,
    device: Option<&str>,
    after: Option<u64>,
    limit: usize,
) -> Result<Response, Problem> {
    let found = device.map(|name| {
        let found = state.directory.find_device(name);
        found.ok_or_else(|| unknown("device", name))
    });
    let only = found.transpose()?;
    let wanted = state.directory.present();
    let wanted = wanted.filter(|(at, _)| only.is_none_or(|only| only == *at));
    let all = wanted.flat_map(|(_, entry)| heads_by_id(entry));
    let mut behind: Vec<_> = all
        .filter(|(id, _)| after.is_none_or(|after| *id > after))
        .collect();
    behind.sort_unstable_by_key(|(id, _)| *id);
    let has_more = behind.len() > limit;
    behind.truncate(limit);
    let last = behind.last().filter(|_| has_more);
    let next = last.map(|(id, _)| id.to_string());
    let layouts = behind
        .iter()
        .map(|(_, (layout, kind))| LayoutHead::new(state, layout, kind));
    if accept.wants_rows() {
        return accept.rows(layouts, next.as_deref().map(Next::After));
    }
    Ok(json(&Layouts {
        layouts: layouts.collect(),
        next,
    }))
}

/// One layout with its points, in the order of the columns.
#[utoipa::path(
    get,
    path = "/api/v1/layouts/{id}",
    tag = "devices",
    operation_id = "layout",
    params(
        ("id" = String, Path, description = "The layout's number"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 10000, description = "The most points; 1000 unless given"),
        ("after" = Option<String>, Query, description = "`next` of the points before"),
    ),
    responses(
        (status = 200, content((One = "application/json"), (String = "application/x-ndjson"), (String = "text/csv")), description = "The layout"),
        (status = 400, response = ProblemAnswer),
        (status = 404, response = ProblemAnswer),
    ),
    security(("token" = ["viewer"])),
)]
pub(crate) async fn layout(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    accept: Accept,
    parameters: Parameters,
) -> Result<Response, Problem> {
    accept.form()?;
    let parameters = parameters.only(&["limit", "after"])?;
    let limit = parameters.number("limit", ROWS_DEFAULT, 1, ROWS_MAX)?;
    let from = parameters.number("after", 0, 0, usize::MAX)?;
    let state = &api.state;
    let found = id.parse().ok().and_then(|id| find(state, id));
    let (layout, kind) = found.ok_or_else(|| {
        let detail = format!("no layout '{}' is in use; see /api/v1/layouts", cut(&id));
        Problem::new(Kind::NotFound, detail)
    })?;
    let positions = layout.points().iter().enumerate().skip(from).take(limit);
    let positions = positions.map(|(position, point)| Position {
        position,
        point: format!("{}.{}", layout.device(), point.name()),
        name: point.name(),
        unit: point.unit(),
        is_text: point.is_text(),
    });
    let next = from.saturating_add(limit);
    let next = (next < layout.len()).then(|| next.to_string());
    if accept.wants_rows() {
        return accept.rows(positions, next.as_deref().map(Next::After));
    }
    Ok(json(&One {
        layout: LayoutHead::new(state, layout, kind),
        positions: positions.collect(),
        next,
    }))
}

fn find(state: &ApiState, id: u64) -> Option<(&Arc<Layout>, &'static str)> {
    let mut entries = state.directory.present();
    entries.find_map(|(_, entry)| heads_by_id(entry).remove(&id))
}

/// The layouts of one device, each once: a group of all points is the whole.
fn heads_by_id(entry: &DeviceEntry) -> BTreeMap<u64, (&Arc<Layout>, &'static str)> {
    let groups = entry.groups().iter().map(|group| (group, "group"));
    let all = groups.chain([(entry.whole(), "whole")]);
    all.map(|(layout, kind)| (layout.id().raw(), (layout, kind)))
        .collect()
}

/// The layouts of one device: the whole one first.
pub(crate) fn heads<'a>(
    state: &'a ApiState,
    entry: &'a DeviceEntry,
) -> impl Iterator<Item = LayoutHead<'a>> {
    let whole = entry.whole();
    let groups = entry.groups().iter();
    let groups = groups.filter(|group| group.id() != whole.id());
    let all = std::iter::once((whole, "whole")).chain(groups.map(|group| (group, "group")));
    all.map(|(layout, kind)| LayoutHead::new(state, layout, kind))
}

impl<'a> LayoutHead<'a> {
    fn new(state: &ApiState, layout: &'a Layout, kind: &'static str) -> Self {
        // What is read together is read as often.
        let period = state.periods.get(layout.first());
        let is_read = !state
            .directory
            .device(layout.device_index())
            .groups()
            .is_empty();
        Self {
            id: layout.id().raw().to_string(),
            device: layout.device(),
            kind,
            points: layout.len(),
            period_seconds: period
                .filter(|_| is_read && kind == "group")
                .map(|period| period.as_secs_f64()),
        }
    }
}
