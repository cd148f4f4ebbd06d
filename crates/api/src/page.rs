//! The live page: a few files that are part of the program and ask nothing of anybody else. They
//! are made of `web/` (`npm run build` there), and `tests/run` compares them with what that makes.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::parameters::cut;
use crate::problem::ProblemAnswer;
use crate::problem::{Kind, Problem};
use crate::state::Api;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";
const TEXT: &str = "text/plain; charset=utf-8";

const INDEX: &str = include_str!("../page/index.html");

/// Name below `/assets/`, media type, text.
const ASSETS: [(&str, &str, &str); 4] = [
    ("page.css", CSS, include_str!("../page/page.css")),
    ("page.js", JS, include_str!("../page/page.js")),
    ("icon.svg", SVG, include_str!("../page/icon.svg")),
    ("licences.txt", TEXT, include_str!("../page/licences.txt")),
];

/// The files, each with its tag.
#[derive(Debug)]
pub(crate) struct Page {
    index: File,
    assets: Vec<(&'static str, File)>,
}

/// A file that stays what it is as long as the process runs.
#[derive(Debug)]
pub(crate) struct File {
    kind: &'static str,
    text: Bytes,
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
#[utoipa::path(
    get,
    path = "/",
    tag = "page",
    operation_id = "page",
    responses(
        (status = 200, body = String, content_type = "text/html; charset=utf-8", description = "The page"),
        (status = 304, description = "The browser has it"),
    ),
    security(()),
)]
pub(crate) async fn index(State(api): State<Arc<Api>>, headers: HeaderMap) -> Response {
    api.page.index.answer(&headers)
}

/// `GET /assets/{name}`.
#[utoipa::path(
    get,
    path = "/assets/{name}",
    tag = "page",
    operation_id = "asset",
    params(
        ("name" = String, Path, description = "The name of a file of the page"),
    ),
    responses(
        (status = 200, content((String = "text/css"), (String = "text/javascript"), (String = "image/svg+xml")), description = "The file"),
        (status = 304, description = "The browser has it"),
        (status = 404, response = ProblemAnswer),
    ),
    security(()),
)]
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
    pub(crate) fn new(kind: &'static str, text: impl Into<Bytes>) -> Self {
        let text = text.into();
        Self {
            kind,
            tag: format!("\"{:016x}\"", fingerprint(&text)),
            text,
        }
    }

    /// The file, or 304 if the browser has it already. Browsers always ask, so that a new version
    /// of the engine is a new page at once.
    pub(crate) fn answer(&self, request: &HeaderMap) -> Response {
        let known = request.get_all(header::IF_NONE_MATCH).iter().any(|tags| {
            let tags = tags.to_str().unwrap_or_default().split(',');
            tags.map(|tag| tag.trim().trim_start_matches("W/"))
                .any(|tag| tag == self.tag)
        });
        let mut response = if known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            ([(header::CONTENT_TYPE, self.kind)], self.text.clone()).into_response()
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
pub(crate) fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
