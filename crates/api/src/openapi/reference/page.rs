//! The page that is made of the document.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::kind::{kind, reference};
use crate::problem::Kind;

const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];

/// The whole page for `document`.
pub(super) fn page(document: &Value) -> String {
    let mut html = String::new();
    let title = text(&document["info"]["title"]);
    let version = text(&document["info"]["version"]);
    let _ = write!(
        html,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title} API</title><link rel=\"stylesheet\" href=\"/api/v1/reference.css\"></head>\
         <body><header><h1>{title} API {version}</h1>{}\
         <p>For programs: <a href=\"/api/v1/openapi.json\">OpenAPI 3.1</a>.</p></header>",
        prose(&document["info"]["description"])
    );
    let tags = document["tags"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    contents(&mut html, document, tags);
    html.push_str("<main>");
    for tag in tags {
        let name = text(&tag["name"]);
        let about = prose(&tag["description"]);
        let _ = write!(html, "<section id=\"{name}\"><h2>{name}</h2>{about}");
        for (method, path, operation) in operations(document, &tag["name"]) {
            endpoint(&mut html, method, path, operation);
        }
        html.push_str("</section>");
    }
    problems(&mut html);
    schemas(&mut html, document);
    html.push_str("</main></body></html>");
    html
}

fn contents(html: &mut String, document: &Value, tags: &[Value]) {
    html.push_str("<nav aria-label=\"Endpoints\">");
    for tag in tags {
        let name = text(&tag["name"]);
        let _ = write!(html, "<h2><a href=\"#{name}\">{name}</a></h2><ul>");
        for (method, path, operation) in operations(document, &tag["name"]) {
            let id = text(&operation["operationId"]);
            let _ = write!(
                html,
                "<li><a href=\"#{id}\"><b>{}</b> {}</a></li>",
                method.to_uppercase(),
                escaped(path)
            );
        }
        html.push_str("</ul>");
    }
    html.push_str("<h2><a href=\"#problems\">problems</a></h2>");
    html.push_str("<h2><a href=\"#schemas\">schemas</a></h2></nav>");
}

fn operations<'a>(
    document: &'a Value,
    tag: &'a Value,
) -> impl Iterator<Item = (&'static str, &'a str, &'a Value)> {
    members(&document["paths"]).flat_map(move |(path, item)| {
        let of = move |method: &&'static str| {
            let operation = item.get(*method)?;
            (operation["tags"][0] == *tag).then_some((*method, &**path, operation))
        };
        METHODS.iter().filter_map(of)
    })
}

fn endpoint(html: &mut String, method: &str, path: &str, operation: &Value) {
    let role = operation["security"][0]["token"][0].as_str();
    let role = role.map_or("no role".to_owned(), |role| format!("role <b>{role}</b>"));
    let _ = write!(
        html,
        "<article id=\"{}\"><h3><span class=\"{method}\">{}</span> {}</h3>\
         <p class=\"role\">Needs {role}.</p><p>{}</p>{}",
        text(&operation["operationId"]),
        method.to_uppercase(),
        escaped(path),
        inline(&operation["summary"]),
        prose(&operation["description"])
    );
    parameters(html, &operation["parameters"]);
    if let Some(content) = operation["requestBody"].get("content") {
        let _ = write!(html, "<h4>Body</h4><p>{}</p>", content_of(content));
    }
    html.push_str("<h4>Answers</h4><table>");
    for (status, response) in members(&operation["responses"]) {
        let (about, content) = match reference(response) {
            Some(_) => (
                "<a href=\"#problems\">a problem</a>".to_owned(),
                String::new(),
            ),
            None => (
                inline(&response["description"]),
                content_of(&response["content"]),
            ),
        };
        let _ = write!(
            html,
            "<tr><th>{status}</th><td>{about}</td><td>{content}</td></tr>"
        );
    }
    html.push_str("</table></article>");
}

fn parameters(html: &mut String, parameters: &Value) {
    let Some(list) = parameters.as_array().filter(|list| !list.is_empty()) else {
        return;
    };
    html.push_str("<h4>Parameters</h4><table>");
    for own in list {
        let needed = if own["required"] == true {
            ", needed"
        } else {
            ""
        };
        let _ = write!(
            html,
            "<tr><th><code>{}</code></th><td>{}{needed}</td><td>{}: {}</td></tr>",
            text(&own["name"]),
            text(&own["in"]),
            kind(&own["schema"]),
            inline(&own["description"])
        );
    }
    html.push_str("</table>");
}

fn content_of(content: &Value) -> String {
    let types = members(content).map(|(name, content)| {
        let kind = kind(&content["schema"]);
        format!("<code>{}</code>: {kind}", escaped(name))
    });
    types.collect::<Vec<_>>().join("<br>")
}

fn problems(html: &mut String) {
    html.push_str(
        "<section id=\"problems\"><h2>problems</h2><p>Every answer that is no success has this \
         shape: <a href=\"#schema-Problem\">Problem</a> (RFC 9457).</p><table>",
    );
    for kind in Kind::ALL {
        let _ = write!(
            html,
            "<tr id=\"problem-{0}\"><th><code>urn:gridos:problem:{0}</code></th><td>{1}</td>\
             <td>{2}. {3}</td></tr>",
            kind.slug(),
            kind.status().as_u16(),
            escaped(kind.title()),
            escaped(kind.hint())
        );
    }
    html.push_str("</table></section>");
}

fn schemas(html: &mut String, document: &Value) {
    html.push_str("<section id=\"schemas\"><h2>schemas</h2>");
    for (name, schema) in members(&document["components"]["schemas"]) {
        let name = escaped(name);
        let about = prose(&schema["description"]);
        let _ = write!(html, "<article id=\"schema-{name}\"><h3>{name}</h3>{about}");
        if schema["properties"].is_null() {
            let _ = write!(html, "<p>{}</p>", kind(schema));
        }
        let parts = schema["allOf"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        for part in std::iter::once(schema).chain(parts) {
            properties(html, &part["properties"]);
        }
        html.push_str("</article>");
    }
    html.push_str("</section>");
}

fn properties(html: &mut String, properties: &Value) {
    if properties.is_null() {
        return;
    }
    html.push_str("<table>");
    for (name, schema) in members(properties) {
        let _ = write!(
            html,
            "<tr><th><code>{}</code></th><td>{}</td><td>{}</td></tr>",
            escaped(name),
            kind(schema),
            inline(&schema["description"])
        );
    }
    html.push_str("</table>");
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn text(value: &Value) -> String {
    escaped(value.as_str().unwrap_or_default())
}

/// A text whose words in backticks are code.
fn inline(value: &Value) -> String {
    let text = text(value);
    let mut parts = text.split('`');
    let mut html = parts.next().unwrap_or_default().to_owned();
    for (at, part) in parts.enumerate() {
        html.push_str(if at % 2 == 0 { "<code>" } else { "</code>" });
        html.push_str(part);
    }
    html
}

/// Paragraphs, which stand apart by empty lines.
fn prose(value: &Value) -> String {
    let whole = inline(value);
    let paragraphs = whole.split("\n\n").filter(|text| !text.trim().is_empty());
    paragraphs.map(|text| format!("<p>{text}</p>")).collect()
}

/// A text that can stand anywhere in HTML.
pub(super) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            _ => html.push(letter),
        }
    }
    html
}
