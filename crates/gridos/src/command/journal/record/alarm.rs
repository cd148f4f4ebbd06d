//! What happened to one alarm as JSON.

use gridos_model::{AlarmFacts, AlarmRecord, Shelf};
use serde_json::{Value, json};

use super::super::names::Names;
use super::{is_of, number, quality, time};

/// The record, if it is of an alarm of `device` (or if no device is asked for).
pub(super) fn record(
    record: &AlarmRecord,
    names: &mut Names,
    device: Option<&str>,
) -> Option<Value> {
    let name = names.alarm(record.alarm);
    if let Some(device) = device {
        let owner = name.as_deref()?.rsplit_once(':')?.0;
        if owner != device && !is_of(Some(owner), device) {
            return None;
        }
    }
    let mut value = json!({
        "sequence": record.sequence,
        "alarm": name.unwrap_or_else(|| record.alarm.to_string()),
        "occurrence": record.occurrence,
        "action": record.action.name(),
        "annunciated": record.is_annunciated,
        "time": time(record.time),
        "received": time(record.received),
        "from": record.from.name(),
        "after": facts(&record.after),
        "value": number(record.value),
        "quality": quality(record.quality),
    });
    if let Some(note) = &record.note {
        value["note"] = json!({
            "by": note.by,
            "comment": note.comment,
            "key": note.key,
            "definition": note.definition,
        });
    }
    Some(value)
}

fn facts(facts: &AlarmFacts) -> Value {
    let flags = facts.flags.iter_names().map(|(name, _)| lower(name));
    let suppression = facts.suppression.iter_names().map(|(name, _)| lower(name));
    json!({
        "state": facts.state().name(),
        "level": facts.level.name(),
        "worst": facts.worst.name(),
        "priority": facts.priority.name(),
        "flags": flags.collect::<Vec<_>>(),
        "suppression": suppression.collect::<Vec<_>>(),
        "shelf": facts.shelf.map(|Shelf { until, is_one_shot }| json!({
            "until": time(until),
            "one_shot": is_one_shot,
        })),
    })
}

fn lower(name: &str) -> String {
    name.to_ascii_lowercase()
}
