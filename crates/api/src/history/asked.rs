//! Which points a question is about.

use std::collections::HashMap;

use gridos_store::{PointRow, PointsQuery};

use crate::parameters::{Parameters, bad, cut};
use crate::problem::{Kind, Problem};
use crate::state::Api;

/// The most points of one question.
pub(super) const POINTS_MAX: usize = 100;

/// A point that is asked for and known.
pub(super) struct AskedPoint {
    /// Its full name, `device.point`.
    pub(super) name: String,
    pub(super) unit: String,
    /// Whether its values are texts; nobody knows of a point that is configured no more.
    pub(super) is_text: Option<bool>,
}

/// The points named, each once.
pub(super) fn names(parameters: &Parameters) -> Result<Vec<String>, Problem> {
    let names: Vec<_> = parameters.all("point").map(str::to_owned).collect();
    if names.is_empty() {
        return Err(bad("point", "must be given, as DEVICE.POINT"));
    }
    if names.len() > POINTS_MAX {
        let what = format!(
            "is given {} times; ask for {POINTS_MAX} at most",
            names.len()
        );
        return Err(bad("point", &what));
    }
    let is_twice = |(at, name)| names[..at].contains(name);
    match names.iter().enumerate().find(|named| is_twice(*named)) {
        None => Ok(names),
        Some((_, name)) => Err(bad("point", &format!("'{}' is named twice", cut(name)))),
    }
}

/// What is known of the points: from the configuration, or else from the store.
pub(super) async fn find(api: &Api, names: Vec<String>) -> Result<Vec<AskedPoint>, Problem> {
    let mut points = Vec::with_capacity(names.len());
    let is_strange = |name: &&String| api.state.directory.find_point(name).is_none();
    let strangers: Vec<String> = names.iter().filter(is_strange).cloned().collect();
    let mut stored = stored_units(api, strangers).await?;
    for name in names {
        let (unit, is_text) = match configured(api, &name) {
            Some((unit, is_text)) => (unit, Some(is_text)),
            None => (stored.remove(&name).ok_or_else(|| unknown(&name))?, None),
        };
        points.push(AskedPoint {
            name,
            unit,
            is_text,
        });
    }
    Ok(points)
}

fn configured(api: &Api, name: &str) -> Option<(String, bool)> {
    let directory = &api.state.directory;
    let at = directory.find_point(name)?;
    let points = directory.device(at.device).whole().points();
    let point = points.get(at.position as usize)?;
    Some((point.unit().to_owned(), point.is_text()))
}

async fn stored_units(api: &Api, points: Vec<String>) -> Result<HashMap<String, String>, Problem> {
    if points.is_empty() {
        return Ok(HashMap::new());
    }
    let query = PointsQuery {
        points,
        ..PointsQuery::default()
    };
    let rows = api.state.store.points(&query).await?.into_iter();
    Ok(rows
        .map(|PointRow { point, unit, .. }| (point, unit))
        .collect())
}

fn unknown(name: &str) -> Problem {
    let detail = format!(
        "no point '{}' is configured, nor has the store any reading of it; see /api/v1/devices",
        cut(name)
    );
    Problem::new(Kind::NotFound, detail)
}
