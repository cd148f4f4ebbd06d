//! One record as JSON.

mod alarm;
mod audit;

use std::fmt::Write as _;

use gridos_journal::{LayoutDefinition, Record};
use gridos_model::{DeviceId, Quality, Readings, TimeQuality, Timestamp};
use serde_json::{Map, Value, json};

use super::names::Names;

/// The record, if it is of `device` (or if no device is asked for).
pub(super) fn record(
    record: &Record<'_>,
    names: &mut Names,
    device: Option<&str>,
) -> Option<Value> {
    match record {
        Record::Readings(readings) => {
            let layout = names.layout(readings.layout());
            let own = layout.map(|layout| &*layout.device);
            if device.is_some() && own != device {
                return None;
            }
            Some(self::readings(readings, layout))
        }
        Record::Transitions(transitions) => {
            let mut rows = Vec::new();
            for change in transitions {
                let point = names.point(change.point);
                let is_asked = |device| is_of(point.as_deref(), device);
                if device.is_none_or(is_asked) {
                    rows.push(json!({
                        "point": point.unwrap_or_else(|| change.point.to_string()),
                        "time": time(change.time),
                        "received": time(change.received),
                        "from": change.from.name(),
                        "to": change.to.name(),
                        "value": number(change.value),
                        "quality": quality(change.quality),
                        "occurrence": change.occurrence,
                    }));
                }
            }
            let value = json!({ "kind": "transitions", "transitions": rows });
            (!rows.is_empty()).then_some(value)
        }
        Record::Gap(gap) => {
            let is_whole = gap.device == DeviceId::WHOLE_ENGINE;
            let name = (!is_whole).then(|| device_name(gap.device, names));
            // What may be of any device is of each.
            if device.is_some() && !is_whole && name.as_deref() != device {
                return None;
            }
            Some(json!({
                "kind": "gap",
                "device": name,
                "from": time(gap.from),
                "until": time(gap.until),
                "reason": gap.reason.name(),
            }))
        }
        Record::Letter(letter) => {
            let name = device_name(letter.device(), names);
            if device.is_some_and(|device| device != name) {
                return None;
            }
            Some(json!({
                "kind": "dead_letter",
                "device": name,
                "received": time(letter.received()),
                "reason": letter.reason(),
                "octets": hex(letter.octets()),
                "length": letter.length(),
            }))
        }
        Record::Alarms(records) => {
            let rows = records.iter();
            let rows: Vec<_> = rows
                .filter_map(|record| alarm::record(record, names, device))
                .collect();
            let value = json!({ "kind": "alarms", "alarms": rows });
            (!rows.is_empty()).then_some(value)
        }
        Record::Audit(records) => {
            // They are of no device.
            let rows: Vec<_> = records.iter().map(audit::record).collect();
            let value = json!({ "kind": "audit", "audit": rows });
            device.is_none().then_some(value)
        }
    }
}

fn readings(readings: &Readings<'_>, layout: Option<&LayoutDefinition>) -> Value {
    let point = |position: usize| {
        let name = layout.and_then(|layout| layout.points.get(position));
        name.map_or_else(|| position.to_string(), |(name, _)| name.clone())
    };
    let flags = |nth: usize| {
        let flags = readings.qualities().get(nth).copied().unwrap_or_default();
        quality(flags)
    };
    let mut value = json!({
        "device": layout.map(|layout| &layout.device),
        "layout": readings.layout().raw(),
        "received": time(readings.received()),
    });
    match readings {
        Readings::Sweep(sweep) => {
            value["kind"] = json!("sweep");
            value["time"] = json!(time(sweep.time));
            value["time_quality"] = json!(match sweep.time_quality {
                TimeQuality::Synchronised => "synchronised",
                TimeQuality::Unsynchronised => "unsynchronised",
                TimeQuality::None => "none",
            });
            let values = sweep.values.iter().enumerate();
            let values: Map<_, _> = values.map(|(at, v)| (point(at), number(*v))).collect();
            value["values"] = Value::Object(values);
            let judged = sweep.qualities.iter().enumerate();
            let judged = judged.filter(|(_, flags)| **flags != Quality::GOOD);
            let judged: Map<_, _> = judged.map(|(at, q)| (point(at), quality(*q))).collect();
            value["quality"] = Value::Object(judged);
        }
        Readings::Events(events) => {
            value["kind"] = json!("events");
            let columns = events.points.iter().zip(events.times).zip(events.values);
            let rows = columns.enumerate().map(|(nth, ((position, at), v))| {
                json!({
                    "point": point(*position as usize),
                    "time": time(*at),
                    "value": number(*v),
                    "quality": flags(nth),
                })
            });
            value["events"] = rows.collect();
        }
        Readings::Texts(texts) => {
            value["kind"] = json!("texts");
            let columns = texts.points.iter().zip(texts.times).zip(texts.texts.iter());
            let rows = columns.enumerate().map(|(nth, ((position, at), text))| {
                json!({
                    "point": point(*position as usize),
                    "time": time(*at),
                    "text": text,
                    "quality": flags(nth),
                })
            });
            value["texts"] = rows.collect();
        }
    }
    value
}

fn device_name(id: DeviceId, names: &mut Names) -> String {
    names.device(id).unwrap_or_else(|| id.to_string())
}

/// Whether the full name `point` is one of `device`.
fn is_of(point: Option<&str>, device: &str) -> bool {
    let split = point.and_then(|point| point.rsplit_once('.'));
    split.is_some_and(|(own, _)| own == device)
}

fn time(time: Timestamp) -> String {
    time.to_string()
}

fn quality(quality: Quality) -> Value {
    quality.names().collect()
}

/// A number; what JSON has no number for is a text.
fn number(value: f64) -> Value {
    match value {
        value if value.is_finite() => json!(value),
        value if value.is_nan() => json!("NaN"),
        value if value > 0.0 => json!("Infinity"),
        _ => json!("-Infinity"),
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{octet:02X}");
        text
    })
}
