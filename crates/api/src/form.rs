//! The forms in which rows are answered: JSON, lines of JSON, or CSV, by the header Accept.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;

use crate::problem::{Kind, Problem};

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// One object.
    Json,
    /// One object a line, and nothing around them.
    NdJson,
    /// A head and one line for each row (RFC 4180).
    Csv,
}

/// The forms by their media types, the preferred one first.
const TYPES: [(&str, Form); 4] = [
    ("application/json", Form::Json),
    ("application/x-ndjson", Form::NdJson),
    ("application/ndjson", Form::NdJson),
    ("text/csv", Form::Csv),
];

/// A row that can be a line of CSV.
pub(crate) trait Row: Serialize {
    /// The columns: names of members, or of members of members, as `first.value`.
    const COLUMNS: &'static [&'static str];
}

/// What the Accept of a request comes to; a problem if it takes none of the forms.
#[derive(Debug)]
pub(crate) struct Accept(Option<Form>, Uri);

impl<S: Sync> FromRequestParts<S> for Accept {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(Form::of(&parts.headers), parts.uri.clone()))
    }
}

impl Accept {
    /// The form wanted.
    pub(crate) fn form(&self) -> Result<Form, Problem> {
        self.0.ok_or_else(|| {
            let detail = "the answer can be application/json, application/x-ndjson or text/csv";
            Problem::new(Kind::NotAcceptable, detail)
        })
    }

    /// Whether rows are wanted without anything around them.
    pub(crate) fn wants_rows(&self) -> bool {
        matches!(self.0, Some(Form::NdJson | Form::Csv))
    }

    /// The rows of a page; `next` leads to the next one, by the header Link (RFC 8288).
    pub(crate) fn rows<T: Row>(
        &self,
        rows: impl IntoIterator<Item = T>,
        next: Option<Next<'_>>,
    ) -> Result<Response, Problem> {
        let form = self.form()?;
        let mut text = form.head::<T>();
        rows.into_iter().for_each(|row| form.row(&row, &mut text));
        let mut response = ([(header::CONTENT_TYPE, form.media_type())], text).into_response();
        let link = next.map(|next| next_link(&self.1, next));
        if let Some(link) = link.and_then(|link| HeaderValue::try_from(link).ok()) {
            response.headers_mut().insert(header::LINK, link);
        }
        Ok(response)
    }
}

/// Where the next page begins: the parameter that says so, with its value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Next<'a> {
    /// By `cursor`.
    Cursor(&'a str),
    /// By `after`.
    After(&'a str),
}

/// The same question for the next page.
fn next_link(uri: &Uri, next: Next<'_>) -> String {
    let (name, place) = match next {
        Next::Cursor(place) => ("cursor", place),
        Next::After(place) => ("after", place),
    };
    // The place stands for what was left out before it, too.
    let goes_on = |pair: &str| [name, "offset"].contains(&pair.split('=').next().unwrap_or(pair));
    let pairs = uri.query().unwrap_or_default().split('&');
    let mut pairs: Vec<_> = pairs
        .filter(|pair| !pair.is_empty() && !goes_on(pair))
        .map(str::to_owned)
        .collect();
    let plain = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    let place: String = place.bytes().map(plain).collect();
    pairs.push(format!("{name}={place}"));
    format!("<{}?{}>; rel=\"next\"", uri.path(), pairs.join("&"))
}

impl Form {
    /// The form that the header Accept prefers; JSON if there is none. `None` if it takes nothing
    /// of what there is.
    fn of(headers: &HeaderMap) -> Option<Self> {
        if !headers.contains_key(header::ACCEPT) {
            return Some(Self::Json);
        }
        let lines = headers.get_all(header::ACCEPT).iter();
        let ranges: Vec<_> = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(','))
            .map(Range::of)
            .collect();
        let mut best: Option<(f32, Self)> = None;
        for (name, form) in TYPES {
            let fitting = ranges.iter().filter(|range| range.fits(name));
            // The most specific range counts (RFC 9110 §12.5.1).
            let Some(range) = fitting.max_by_key(|range| range.rank()) else {
                continue;
            };
            if range.quality > best.map_or(0.0, |(quality, _)| quality) {
                best = Some((range.quality, form));
            }
        }
        best.map(|(_, form)| form)
    }

    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::NdJson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }

    /// What stands before the first row.
    pub(crate) fn head<T: Row>(self) -> String {
        match self {
            Self::Json | Self::NdJson => String::new(),
            Self::Csv => T::COLUMNS.join(",") + "\r\n",
        }
    }

    /// Writes a row behind `text`.
    pub(crate) fn row<T: Row>(self, row: &T, text: &mut String) {
        match self {
            Self::Json | Self::NdJson => {
                // Texts and numbers: there is nothing that could fail.
                text.push_str(&serde_json::to_string(row).unwrap_or_default());
                text.push('\n');
            }
            Self::Csv => {
                let row = serde_json::to_value(row).unwrap_or_default();
                for (at, column) in T::COLUMNS.iter().enumerate() {
                    if at > 0 {
                        text.push(',');
                    }
                    let mut value = Some(&row);
                    for name in column.split('.') {
                        value = value.and_then(|value| value.get(name));
                    }
                    cell(value.unwrap_or(&Value::Null), text);
                }
                text.push_str("\r\n");
            }
        }
    }
}

/// One value of a line; null is an empty one, and the words of a list stand beside each other.
fn cell(value: &Value, text: &mut String) {
    let shown = match value {
        Value::Null => return,
        Value::String(own) => own.clone(),
        Value::Array(list) if list.iter().all(Value::is_string) => {
            let words: Vec<_> = list.iter().filter_map(Value::as_str).collect();
            words.join(" ")
        }
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    };
    if shown.contains([',', '"', '\r', '\n']) {
        text.push('"');
        text.push_str(&shown.replace('"', "\"\""));
        text.push('"');
    } else {
        text.push_str(&shown);
    }
}

/// One range of an Accept.
struct Range<'a> {
    kind: &'a str,
    quality: f32,
}

impl<'a> Range<'a> {
    fn of(text: &'a str) -> Self {
        let mut parts = text.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default();
        let quality = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok());
        Self {
            kind,
            quality: quality.unwrap_or(1.0),
        }
    }

    fn fits(&self, name: &str) -> bool {
        let group = || {
            let own = self.kind.strip_suffix("/*");
            own.is_some_and(|own| name.split('/').next() == Some(own))
        };
        self.kind == "*/*" || self.kind.eq_ignore_ascii_case(name) || group()
    }

    fn rank(&self) -> u8 {
        match (self.kind == "*/*", self.kind.ends_with("/*")) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(accept: &str) -> Option<Form> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept.parse().unwrap());
        Form::of(&headers)
    }

    #[test]
    fn the_form_is_the_one_that_is_preferred() {
        assert_eq!(Form::of(&HeaderMap::new()), Some(Form::Json));
        for (accept, expected) in [
            ("*/*", Some(Form::Json)),
            (
                "text/html,application/xhtml+xml,*/*;q=0.8",
                Some(Form::Json),
            ),
            ("text/csv", Some(Form::Csv)),
            ("text/*", Some(Form::Csv)),
            ("application/*;q=0.5, text/csv;q=0.4", Some(Form::Json)),
            (
                "application/json;q=0.5, Application/X-NDJSON",
                Some(Form::NdJson),
            ),
            ("*/*, application/json;q=0", Some(Form::NdJson)),
            ("text/html", None),
            ("text/csv;q=0", None),
            ("", None),
        ] {
            assert_eq!(form(accept), expected, "{accept}");
        }
    }

    #[derive(Serialize)]
    struct Shown {
        name: &'static str,
        value: Option<f64>,
        flags: Vec<&'static str>,
        inner: Option<Inner>,
    }

    #[derive(Serialize)]
    struct Inner {
        at: u8,
    }

    impl Row for Shown {
        const COLUMNS: &'static [&'static str] = &["name", "value", "flags", "inner.at"];
    }

    #[test]
    fn rows_are_lines() {
        let rows = [
            Shown {
                name: "a",
                value: Some(1.5),
                flags: vec!["x", "y"],
                inner: None,
            },
            Shown {
                name: "b,\"c\"\n",
                value: None,
                flags: vec![],
                inner: Some(Inner { at: 7 }),
            },
        ];
        let text = |form: Form| {
            let mut text = form.head::<Shown>();
            rows.iter().for_each(|row| form.row(row, &mut text));
            text
        };
        let csv = "name,value,flags,inner.at\r\na,1.5,x y,\r\n\"b,\"\"c\"\"\n\",,,7\r\n";
        assert_eq!(text(Form::Csv), csv);
        let lines = text(Form::NdJson);
        let lines: Vec<Value> = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(
            (lines.len(), &lines[1]["inner"]["at"]),
            (2, &Value::from(7))
        );
    }

    #[test]
    fn the_next_page_is_the_same_question() {
        let uri: Uri = "/api/v1/alarms?sort=name&cursor=a.1.x&limit=2"
            .parse()
            .unwrap();
        let link = next_link(&uri, Next::Cursor("a.2.µ y"));
        let expected = "</api/v1/alarms?sort=name&limit=2&cursor=a.2.%C2%B5%20y>; rel=\"next\"";
        assert_eq!(link, expected);
        let uri: Uri = "/api/v1/devices?offset=7&afterwards=1&limit=2"
            .parse()
            .unwrap();
        let link = next_link(&uri, Next::After("n.0.x"));
        let expected = "</api/v1/devices?afterwards=1&limit=2&after=n.0.x>; rel=\"next\"";
        assert_eq!(link, expected);
    }
}
