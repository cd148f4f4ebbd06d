//! Bodies of requests: whole, in time, and not too large.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};

use crate::problem::{Kind, Problem};
use crate::settings::Settings;

/// Another type would let any web page post here with a form of its own, without a preflight.
pub(crate) fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let essence = essence(headers);
    let is_json = essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"));
    if !is_json {
        let detail = "send the header Content-Type: application/json";
        return Err(Problem::new(Kind::MediaType, detail));
    }
    if headers.contains_key(header::CONTENT_ENCODING) {
        let detail = "send the body as it is, without a Content-Encoding";
        return Err(Problem::new(Kind::MediaType, detail));
    }
    Ok(())
}

/// The media type of a body without its parameters, in lower case; empty if none is given.
pub(crate) fn essence(headers: &HeaderMap) -> String {
    let given = headers.get(header::CONTENT_TYPE);
    let given = given
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// What a body may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) bytes_max: usize,
    /// How long it may take to come.
    pub(crate) patience: Duration,
    /// What to do about one that is larger.
    pub(crate) instead: &'static str,
}

impl Bounds {
    /// Those of most bodies.
    pub(crate) fn of(settings: &Settings) -> Self {
        Self {
            bytes_max: settings.body_bytes_max,
            patience: settings.reading_timeout,
            instead: "send it in several parts",
        }
    }
}

/// The whole body of `request`.
pub(crate) async fn receive(mut request: Request, bounds: &Bounds) -> Result<Bytes, Problem> {
    let Bounds {
        bytes_max,
        patience,
        instead,
    } = bounds;
    DefaultBodyLimit::max(*bytes_max).apply(&mut request);
    let body = tokio::time::timeout(*patience, Bytes::from_request(request, &()))
        .await
        .map_err(|_| {
            let detail = format!("the body was not complete after {patience:?}; nothing was taken");
            Problem::new(Kind::SlowClient, detail)
        })?;
    body.map_err(|rejection: BytesRejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            let detail = format!("the body may have {bytes_max} bytes; {instead}");
            Problem::new(Kind::TooLarge, detail)
        } else {
            Problem::new(Kind::Malformed, "the body broke off; nothing was taken")
        }
    })
}
