//! The live page: a few files that are part of the program and ask nothing of anybody else.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::parameters::cut;
use crate::problem::{Kind, Problem};
use crate::state::Api;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

const INDEX: &str = include_str!("../page/index.html");

/// Name below `/assets/`, media type, text.
const ASSETS: [(&str, &str, &str); 11] = [
    ("page.css", CSS, include_str!("../page/page.css")),
    ("icon.svg", SVG, include_str!("../page/icon.svg")),
    ("main.js", JS, include_str!("../page/main.js")),
    ("engine.js", JS, include_str!("../page/engine.js")),
    ("text.js", JS, include_str!("../page/text.js")),
    ("rows.js", JS, include_str!("../page/rows.js")),
    ("head.js", JS, include_str!("../page/head.js")),
    ("alarms.js", JS, include_str!("../page/alarms.js")),
    ("devices.js", JS, include_str!("../page/devices.js")),
    ("points.js", JS, include_str!("../page/points.js")),
    ("trend.js", JS, include_str!("../page/trend.js")),
];

/// The files, each with its tag.
#[derive(Debug)]
pub(crate) struct Page {
    index: File,
    assets: Vec<(&'static str, File)>,
}

#[derive(Debug)]
struct File {
    kind: &'static str,
    text: &'static str,
    tag: String,
}

impl Page {
    pub(crate) fn new() -> Self {
        let assets = ASSETS.into_iter();
        Self {
            index: File::new(HTML, INDEX),
            assets: assets
                .map(|(name, kind, text)| (name, File::new(kind, text)))
                .collect(),
        }
    }
}

/// `GET /`.
pub(crate) async fn index(State(api): State<Arc<Api>>, headers: HeaderMap) -> Response {
    api.page.index.answer(&headers)
}

/// `GET /assets/{name}`.
pub(crate) async fn asset(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let found = api.page.assets.iter().find(|(own, _)| *own == name);
    let (_, file) = found.ok_or_else(|| {
        Problem::new(
            Kind::NotFound,
            format!("the page has no file '{}'", cut(&name)),
        )
    })?;
    Ok(file.answer(&headers))
}

impl File {
    fn new(kind: &'static str, text: &'static str) -> Self {
        Self {
            kind,
            text,
            tag: format!("\"{:016x}\"", fingerprint(text.as_bytes())),
        }
    }

    /// The file, or 304 if the browser has it already. Browsers always ask, so that a new version
    /// of the engine is a new page at once.
    fn answer(&self, request: &HeaderMap) -> Response {
        let known = request.get_all(header::IF_NONE_MATCH).iter().any(|tags| {
            let tags = tags.to_str().unwrap_or_default().split(',');
            tags.map(|tag| tag.trim().trim_start_matches("W/"))
                .any(|tag| tag == self.tag)
        });
        let mut response = if known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            ([(header::CONTENT_TYPE, self.kind)], self.text).into_response()
        };
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        if let Ok(tag) = HeaderValue::from_str(&self.tag) {
            headers.insert(header::ETAG, tag);
        }
        response
    }
}

/// FNV-1a, 64 bit: tells versions of a file apart; nobody gains by forging one.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
