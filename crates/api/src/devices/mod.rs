//! `GET /api/v1/devices`: how each device does, with its first values.

pub(crate) mod one;
mod order;
mod shown;

use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::response::Response;
use gridos_model::{DeviceEntry, DeviceIndex, Point, PointRef};
use gridos_telemetry::{DeviceState, DeviceStats};
use serde::Serialize;
use utoipa::ToSchema;

use self::order::{Order, Place};
pub(crate) use self::shown::{Device, alarms_by_device};
use crate::aside::aside;
use crate::body::{Time, json, now};
use crate::form::{self, Accept, Next};
use crate::latest::{LatestReading, known, latest_reading};
use crate::parameters::{Parameters, bad};
use crate::problem::{Problem, ProblemAnswer};
use crate::scans::{Scan, scans};
use crate::state::{Api, ApiState};
use crate::value::Known;

const DEVICES_DEFAULT: usize = 1_000;
const DEVICES_MAX: usize = 10_000;
const VALUES_MAX: usize = 16;

#[derive(Serialize, ToSchema)]
#[schema(as = DeviceList)]
struct Devices<'a> {
    /// The engine's clock, to reckon ages with.
    time: Time,
    /// Devices configured.
    total: usize,
    /// Devices that fit the question, of which `devices` shows a page.
    matching: usize,
    devices: Vec<Listed<'a>>,
    /// To be given as `after` for the next page; null if this is the last.
    next: Option<String>,
}

/// A device of the list.
#[derive(Serialize, ToSchema)]
#[schema(as = ListedDevice)]
struct Listed<'a> {
    #[serde(flatten)]
    device: Device<'a>,
    /// One per scan class; none if it is not polled.
    scans: Vec<Scan>,
    values: Vec<LatestReading<'a>>,
}

impl form::Row for Listed<'_> {
    const COLUMNS: &'static [&'static str] = &[
        "name",
        "protocol",
        "state",
        "points",
        "alarms",
        "load",
        "readings",
        "polls",
        "failures",
        "overruns",
        "last_answer",
        "last_error",
        "last_error_time",
        "demoted",
    ];
}

/// Which devices are wanted.
enum Wanted {
    All,
    In(DeviceState),
    /// Down, or with an alarm.
    Abnormal,
}

struct Asked {
    part: String,
    wanted: Wanted,
    order: Order,
    after: Option<Place<'static>>,
    offset: usize,
    limit: usize,
    values: usize,
}

/// Devices: how each one does, with its first values.
///
/// Parameters: `q` (a part of the name), `state` (up, down, unknown, abnormal), `sort` (name, state,
/// load, last_error), `values` (how many of each device's first points to show), `limit`, and `after`
/// (`next` of the page before) or `offset`.
#[utoipa::path(
    get,
    path = "/api/v1/devices",
    tag = "devices",
    operation_id = "devices",
    params(
        ("q" = Option<String>, Query, description = "A part of the name, in any case"),
        ("state" = Option<String>, Query, description = "all, abnormal (down, or with an alarm), up, down or unknown"),
        ("sort" = Option<String>, Query, description = "name (unless given), state, load or last_error"),
        ("values" = Option<u32>, Query, maximum = 16, description = "How many of each device's first points to show; none unless given"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 10000, description = "The most rows; 1000 unless given"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("offset" = Option<u64>, Query, description = "Rows to leave out at the beginning; not with `after`"),
    ),
    responses(
        (status = 200, content((Devices = "application/json"), (String = "application/x-ndjson"), (String = "text/csv")), description = "A page of the devices that fit"),
        (status = 400, response = ProblemAnswer),
    ),
    security(("token" = ["viewer"])),
)]
pub(crate) async fn devices(
    State(api): State<Arc<Api>>,
    accept: Accept,
    parameters: Parameters,
) -> Result<Response, Problem> {
    accept.form()?;
    let asked = Asked::of(parameters)?;
    aside(move || list(&api.state, &accept, &asked)).await
}

impl Asked {
    fn of(parameters: Parameters) -> Result<Self, Problem> {
        let known = ["q", "state", "sort", "values", "limit", "after", "offset"];
        let parameters = parameters.only(&known)?;
        let order = match parameters.one("sort")? {
            None => Order::default(),
            Some(name) => Order::of_name(name)
                .ok_or_else(|| bad("sort", "must be name, state, load or last_error"))?,
        };
        let after = parameters.one("after")?.map(|text| {
            let place = text.parse().ok();
            let fits = place.filter(|place: &Place<'_>| place.order() == order);
            fits.ok_or_else(|| bad("after", "is not 'next' of a page before, in the same order"))
        });
        let after = after.transpose()?;
        let offset = parameters.number("offset", 0, 0, usize::MAX)?;
        if after.is_some() && offset > 0 {
            return Err(bad("offset", "and 'after' exclude each other"));
        }
        Ok(Self {
            part: parameters.one("q")?.unwrap_or_default().to_lowercase(),
            wanted: wanted(&parameters)?,
            order,
            after,
            offset,
            limit: parameters.number("limit", DEVICES_DEFAULT, 1, DEVICES_MAX)?,
            values: parameters.number("values", 0, 0, VALUES_MAX)?,
        })
    }
}

fn wanted(parameters: &Parameters) -> Result<Wanted, Problem> {
    Ok(match parameters.one("state")? {
        None | Some("all") => Wanted::All,
        Some("abnormal") => Wanted::Abnormal,
        Some(label) => {
            let states = DeviceState::ALL.iter();
            let state = states.copied().find(|state| state.label() == label);
            Wanted::In(
                state.ok_or_else(|| bad("state", "must be all, abnormal, up, down or unknown"))?,
            )
        }
    })
}

impl Wanted {
    fn includes(&self, state: DeviceState, alarmed: bool) -> bool {
        match self {
            Self::All => true,
            Self::In(wanted) => state == *wanted,
            Self::Abnormal => alarmed || state == DeviceState::Down,
        }
    }
}

/// A device that fits, and where it stands in the order.
type Row<'a> = (Place<'a>, DeviceIndex, Arc<DeviceStats>);

fn list(state: &ApiState, accept: &Accept, asked: &Asked) -> Result<Response, Problem> {
    let now_mono = Instant::now();
    let alarms = alarms_by_device(state);
    let mut matching = 0;
    let mut rows: Vec<Row<'_>> = Vec::new();
    for (at, entry, stats) in present(state) {
        let is_wanted = asked
            .wanted
            .includes(stats.state(), alarms.contains_key(&at));
        if !is_wanted || !entry.name().to_lowercase().contains(&asked.part) {
            continue;
        }
        matching += 1;
        let place = asked.order.place(entry.name(), &stats, now_mono);
        if asked.after.as_ref().is_none_or(|after| place > *after) {
            rows.push((place, at, stats));
        }
    }
    let end = asked.offset.saturating_add(asked.limit);
    let has_more = rows.len() > end;
    if has_more {
        // Only the page is put in order.
        rows.select_nth_unstable_by(end, |(a, ..), (b, ..)| a.cmp(b));
        rows.truncate(end);
    }
    rows.sort_unstable_by(|(a, ..), (b, ..)| a.cmp(b));
    let page = rows.get(asked.offset..).unwrap_or_default();
    let first = page
        .iter()
        .map(|(_, at, _)| first_points(state, *at, asked.values));
    let known: Vec<_> = first.map(|points| known(state, points)).collect();
    let devices = page
        .iter()
        .zip(&known)
        .map(|((_, at, stats), known)| Listed {
            device: Device::new(state, *at, stats, &alarms, now_mono),
            scans: scans(stats, now_mono),
            values: shown(state, known),
        });
    let last = page.last().filter(|_| has_more);
    let next = last.map(|(place, ..)| place.to_string());
    if accept.wants_rows() {
        return accept.rows(devices, next.as_deref().map(Next::After));
    }
    Ok(json(&Devices {
        time: Time(now()),
        total: state.directory.device_count(),
        matching,
        devices: devices.collect(),
        next,
    }))
}

/// All devices, with how they do.
fn present(
    state: &ApiState,
) -> impl Iterator<Item = (DeviceIndex, &DeviceEntry, Arc<DeviceStats>)> {
    let entries = state.directory.present();
    entries.filter_map(|(at, entry)| Some((at, entry, state.telemetry.devices.get(at.get())?)))
}

fn shown<'a>(state: &'a ApiState, known: &'a [(PointRef, Known)]) -> Vec<LatestReading<'a>> {
    let readings = known.iter();
    readings
        .filter_map(|(at, known)| latest_reading(state, *at, known))
        .collect()
}

/// The first points of a device: what is measured in a unit says more of it than its switches and
/// settings.
fn first_points(
    state: &ApiState,
    device: DeviceIndex,
    count: usize,
) -> impl Iterator<Item = PointRef> {
    let whole = state.directory.device(device).whole();
    let has_unit = |(_, point): &(u32, &Point)| !point.unit().is_empty();
    let measured = (0..).zip(whole.points()).filter(has_unit);
    let others = (0..)
        .zip(whole.points())
        .filter(move |point| !has_unit(point));
    let chosen = measured.chain(others).take(count);
    chosen.map(move |(position, _)| PointRef {
        device,
        position,
        index: whole.first().offset(position),
    })
}
