//! A change of one definition: what it says, and what it would do.

use std::sync::Arc;

use gridos_alarm::{Command, Definition, Order};
use gridos_model::{Level, Note, PointIndex};
use gridos_pipeline::{BookEntry, LiveReading};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::preview::{Effect, level};
use crate::body::Number;
use crate::state::ApiState;

/// Another definition for an alarm, that was found to be right.
pub(super) struct Change {
    pub(super) entry: BookEntry,
    pub(super) definition: Arc<Definition>,
}

/// What a change would do.
#[derive(Serialize, ToSchema)]
#[schema(as = ThresholdPreview)]
pub(super) struct Preview {
    alarm: String,
    version: u32,
    /// Whether the definition would be another one.
    changed: bool,
    changes: Vec<Difference>,
    /// The value now; null if there is none.
    value: Option<Number>,
    level: &'static str,
    /// What the value now would lead to, delays apart; null if it does not tell.
    level_after: Option<&'static str>,
    effect: Effect,
}

/// A key that would say something else.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
struct Difference {
    key: String,
    from: Value,
    to: Value,
}

impl Change {
    /// The command that makes it.
    pub(super) fn command(&self, if_version: Option<u32>, note: Note) -> Command {
        Command {
            alarm: self.entry.id,
            occurrence: None,
            worst: None,
            order: Order::Redefine {
                definition: Arc::clone(&self.definition),
                if_version,
            },
            note,
        }
    }

    /// What it would do now.
    pub(super) fn preview(&self, state: &ApiState) -> Preview {
        let Self { entry, definition } = self;
        let table = state.alarms.table();
        let case = table.cases.get(&entry.id);
        let from = case.map_or(Level::Normal, |case| case.facts.level);
        let reading = entry.point.and_then(|at| live(state, at.index));
        let reference = definition.reference(entry.device, entry.directory());
        let reference = reference.ok().flatten();
        let reference = reference.and_then(|index| live(state, index));
        let after = level(&entry.definition, definition, from, reading, reference);
        let changes = differences(&object(&entry.definition), &object(definition));
        Preview {
            alarm: entry.name(),
            version: entry.version,
            changed: !changes.is_empty(),
            changes,
            value: reading.map(|reading| Number(reading.value)),
            level: from.name(),
            level_after: after.map(Level::name),
            effect: Effect::of(from, after),
        }
    }
}

fn live(state: &ApiState, index: PointIndex) -> Option<LiveReading> {
    let at = state.directory.locate(index)?;
    state.live.get(at.device.get(), at.index)
}

fn object(definition: &Definition) -> Map<String, Value> {
    match serde_json::to_value(definition) {
        Ok(Value::Object(object)) => object,
        Ok(_) | Err(_) => Map::new(),
    }
}

/// The keys whose values differ; one that is not there is null.
fn differences(from: &Map<String, Value>, to: &Map<String, Value>) -> Vec<Difference> {
    let gone = from.keys().filter(|key| !to.contains_key(*key));
    let all = to.keys().chain(gone);
    let value =
        |object: &Map<String, Value>, key: &str| object.get(key).cloned().unwrap_or_default();
    let pairs = all.map(|key| Difference {
        key: key.clone(),
        from: value(from, key),
        to: value(to, key),
    });
    pairs.filter(|pair| pair.from != pair.to).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_that_come_go_or_change_are_differences() {
        let from = json!({"kind": "limit", "high": 1.0, "low": 0.5});
        let to = json!({"kind": "limit", "high": 2.0, "high_high": 3.0});
        let found = differences(from.as_object().unwrap(), to.as_object().unwrap());
        let difference = |key: &str, from, to| Difference {
            key: key.to_owned(),
            from,
            to,
        };
        let mut expected = vec![
            difference("high", json!(1.0), json!(2.0)),
            difference("high_high", Value::Null, json!(3.0)),
            difference("low", json!(0.5), Value::Null),
        ];
        let mut found = found;
        found.sort_by(|a, b| a.key.cmp(&b.key));
        expected.sort_by(|a, b| a.key.cmp(&b.key));
        assert_eq!(found, expected);
    }
}
