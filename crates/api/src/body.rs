//! Model types as JSON shows them; the model itself knows no format.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use gridos_model::{Quality, Timestamp};
use serde::{Serialize, Serializer};

use crate::problem::{Kind, Problem};

/// An instant: RFC 3339 in UTC.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time(pub(crate) Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// What is known against a value: a list of names, empty for a good one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flags(pub(crate) Quality);

impl Serialize for Flags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.names())
    }
}

/// A number; an infinite one is the text `Infinity` or `-Infinity`, and NaN is null, because JSON
/// has no such numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number(pub(crate) f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_infinite() {
            let text = if self.0 > 0.0 {
                "Infinity"
            } else {
                "-Infinity"
            };
            serializer.serialize_str(text)
        } else {
            // The library writes NaN as null.
            serializer.serialize_f64(self.0)
        }
    }
}

/// The answer that `value` is as JSON.
pub(crate) fn json(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => {
            let kind = HeaderValue::from_static("application/json");
            ([(header::CONTENT_TYPE, kind)], body).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written as JSON");
            Problem::new(
                Kind::Internal,
                "the answer cannot be written; see the log of the engine",
            )
            .into_response()
        }
    }
}

/// Now, on the engine's clock.
pub(crate) fn now() -> Timestamp {
    std::time::SystemTime::now().into()
}
