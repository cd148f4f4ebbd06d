//! What a schema is, in a few words.

use serde_json::Value;

use super::page::escaped;

/// The kind of a schema as HTML: its type, or links to what it is made of.
pub(super) fn kind(schema: &Value) -> String {
    if let Some(name) = reference(schema) {
        return format!("<a href=\"#schema-{0}\">{0}</a>", escaped(name));
    }
    for (word, key) in [(" | ", "oneOf"), (" | ", "anyOf"), (" and ", "allOf")] {
        if let Some(parts) = schema[key].as_array() {
            return parts.iter().map(kind).collect::<Vec<_>>().join(word);
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        let values = values
            .iter()
            .map(|value| format!("<code>{}</code>", escaped(&plain(value))));
        return values.collect::<Vec<_>>().join(" | ");
    }
    let named = &schema["type"];
    if let Some(name) = named.as_str() {
        return simple(name, schema);
    }
    let Some(names) = named.as_array() else {
        return "anything".to_owned();
    };
    let names = names.iter().filter_map(Value::as_str);
    let names: Vec<_> = names.map(|name| simple(name, schema)).collect();
    names.join(" | ")
}

fn simple(name: &str, schema: &Value) -> String {
    match name {
        "array" => format!("list of {}", kind(&schema["items"])),
        "object" if schema["additionalProperties"].is_object() => {
            format!("map to {}", kind(&schema["additionalProperties"]))
        }
        "string" if schema["format"] == "date-time" => "instant".to_owned(),
        _ => escaped(name),
    }
}

/// The name of the schema that is referred to.
pub(super) fn reference(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit('/').next()
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
