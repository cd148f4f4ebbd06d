//! One alarm as lists show it: its case, what it is defined as, and the value now.

use gridos_alarm::{Case, Condition, Definition};
use gridos_model::Level;
use gridos_pipeline::BookEntry;
use serde::Serialize;
use utoipa::ToSchema;

use super::wire::ShownCase;
use crate::body::{Flags, Number, Time};
use crate::form::Row;
use crate::state::ApiState;

/// One alarm; what is null of its place is unknown, because it is configured no more.
#[derive(Serialize, ToSchema)]
#[schema(as = Alarm)]
pub(crate) struct Item<'a> {
    name: Option<String>,
    /// Of its definition; null if there is none any more.
    version: Option<u32>,
    device: Option<&'a str>,
    /// `DEVICE.POINT`; null for an alarm of a device.
    point: Option<String>,
    area: Option<String>,
    kind: Option<&'static str>,
    unit: &'a str,
    #[serde(flatten)]
    case: ShownCase<'a>,
    /// The limit of the present level.
    limit: Option<f64>,
    /// The latest reading of the point; null if there is none.
    current: Option<Current>,
    /// What it means and what to do.
    response: String,
}

impl Row for Item<'_> {
    const COLUMNS: &'static [&'static str] = &[
        "name",
        "device",
        "point",
        "area",
        "kind",
        "state",
        "level",
        "worst_level",
        "priority",
        "occurrence",
        "raised.time",
        "raised.value",
        "returned.time",
        "annunciated",
        "acknowledged.by",
        "acknowledged.at",
        "limit",
        "current.value",
        "unit",
        "response",
    ];
}

/// The latest reading of a point.
#[derive(Serialize, ToSchema)]
#[schema(as = CurrentReading)]
struct Current {
    value: Number,
    time: Time,
    quality: Flags,
}

impl<'a> Item<'a> {
    /// The alarm of `case`, found in the book as `entry`.
    pub(crate) fn new(state: &'a ApiState, case: &'a Case, entry: Option<&BookEntry>) -> Self {
        // The book may be of a younger generation than the directory.
        let device = entry.and_then(|entry| state.directory.devices().get(entry.device.get()));
        let point = entry.and_then(|entry| entry.point);
        let unit = point.zip(device).and_then(|(at, device)| {
            let points = device.whole().points();
            points.get(at.position as usize).map(|point| point.unit())
        });
        let definition = entry.map(|entry| &*entry.definition);
        Self {
            name: entry.map(BookEntry::name),
            version: entry.map(|entry| entry.version),
            device: device.map(|device| device.name()),
            point: point.and_then(|at| state.directory.point_name(at.index)),
            area: entry.map(|entry| entry.area.to_string()),
            kind: entry.map(|entry| entry.kind().name()),
            unit: unit.unwrap_or_default(),
            limit: definition.and_then(|own| limit(own, case.facts.level)),
            current: entry.and_then(|entry| current(state, entry)),
            response: definition
                .map(|own| own.response.clone())
                .unwrap_or_default(),
            case: case.into(),
        }
    }
}

fn current(state: &ApiState, entry: &BookEntry) -> Option<Current> {
    let reading = state.live.get(entry.device.get(), entry.point?.index)?;
    Some(Current {
        value: Number(reading.value),
        time: Time(reading.time),
        quality: Flags(reading.quality),
    })
}

/// The limit that `level` is about, in what the condition judges: the value, the deviation or the
/// change per second.
fn limit(definition: &Definition, level: Level) -> Option<f64> {
    match &definition.condition {
        Condition::Limit(limits)
        | Condition::Deviation { limits, .. }
        | Condition::Rate { limits, .. } => limits.limit(level),
        Condition::State(_)
        | Condition::Chatter(_)
        | Condition::Quality
        | Condition::Stale { .. }
        | Condition::Frozen { .. }
        | Condition::Link => None,
    }
}
