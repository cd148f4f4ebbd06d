//! Model types as JSON shows them; the model itself knows no format.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use gridos_model::{Quality, Timestamp};
use serde::{Serialize, Serializer};
use utoipa::openapi::schema::{ArrayBuilder, KnownFormat, ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{RefOr, Schema, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use crate::problem::{Kind, Problem};

/// An instant: RFC 3339 in UTC.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time(pub(crate) Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("An instant, in UTC"))
            .into()
    }
}

impl ToSchema for Time {}

/// What is known against a value: a list of names, empty for a good one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flags(pub(crate) Quality);

impl Serialize for Flags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.names())
    }
}

impl PartialSchema for Flags {
    fn schema() -> RefOr<Schema> {
        let flag = ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(Quality::all().names()));
        ArrayBuilder::new()
            .items(flag)
            .description(Some("What is known against a value; empty for a good one"))
            .into()
    }
}

impl ToSchema for Flags {}

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

impl PartialSchema for Number {
    fn schema() -> RefOr<Schema> {
        let infinite = ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(["Infinity", "-Infinity"]));
        OneOfBuilder::new()
            .item(ObjectBuilder::new().schema_type(Type::Number))
            .item(infinite)
            .description(Some("A number; null stands for NaN"))
            .into()
    }
}

impl ToSchema for Number {}

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
