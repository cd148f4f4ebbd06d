//! `docs/reference/http.md`: what the engine serves, made of the document that it serves itself.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

use super::{cell, compare};

const HEAD: &str = "\
# HTTP

What the engine serves, as it describes it itself: `/api/v1/reference` shows it in a browser, `/api/v1/openapi.json` tells it to programs
(OpenAPI 3.1), with the shapes of all bodies. Whatever is no success is a [problem](problems.md). The role that a
request needs stands beside it; each of viewer, operator, engineer and admin may do what those before it may,
ingest may only post readings, and where access is off nobody is asked.
";

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

#[test]
fn the_page_of_endpoints_is_what_is_served() {
    let document = serde_json::to_value(gridos_api::openapi()).unwrap();
    compare("http.md", &page(&document));
}

fn page(document: &Value) -> String {
    let mut chapters: BTreeMap<&str, String> = BTreeMap::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            let Some(operation) = item.get(method) else {
                continue;
            };
            let tag = operation["tags"][0].as_str().unwrap_or("more");
            operate(
                &method.to_uppercase(),
                path,
                operation,
                chapters.entry(tag).or_default(),
            );
        }
    }
    chapters.iter().fold(HEAD.to_owned(), |page, (tag, text)| {
        page + "\n## " + tag + "\n" + text
    })
}

fn operate(method: &str, path: &str, operation: &Value, page: &mut String) {
    writeln!(page, "\n### {method} {path}\n").unwrap();
    for key in ["summary", "description"] {
        if let Some(text) = operation[key].as_str().filter(|text| !text.is_empty()) {
            writeln!(page, "{}\n", text.trim()).unwrap();
        }
    }
    let role = operation["security"][0]
        .as_object()
        .and_then(|needs| needs.values().next());
    let role = role
        .and_then(|roles| roles[0].as_str())
        .unwrap_or("nobody is asked");
    writeln!(page, "Role: {role}. Answers: {}.", answers(operation)).unwrap();
    if let Some(content) = operation["requestBody"]["content"].as_object() {
        let kinds: Vec<_> = content.keys().map(|kind| format!("`{kind}`")).collect();
        writeln!(page, "Body: {}.", kinds.join(", ")).unwrap();
    }
    let parameters = operation["parameters"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    if !parameters.is_empty() {
        writeln!(
            page,
            "\n| Parameter | In | Type | Meaning |\n|---|---|---|---|"
        )
        .unwrap();
    }
    for parameter in parameters {
        let text = |key: &str| cell(parameter[key].as_str().unwrap_or_default());
        let (name, place, meaning) = (text("name"), text("in"), text("description"));
        let kind = kind(&parameter["schema"]);
        writeln!(page, "| `{name}` | {place} | {kind} | {meaning} |").unwrap();
    }
}

fn answers(operation: &Value) -> String {
    let answers = operation["responses"].as_object().into_iter().flatten();
    let answers = answers.map(|(status, answer)| match answer["description"].as_str() {
        Some(text) if status.starts_with('2') && !text.is_empty() => format!("{status} ({text})"),
        _ => status.clone(),
    });
    let answers: Vec<_> = answers.collect();
    answers.join(", ")
}

/// A type with its bounds, in words.
fn kind(schema: &Value) -> String {
    let types: Vec<_> = match (schema["type"].as_str(), schema["type"].as_array()) {
        (Some(one), _) => vec![one],
        (None, Some(list)) => list.iter().filter_map(Value::as_str).collect(),
        (None, None) => Vec::new(),
    };
    let types = types.into_iter().filter(|name| *name != "null");
    let mut kind = types.collect::<Vec<_>>().join(" or ");
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<_> = words
            .iter()
            .map(|word| format!("`{}`", word.as_str().unwrap_or("null")))
            .collect();
        kind = words.join(", ");
    }
    match (&schema["minimum"], &schema["maximum"]) {
        (Value::Null, Value::Null) => {}
        (least, Value::Null) => kind += &format!(", at least {least}"),
        (Value::Null, most) => kind += &format!(", at most {most}"),
        (least, most) => kind += &format!(", {least} to {most}"),
    }
    cell(&kind)
}
