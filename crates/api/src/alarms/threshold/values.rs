//! What the keys of a definition may hold. The reader of definitions says that something is wrong
//! without saying where, and stops there: whoever writes one wants all of it, with the keys.

use gridos_alarm::LimitsSpec;
use gridos_model::{AlarmKind, Priority};
use serde_json::{Map, Value};

use crate::parameters::cut;

/// What a key holds.
#[derive(Clone, Copy)]
enum Shape {
    /// A number, or null for none.
    Limit,
    Number,
    Seconds,
    /// Seconds, or null for none.
    Pause,
    Count,
    Flag,
    Text,
    States,
    Priority,
}

/// The keys with one value, by their path.
const SHAPES: [(&str, Shape); 29] = [
    ("high_high", Shape::Limit),
    ("high", Shape::Limit),
    ("low", Shape::Limit),
    ("low_low", Shape::Limit),
    ("deadband", Shape::Number),
    ("deadbands.high_high", Shape::Limit),
    ("deadbands.high", Shape::Limit),
    ("deadbands.low", Shape::Limit),
    ("deadbands.low_low", Shape::Limit),
    ("from.setpoint", Shape::Number),
    ("from.point", Shape::Text),
    ("min_interval", Shape::Seconds),
    ("abnormal", Shape::States),
    ("normal", Shape::States),
    ("on_change_only", Shape::Flag),
    ("times", Shape::Count),
    ("within", Shape::Seconds),
    ("after", Shape::Seconds),
    ("priority.outer", Shape::Priority),
    ("priority.inner", Shape::Priority),
    ("on_delay", Shape::Seconds),
    ("off_delay", Shape::Seconds),
    ("count.times", Shape::Count),
    ("count.within", Shape::Seconds),
    ("needs_acknowledgement", Shape::Flag),
    ("latches", Shape::Flag),
    ("re_alarm", Shape::Pause),
    ("is_enabled", Shape::Flag),
    ("response", Shape::Text),
];

/// The keys that hold objects, with one that shows how.
const OBJECTS: [(&str, &str); 4] = [
    ("deadbands", r#"{"high": 2}"#),
    ("from", r#"{"setpoint": 300} or {"point": "current_b"}"#),
    ("priority", r#"{"outer": "high", "inner": "low"}"#),
    ("count", r#"{"times": 5, "within": 60}"#),
];

/// What of `definition` can be read, and what is wrong with the rest.
pub(super) fn readable(definition: &Map<String, Value>) -> (Map<String, Value>, Vec<String>) {
    let (mut rest, mut errors) = (definition.clone(), Vec::new());
    for (name, example) in OBJECTS {
        match definition.get(name) {
            None | Some(Value::Object(_)) => {}
            Some(Value::Null) if name == "count" => {}
            Some(_) => {
                errors.push(format!("{name}: must be an object, such as {example}"));
                rest.remove(name);
            }
        }
    }
    for (path, shape) in SHAPES {
        if let Some(value) = at(definition, path)
            && let Err(what) = shape.check(value)
        {
            errors.push(format!("{path}: {what}"));
            remove(&mut rest, path);
        }
    }
    missing(definition, &mut errors);
    errors.extend(ladder(&rest));
    (rest, errors)
}

fn at<'a>(definition: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    match path.split_once('.') {
        Some((name, key)) => definition.get(name)?.get(key),
        None => definition.get(path),
    }
}

fn remove(definition: &mut Map<String, Value>, path: &str) {
    match path.split_once('.') {
        Some((name, key)) => {
            let inner = definition.get_mut(name).and_then(Value::as_object_mut);
            inner.map(|inner| inner.remove(key));
        }
        None => {
            definition.remove(path);
        }
    }
}

/// Reports the keys that its kind must have.
fn missing(definition: &Map<String, Value>, errors: &mut Vec<String>) {
    let mut demand = |path: &str, example: &str| {
        if at(definition, path).is_none() {
            errors.push(format!("{path}: is missing; write {example}"));
        }
    };
    if definition.get("count").is_some_and(Value::is_object) {
        demand("count.times", r#""times": 5"#);
        demand("count.within", r#""within": 60, in seconds"#);
    }
    match definition.get("kind").and_then(Value::as_str) {
        Some("deviation") => {
            demand("from", r#""from": {"setpoint": 300}, or {"point": NAME}"#);
        }
        Some("chatter") => {
            demand("times", r#""times": 5"#);
            demand("within", r#""within": 60, in seconds"#);
        }
        Some("stale" | "frozen") => demand("after", r#""after": 300, in seconds"#),
        Some("state") => match ["abnormal", "normal"].map(|key| definition.contains_key(key)) {
            [false, false] => demand("abnormal", r#""abnormal": [0, 3], or "normal": [2]"#),
            [true, true] => errors.push("normal: stands beside abnormal; remove one".to_owned()),
            _ => {}
        },
        Some(kind) if AlarmKind::of_name(kind).is_some() => {}
        Some(kind) => {
            let kind = cut(kind);
            errors.push(format!(
                "kind: '{kind}' is no kind of alarm; keep the one that GET shows"
            ));
        }
        None => errors.push("kind: is missing; keep the one that GET shows".to_owned()),
    }
}

/// What is wrong with limits, if its kind has some.
fn ladder(definition: &Map<String, Value>) -> Vec<String> {
    let kind = definition.get("kind").and_then(Value::as_str);
    if !matches!(kind, Some("limit" | "deviation" | "rate")) {
        return Vec::new();
    }
    let spec = serde_json::from_value::<LimitsSpec>(Value::Object(definition.clone()));
    let errors = spec.map(|spec| spec.errors()).unwrap_or_default();
    let tell = |error: &gridos_alarm::LimitsError| match error.is_of_deadbands() {
        true => format!("deadbands.{}: {error}", error.key()),
        false => format!("{}: {error}", error.key()),
    };
    errors.iter().map(tell).collect()
}

impl Shape {
    fn check(self, value: &Value) -> Result<(), &'static str> {
        let is_seconds = |value: &Value| value.as_f64().is_some_and(|seconds| seconds >= 0.0);
        let (is_right, what) = match self {
            Self::Limit => (value.is_number() || value.is_null(), "must be a number"),
            Self::Number => (value.is_number(), "must be a number"),
            Self::Seconds => (is_seconds(value), "must be a number of seconds, at least 0"),
            Self::Pause => (
                is_seconds(value) || value.is_null(),
                "must be a number of seconds, at least 0, or null for never",
            ),
            Self::Count => (
                value.as_u64().is_some_and(|n| u32::try_from(n).is_ok()),
                "must be a whole number, at least 2",
            ),
            Self::Flag => (value.is_boolean(), "must be true or false"),
            Self::Text => (value.is_string(), "must be a text"),
            Self::States => (
                value
                    .as_array()
                    .is_some_and(|list| list.iter().all(Value::is_i64)),
                "must be a list of whole numbers, such as [0, 3]",
            ),
            Self::Priority => (
                value.as_str().and_then(Priority::of_name).is_some(),
                "must be \"low\", \"medium\", \"high\" or \"urgent\"",
            ),
        };
        is_right.then_some(()).ok_or(what)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn errors(definition: &Value) -> Vec<String> {
        readable(definition.as_object().unwrap()).1
    }

    #[test]
    fn everything_that_is_wrong_is_told_with_its_key() {
        let told = errors(&json!({
            "kind": "limit", "high_high": 80, "high": 90, "low": "x", "deadband": -1,
            "deadbands": {"high": null, "high_high": "2"}, "priority": "high", "on_delay": -1,
            "re_alarm": null, "latches": 1, "response": 5, "count": {"times": 2.5},
        }));
        assert_eq!(
            told,
            [
                "priority: must be an object, such as {\"outer\": \"high\", \"inner\": \"low\"}",
                "low: must be a number",
                "deadbands.high_high: must be a number",
                "on_delay: must be a number of seconds, at least 0",
                "count.times: must be a whole number, at least 2",
                "latches: must be true or false",
                "response: must be a text",
                "count.within: is missing; write \"within\": 60, in seconds",
                "deadband: the deadband is -1; it must be a finite number of at least 0",
                "high_high: the high limit 90 is not below the high_high limit 80; limits must rise \
                 from low_low over low and high to high_high",
            ]
        );
    }

    #[test]
    fn each_kind_says_what_it_must_have() {
        for (definition, what) in [
            (json!({}), "kind: is missing"),
            (json!({"kind": "levels"}), "kind: 'levels' is no kind"),
            (json!({"kind": "limit"}), "high: no limit is given"),
            (json!({"kind": "deviation", "high": 1}), "from: is missing"),
            (
                json!({"kind": "deviation", "high": 1, "from": 3}),
                "from: must be an object",
            ),
            (json!({"kind": "chatter", "times": 3}), "within: is missing"),
            (json!({"kind": "frozen"}), "after: is missing"),
            (json!({"kind": "state"}), "abnormal: is missing"),
            (
                json!({"kind": "state", "abnormal": [1.5]}),
                "abnormal: must be a list",
            ),
            (
                json!({"kind": "state", "abnormal": [1], "normal": [0]}),
                "normal: stands beside",
            ),
        ] {
            let told = errors(&definition);
            assert_eq!(told.len(), 1, "{definition}: {told:?}");
            assert!(told[0].starts_with(what), "{told:?}");
        }
        assert_eq!(errors(&json!({"kind": "quality"})), [""; 0]);
    }
}
