//! Problems: every answer that is not a success, in one shape (RFC 9457).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gridos_store::StoreError;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

/// What went wrong, whose fault it is, and what to do about it.
#[derive(Debug)]
pub(crate) struct Problem {
    kind: Kind,
    detail: String,
    retry_after_s: Option<u32>,
    /// Already written: a list of thousands takes many times its text as a tree of values.
    members: Vec<(&'static str, Option<Box<RawValue>>)>,
}

/// The kinds of problems; each has one status, one title and one type for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Malformed,
    BadParameter,
    NotFound,
    MethodNotAllowed,
    SlowClient,
    TooLarge,
    MediaType,
    NothingAccepted,
    Internal,
    Busy,
    NotDurable,
    Stopping,
    DatabaseAway,
    SlowAnswer,
    OutcomeUnknown,
}

impl Kind {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Malformed | Self::BadParameter => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::SlowClient => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NothingAccepted => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Busy | Self::NotDurable | Self::Stopping | Self::DatabaseAway => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::SlowAnswer | Self::OutcomeUnknown => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    fn slug(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::BadParameter => "bad-parameter",
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::SlowClient => "slow-client",
            Self::TooLarge => "too-large",
            Self::MediaType => "media-type",
            Self::NothingAccepted => "nothing-accepted",
            Self::Internal => "internal",
            Self::Busy => "busy",
            Self::NotDurable => "not-durable",
            Self::Stopping => "stopping",
            Self::DatabaseAway => "database-away",
            Self::SlowAnswer => "slow-answer",
            Self::OutcomeUnknown => "outcome-unknown",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Malformed => "The body cannot be read",
            Self::BadParameter => "A parameter is wrong",
            Self::NotFound => "There is no such thing here",
            Self::MethodNotAllowed => "The method does not fit",
            Self::SlowClient => "The request came too slowly",
            Self::TooLarge => "The request is too large",
            Self::MediaType => "The body must be JSON",
            Self::NothingAccepted => "No reading was accepted",
            Self::Internal => "The engine failed",
            Self::Busy => "The engine is at its limit",
            Self::NotDurable => "Not all readings are durable",
            Self::Stopping => "The engine is stopping",
            Self::DatabaseAway => "The database is away",
            Self::SlowAnswer => "The answer took too long",
            Self::OutcomeUnknown => "The outcome is unknown",
        }
    }
}

impl Problem {
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            retry_after_s: None,
            members: Vec::new(),
        }
    }

    /// Asks the client to try again after `seconds`.
    pub(crate) fn retry_after_s(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// Adds a member of its own to the answer.
    pub(crate) fn with(mut self, name: &'static str, value: impl Serialize) -> Self {
        self.members.push((name, to_raw_value(&value).ok()));
        self
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Away { .. } => {
                // What the driver said may name hosts and users: it is for the log.
                tracing::warn!(%error, "a question to the store failed");
                let detail = "the history cannot be read now; live values and alarms go on, and \
                              readings are kept in the journal; try again later";
                Self::new(Kind::DatabaseAway, detail).retry_after_s(5)
            }
            StoreError::Moved { .. } | StoreError::Schema { .. } | StoreError::Refused { .. } => {
                tracing::error!(%error, "the store refused a question");
                let detail = "the database refused the question; see the log of the engine";
                Self::new(Kind::Internal, detail)
            }
        }
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = serializer.serialize_map(None)?;
        let kind = format!("urn:gridos:problem:{}", self.kind.slug());
        body.serialize_entry("type", &kind)?;
        body.serialize_entry("title", self.kind.title())?;
        body.serialize_entry("status", &self.kind.status().as_u16())?;
        body.serialize_entry("detail", &self.detail)?;
        for (name, value) in &self.members {
            body.serialize_entry(name, value)?;
        }
        body.end()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.kind.status();
        // Texts and what was written before: there is nothing that could fail.
        let body = serde_json::to_string(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
