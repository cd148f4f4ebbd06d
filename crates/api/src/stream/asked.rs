//! What a client wants to follow.

use std::collections::HashSet;
use std::time::Duration;

use gridos_model::{DeviceIndex, PointIndex, PointRef};

use super::rows::Subject;
use crate::latest::unknown;
use crate::parameters::{Parameters, bad, cut};
use crate::problem::Problem;
use crate::state::ApiState;

/// The most names in one list.
const NAMES_MAX: usize = 500;
/// The most points of one client, those of `DEVICE.*` counted.
const POINTS_MAX: usize = 20_000;
/// How often changes are told at most: default, and from the shortest to the longest time.
const EVERY_DEFAULT: Duration = Duration::from_millis(250);
const EVERY_MAX: Duration = Duration::from_secs(10);

/// What is wanted, each thing once.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) points: Vec<Subject>,
    pub(super) devices: Vec<Subject>,
    pub(super) overview: bool,
    pub(super) every: Duration,
}

impl Asked {
    pub(super) fn of(state: &ApiState, parameters: Parameters) -> Result<Self, Problem> {
        let parameters = parameters.only(&["points", "devices", "overview", "every"])?;
        let asked = Self {
            points: points(state, &names(&parameters, "points")?)?,
            devices: devices(state, &names(&parameters, "devices")?)?,
            overview: parameters.flag("overview", false)?,
            every: every(&parameters)?,
        };
        if asked.points.is_empty() && asked.devices.is_empty() && !asked.overview {
            let what = "must be given, as points=DEVICE.POINT,DEVICE.*, devices=DEVICE or \
                        overview=true";
            return Err(bad("points, devices or overview", what));
        }
        Ok(asked)
    }
}

fn names<'a>(parameters: &'a Parameters, name: &str) -> Result<Vec<&'a str>, Problem> {
    let lists = parameters.all(name);
    let names: Vec<_> = lists
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .filter(|one| !one.is_empty())
        .collect();
    if names.len() > NAMES_MAX {
        let what = format!("has {} names; {NAMES_MAX} at most", names.len());
        return Err(bad(name, &what));
    }
    Ok(names)
}

fn points(state: &ApiState, names: &[&str]) -> Result<Vec<Subject>, Problem> {
    let directory = &state.directory;
    let mut seen = HashSet::new();
    let mut points = Vec::new();
    for name in names {
        let before = points.len();
        match name.strip_suffix(".*") {
            Some(device) => {
                let at = find_device(state, device)?;
                let whole = directory.device(at).whole();
                let all = (0..).zip(whole.points()).map(|(position, _)| PointRef {
                    device: at,
                    position,
                    index: whole.first().offset(position),
                });
                points.extend(all.map(Subject::Point));
            }
            None => {
                let found = directory.find_point(name);
                points.push(Subject::Point(found.ok_or_else(|| unknown("point", name))?));
            }
        }
        let added = points.split_off(before);
        points.extend(added.into_iter().filter(|point| seen.insert(point.key())));
        if points.len() > POINTS_MAX {
            let what = format!(
                "are more than {POINTS_MAX} with '{}'; follow fewer, or over several streams",
                cut(name)
            );
            return Err(bad("points", &what));
        }
    }
    Ok(points)
}

fn devices(state: &ApiState, names: &[&str]) -> Result<Vec<Subject>, Problem> {
    let mut seen = HashSet::new();
    let found = names.iter().map(|name| find_device(state, name));
    let found: Vec<_> = found.collect::<Result<_, _>>()?;
    let once = found.into_iter().filter(|at| seen.insert(*at));
    Ok(once.map(Subject::Device).collect())
}

fn find_device(state: &ApiState, name: &str) -> Result<DeviceIndex, Problem> {
    let found = state.directory.find_device(name);
    found.ok_or_else(|| unknown("device", name))
}

fn every(parameters: &Parameters) -> Result<Duration, Problem> {
    let Some(text) = parameters.one("every")? else {
        return Ok(EVERY_DEFAULT);
    };
    let duration = match text.strip_suffix("ms") {
        Some(number) => number.parse().ok().map(Duration::from_millis),
        None => {
            let number = text.strip_suffix('s').and_then(|text| text.parse().ok());
            number.map(Duration::from_secs)
        }
    };
    let fits = duration.filter(|every| (EVERY_DEFAULT..=EVERY_MAX).contains(every));
    fits.ok_or_else(|| bad("every", "must be from 250ms to 10s"))
}

/// What tells one subject from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Point(PointIndex),
    Device(DeviceIndex),
    Overview,
}
