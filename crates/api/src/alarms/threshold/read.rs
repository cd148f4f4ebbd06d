//! Definitions as clients write them: everything that is wrong is told at once.

use gridos_alarm::{Definition, DefinitionError};
use gridos_pipeline::BookEntry;
use serde_json::Value;

use super::keys::unknown_keys;
use super::values::readable;

/// The definition that `value` is, for the alarm of `entry`.
///
/// # Errors
/// Everything that is wrong with it.
pub(super) fn read(entry: &BookEntry, value: &Value) -> Result<Definition, Vec<String>> {
    let Value::Object(object) = value else {
        let what = "the definition must be an object, as GET shows it";
        return Err(vec![what.to_owned()]);
    };
    let mut errors = unknown_keys(object);
    let (readable, unreadable) = readable(object);
    errors.extend(unreadable);
    match serde_json::from_value::<Definition>(Value::Object(readable)) {
        Ok(definition) => {
            errors.extend(wrong(entry, &definition));
            if errors.is_empty() {
                return Ok(definition);
            }
        }
        Err(error) if errors.is_empty() => errors.push(error.to_string()),
        // It follows from what was found.
        Err(_) => {}
    }
    Err(errors)
}

fn wrong(entry: &BookEntry, definition: &Definition) -> Vec<String> {
    let checked = definition.check().err().unwrap_or_default();
    let mut errors: Vec<_> = checked.iter().map(with_key).collect();
    let (own, given) = (entry.kind(), definition.condition.kind());
    if own != given {
        errors.push(format!(
            "kind: the kind is {given}; this alarm is of the kind {own}"
        ));
    }
    if entry.is_reported_by_exception && definition.condition != entry.definition.condition {
        errors.push(
            "its point tells its values by exception, and would not tell those that this condition \
             needs; change the configuration instead"
                .to_owned(),
        );
    }
    if let Err(name) = definition.reference(entry.device, entry.directory()) {
        errors.push(format!(
            "from: no point '{name}' to measure the deviation from is configured"
        ));
    }
    errors
}

fn with_key(error: &DefinitionError) -> String {
    let (key, text) = (error.key(), error.to_string());
    match text.starts_with(key) {
        true => text,
        false => format!("{key}: {text}"),
    }
}
