//! Which keys a definition has. The reader of definitions passes over keys that it does not know,
//! and a limit that is misspelt must not be passed over.

use serde_json::{Map, Value};

/// Keys of every definition.
const COMMON: [&str; 10] = [
    "kind",
    "priority",
    "on_delay",
    "off_delay",
    "count",
    "needs_acknowledgement",
    "latches",
    "re_alarm",
    "is_enabled",
    "response",
];

const LIMITS: [&str; 6] = [
    "high_high",
    "high",
    "low",
    "low_low",
    "deadband",
    "deadbands",
];

/// Keys of a kind alone; `None` if there is no such kind.
fn own_keys(kind: &str) -> Option<Vec<&'static str>> {
    let with_limits = |more: &[&'static str]| [&LIMITS, more].concat();
    Some(match kind {
        "limit" => with_limits(&[]),
        "deviation" => with_limits(&["from"]),
        "rate" => with_limits(&["min_interval"]),
        "state" => vec!["abnormal", "normal", "on_change_only"],
        "chatter" => vec!["times", "within"],
        "stale" | "frozen" => vec!["after"],
        "quality" | "link" => Vec::new(),
        _ => return None,
    })
}

/// Keys of the objects in a definition.
const INNER: [(&str, &[&str]); 4] = [
    ("deadbands", &["high_high", "high", "low", "low_low"]),
    ("priority", &["outer", "inner"]),
    ("count", &["times", "within"]),
    ("from", &["setpoint", "point"]),
];

/// Every key that is not known, with those that are.
pub(super) fn unknown_keys(definition: &Map<String, Value>) -> Vec<String> {
    let kind = definition.get("kind").and_then(Value::as_str);
    // Without a kind that is known the reader says so.
    let Some(mut known) = kind.and_then(own_keys) else {
        return Vec::new();
    };
    known.extend(COMMON);
    let mut errors = not_in("", definition, &known);
    for (name, known) in INNER {
        if let Some(Value::Object(inner)) = definition.get(name) {
            errors.extend(not_in(&format!("{name}."), inner, known));
        }
    }
    errors
}

fn not_in(path: &str, object: &Map<String, Value>, known: &[&str]) -> Vec<String> {
    let unknown = object.keys().filter(|key| !known.contains(&key.as_str()));
    let tell = |key: &String| {
        let known = known.join(", ");
        format!(
            "there is no key '{path}{}'; known are: {known}",
            crate::parameters::cut(key)
        )
    };
    unknown.map(tell).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::every::{conditions, full};
    use super::*;

    #[test]
    fn every_key_of_every_kind_is_known() {
        for condition in conditions() {
            let definition = full(condition);
            assert_eq!(unknown_keys(&definition), [""; 0], "{definition:?}");
        }
    }

    #[test]
    fn every_key_that_is_not_is_told() {
        for condition in conditions() {
            let mut definition = full(condition);
            definition.insert("hihg".to_owned(), json!(1));
            definition["priority"]["outter"] = json!("low");
            definition["count"]["time"] = json!(1);
            let told = unknown_keys(&definition).join("\n");
            for key in ["'hihg'", "'priority.outter'", "'count.time'"] {
                assert!(told.contains(key), "{told}");
            }
        }
    }

    #[test]
    fn a_key_of_another_kind_is_none() {
        let definition = json!({"kind": "quality", "high": 1});
        let told = unknown_keys(definition.as_object().unwrap());
        assert!(told[0].contains("'high'"), "{told:?}");
    }
}
