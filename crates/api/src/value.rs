//! The latest value of a point, as every answer and every stream shows it.

use std::collections::HashMap;

use gridos_model::{DeviceEntry, DeviceIndex, Level, PointIndex, PointRef, Quality};
use gridos_pipeline::{LiveReading, LiveText};
use gridos_telemetry::DeviceState;
use serde::Serialize;
use utoipa::ToSchema;

use crate::body::{Flags, Number, Time};
use crate::state::ApiState;

/// The latest value of one point; value, times and quality are null if there was none yet. The
/// value of a text is null as well, and one that is not finite is null (NaN), `"Infinity"` or
/// `"-Infinity"`.
#[derive(Serialize, ToSchema)]
#[schema(as = LiveValue)]
pub(crate) struct Value<'a> {
    value: Option<Number>,
    /// Only of a point with texts: the latest one; null if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Option<&'a str>>,
    /// What the value means, if the point has states.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'a str>,
    /// When it was true, by the clock of its source.
    time: Option<Time>,
    /// When the engine had it.
    received: Option<Time>,
    quality: Option<Flags>,
    /// The worst level of the point's alarms that are active.
    level: &'static str,
}

/// What is known of a point at one moment; two that are equal are shown alike.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    reading: Option<LiveReading>,
    /// Only of a point with texts.
    text: Option<Option<LiveText>>,
    level: Level,
    lost: Quality,
}

impl PartialEq for Known {
    fn eq(&self, other: &Self) -> bool {
        // A value that is no number is what it was if its bits are.
        let bits = |known: &Self| {
            let reading = known.reading.as_ref();
            reading.map(|own| (own.value.to_bits(), own.time, own.received, own.quality))
        };
        bits(self) == bits(other)
            && self.text == other.text
            && self.level == other.level
            && self.lost == other.lost
    }
}

impl Known {
    /// What is known now of the point at `at`.
    pub(crate) fn now(
        state: &ApiState,
        at: PointRef,
        is_text: bool,
        levels: &HashMap<PointIndex, Level>,
    ) -> Self {
        Self {
            reading: state.live.get(at.device.get(), at.index),
            text: is_text.then(|| state.live.text(at.index)),
            level: levels.get(&at.index).copied().unwrap_or_default(),
            lost: lost_with_its_device(state, at.device),
        }
    }

    /// As it is shown, of the point at `index`.
    pub(crate) fn shown<'a>(&'a self, state: &'a ApiState, index: PointIndex) -> Value<'a> {
        let reading = self.reading.as_ref();
        let text = self.text.as_ref().map(Option::as_ref);
        let (time, received, quality) = match text {
            Some(text) => (
                text.map(|own| own.time),
                text.map(|own| own.received),
                text.map(|own| own.quality),
            ),
            None => (
                reading.map(|own| own.time),
                reading.map(|own| own.received),
                reading.map(|own| own.quality),
            ),
        };
        Value {
            value: reading.map(|own| Number(own.value)),
            text: text.map(|text| shown_text(&text?.text, text?.quality)),
            state: reading.and_then(|own| state.states.text(index, own.value)),
            time: time.map(Time),
            received: received.map(Time),
            quality: quality.map(|quality| Flags(quality | self.lost)),
            level: self.level.name(),
        }
    }
}

/// The text, or null if it is none: then its quality says why.
pub(crate) fn shown_text(text: &str, quality: Quality) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty() || !quality.is_bad())
}

/// The worst levels of the alarms of all points that have an active one.
pub(crate) fn active_levels(state: &ApiState) -> HashMap<PointIndex, Level> {
    let mut levels = HashMap::new();
    let table = state.alarms.table();
    for case in table.cases.values().filter(|case| case.facts.is_active()) {
        let entry = state.book.find(case.alarm);
        let Some(point) = entry.and_then(|entry| entry.point) else {
            continue;
        };
        let level: &mut Level = levels.entry(point.index).or_default();
        // Of two that are as bad, the one that tells more.
        if case.facts.level.rank() > level.rank() || *level == Level::Abnormal {
            *level = case.facts.level;
        }
    }
    levels
}

/// Whether the engine asks the device; otherwise its readings are posted.
pub(crate) fn is_polled(device: &DeviceEntry) -> bool {
    !device.groups().is_empty()
}

/// What is known against the last readings of a device because it does not answer.
pub(crate) fn lost_with_its_device(state: &ApiState, device: DeviceIndex) -> Quality {
    let stats = state.telemetry.devices.get(device.get());
    let is_down = stats.is_some_and(|stats| stats.state() == DeviceState::Down);
    if is_down && is_polled(state.directory.device(device)) {
        Quality::COMM_LOST
    } else {
        Quality::GOOD
    }
}
