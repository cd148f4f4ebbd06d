//! Bodies of requests: JSON, whole, in time, and not too large.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};

use crate::problem::{Kind, Problem};
use crate::state::ApiState;

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

/// The whole body of `request`.
pub(crate) async fn receive(state: &ApiState, request: Request) -> Result<Bytes, Problem> {
    let patience = state.settings.reading_timeout;
    let body = tokio::time::timeout(patience, Bytes::from_request(request, &()))
        .await
        .map_err(|_| {
            let detail = format!("the body was not complete after {patience:?}; nothing was taken");
            Problem::new(Kind::SlowClient, detail)
        })?;
    body.map_err(|rejection: BytesRejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            let most = state.settings.body_bytes_max;
            let detail = format!("a body may have {most} bytes; send it in several parts");
            Problem::new(Kind::TooLarge, detail)
        } else {
            Problem::new(Kind::Malformed, "the body broke off; nothing was taken")
        }
    })
}
