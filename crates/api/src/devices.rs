//! `GET /api/v1/devices`: how each device does, with its first values.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::response::Response;
use gridos_model::{DeviceEntry, Level, Point, PointId, Timestamp};
use gridos_telemetry::{DeviceState, DeviceStats};
use serde::Serialize;

use crate::body::{Time, json, now};
use crate::latest::{LatestReading, active_levels, latest_reading};
use crate::parameters::{Parameters, bad};
use crate::problem::Problem;
use crate::scans::{Scan, Seconds, scans, seconds};
use crate::state::{Api, ApiState};

const DEVICES_DEFAULT: usize = 1_000;
const DEVICES_MAX: usize = 10_000;
const VALUES_MAX: usize = 16;

#[derive(Serialize)]
struct Devices<'a> {
    /// The engine's clock, to reckon ages with.
    time: Time,
    /// Devices configured.
    total: usize,
    /// Devices that fit the question, of which `devices` shows a window.
    matching: usize,
    devices: Vec<Device<'a>>,
}

#[derive(Serialize)]
struct Device<'a> {
    name: &'a str,
    /// What it speaks.
    protocol: &'static str,
    state: &'static str,
    points: usize,
    /// Points that are not at their normal level.
    alarms: usize,
    readings: u64,
    polls: u64,
    failures: u64,
    overruns: u64,
    last_answer: Option<Time>,
    /// What last went wrong, also after it recovered.
    last_error: Option<String>,
    /// When that was.
    last_error_time: Option<Time>,
    /// Whether it kept failing and is asked more rarely until it answers.
    demoted: bool,
    /// The registers that it refuses to be read; empty if there is none.
    refused_registers: String,
    points_refused: u64,
    /// The first points that it has and the config does not; empty if there is none.
    unmapped_points: String,
    /// Values that came of such points.
    unmapped_values: u64,
    /// How far the times of its readings may be off.
    uncertainty: Seconds,
    /// One per scan class; none if it is not polled.
    scans: Vec<Scan>,
    values: Vec<LatestReading<'a>>,
}

/// Which devices are wanted.
enum Wanted {
    All,
    In(DeviceState),
    /// Down, or with an alarm.
    Abnormal,
}

/// Parameters: `q` (a part of the name), `state` (up, down, unknown, abnormal), `values` (how many
/// of each device's first points to show), `limit`, `offset`.
pub(crate) async fn devices(
    State(api): State<Arc<Api>>,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let parameters = parameters.only(&["q", "state", "values", "limit", "offset"])?;
    let limit = parameters.number("limit", DEVICES_DEFAULT, 1, DEVICES_MAX)?;
    let offset = parameters.number("offset", 0, 0, usize::MAX)?;
    let values = parameters.number("values", 0, 0, VALUES_MAX)?;
    let part = parameters.one("q")?.unwrap_or_default().to_lowercase();
    let wanted = wanted(&parameters)?;
    let state = &api.state;
    let levels = active_levels(state);
    let alarms = alarms_by_device(state, &levels);
    let entries = state
        .directory
        .devices()
        .iter()
        .zip(state.telemetry.devices.iter());
    let matching: Vec<_> = entries
        .enumerate()
        .filter(|(_, (entry, stats))| {
            let alarmed = alarms.contains_key(entry.name());
            wanted.includes(stats.state(), alarmed) && entry.name().to_lowercase().contains(&part)
        })
        .collect();
    let window = matching.iter().skip(offset).take(limit);
    let shown = window.map(|(at, (entry, stats))| Device {
        alarms: alarms.get(entry.name()).copied().unwrap_or(0),
        protocol: state.protocols.get(*at).copied().unwrap_or_default(),
        ..device(state, entry, stats, values, &levels)
    });
    Ok(json(&Devices {
        time: Time(now()),
        total: state.directory.devices().len(),
        matching: matching.len(),
        devices: shown.collect(),
    }))
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

fn alarms_by_device<'a>(
    state: &'a ApiState,
    levels: &HashMap<PointId, Level>,
) -> HashMap<&'a str, usize> {
    let mut counts = HashMap::new();
    for (at, _) in levels.keys().filter_map(|id| state.limits.find(*id)) {
        let device = state.directory.device(at.device).name();
        *counts.entry(device).or_default() += 1;
    }
    counts
}

fn device<'a>(
    state: &'a ApiState,
    entry: &'a DeviceEntry,
    stats: &DeviceStats,
    values: usize,
    levels: &HashMap<PointId, Level>,
) -> Device<'a> {
    let whole = entry.whole();
    // What is measured in a unit says more of a device than its switches and settings.
    let has_unit = |(_, point): &(u32, &Arc<Point>)| !point.unit().is_empty();
    let measured = (0..).zip(whole.points()).filter(has_unit);
    let others = (0..).zip(whole.points()).filter(|point| !has_unit(point));
    let chosen = measured.chain(others).take(values);
    let indices = chosen.map(|(position, _)| whole.first().offset(position));
    let points = indices.filter_map(|index| state.directory.locate(index));
    let now = Instant::now();
    let last_error = stats.last_error();
    Device {
        name: entry.name(),
        protocol: "",
        state: stats.state().label(),
        points: whole.len(),
        alarms: 0,
        readings: stats.readings.get(),
        polls: stats.polls.get(),
        failures: stats.failures.get(),
        overruns: stats.overruns.get(),
        last_answer: stats
            .last_answer()
            .map(|nanos| Time(Timestamp::from_nanos(nanos))),
        last_error: last_error.as_ref().map(|error| error.text.clone()),
        last_error_time: last_error.map(|error| Time(error.time.into())),
        demoted: stats.is_demoted(),
        refused_registers: stats.refused(),
        points_refused: stats.points_refused.get(),
        unmapped_points: stats.unmapped_points(),
        unmapped_values: stats.unmapped.get(),
        uncertainty: seconds(&stats.uncertainty, now),
        scans: scans(stats, now),
        values: points
            .filter_map(|at| latest_reading(state, at, levels))
            .collect(),
    }
}
