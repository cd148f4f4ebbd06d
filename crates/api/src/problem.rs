//! Problems: every answer that is not a success, in one shape (RFC 9457).

use axum::body::to_bytes;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gridos_store::StoreError;
use gridos_telemetry::HttpRefusal;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use utoipa::{ToResponse, ToSchema};

use crate::instance;
use crate::parameters::cut;

/// What went wrong, whose fault it is, and what to do about it.
#[derive(Debug)]
pub(crate) struct Problem {
    kind: Kind,
    detail: String,
    retry_after_s: Option<u32>,
    /// The methods that work, for the header Allow.
    allow: Option<String>,
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
    OccurrenceMoved,
    NotNow,
    Invalid,
    VersionMoved,
    VersionMissing,
    NotRecorded,
    ConfigFaulty,
    NeedsRestart,
    ConfigReadOnly,
    ConfigUnreadable,
    ConfigUnavailable,
    ReloadFailed,
    Unauthenticated,
    Forbidden,
    TooManyAttempts,
    IssuerAway,
    NotAcceptable,
    RateLimited,
    KeyReused,
}

impl Kind {
    /// All of them.
    pub(crate) const ALL: [Self; 28] = [
        Self::Malformed,
        Self::BadParameter,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::SlowClient,
        Self::TooLarge,
        Self::MediaType,
        Self::NothingAccepted,
        Self::Internal,
        Self::Busy,
        Self::NotDurable,
        Self::Stopping,
        Self::DatabaseAway,
        Self::SlowAnswer,
        Self::OutcomeUnknown,
        Self::OccurrenceMoved,
        Self::NotNow,
        Self::Invalid,
        Self::VersionMoved,
        Self::VersionMissing,
        Self::NotRecorded,
        Self::NotAcceptable,
        Self::RateLimited,
        Self::KeyReused,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::TooManyAttempts,
        Self::IssuerAway,
    ];

    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Malformed | Self::BadParameter => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::SlowClient => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::OccurrenceMoved
            | Self::NotNow
            | Self::NeedsRestart
            | Self::ConfigReadOnly
            | Self::ConfigUnreadable
            | Self::ReloadFailed => StatusCode::CONFLICT,
            Self::VersionMoved => StatusCode::PRECONDITION_FAILED,
            Self::VersionMissing => StatusCode::PRECONDITION_REQUIRED,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            // draft-ietf-httpapi-idempotency-key-header §2.7
            Self::KeyReused | Self::NothingAccepted | Self::Invalid | Self::ConfigFaulty => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::TooManyAttempts => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy
            | Self::IssuerAway
            | Self::NotDurable
            | Self::NotRecorded
            | Self::ConfigUnavailable
            | Self::Stopping
            | Self::DatabaseAway => StatusCode::SERVICE_UNAVAILABLE,
            Self::SlowAnswer | Self::OutcomeUnknown => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// Why a request was refused, if it was for more than what it asked.
    pub(crate) fn refusal(self) -> Option<HttpRefusal> {
        match self {
            Self::Unauthenticated => Some(HttpRefusal::Unauthenticated),
            Self::Forbidden => Some(HttpRefusal::Forbidden),
            Self::RateLimited | Self::TooManyAttempts => Some(HttpRefusal::RateLimited),
            Self::TooLarge => Some(HttpRefusal::TooLarge),
            Self::Malformed => Some(HttpRefusal::Malformed),
            Self::MediaType => Some(HttpRefusal::MediaType),
            Self::SlowClient => Some(HttpRefusal::SlowClient),
            Self::Busy => Some(HttpRefusal::Busy),
            Self::SlowAnswer => Some(HttpRefusal::SlowAnswer),
            Self::Stopping => Some(HttpRefusal::Stopping),
            Self::BadParameter
            | Self::NotFound
            | Self::MethodNotAllowed
            | Self::NothingAccepted
            | Self::Internal
            | Self::NotDurable
            | Self::DatabaseAway
            | Self::OutcomeUnknown
            | Self::OccurrenceMoved
            | Self::NotNow
            | Self::Invalid
            | Self::VersionMoved
            | Self::VersionMissing
            | Self::NotRecorded
            | Self::NotAcceptable
            | Self::KeyReused
            | Self::IssuerAway
            | Self::ConfigFaulty
            | Self::NeedsRestart
            | Self::ConfigReadOnly
            | Self::ConfigUnreadable
            | Self::ConfigUnavailable
            | Self::ReloadFailed => None,
        }
    }

    /// Its name in its type.
    pub(crate) fn slug(self) -> &'static str {
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
            Self::OccurrenceMoved => "occurrence-moved",
            Self::NotNow => "not-now",
            Self::Invalid => "invalid",
            Self::VersionMoved => "version-moved",
            Self::VersionMissing => "version-missing",
            Self::NotRecorded => "not-recorded",
            Self::ConfigFaulty => "config-faulty",
            Self::NeedsRestart => "needs-restart",
            Self::ConfigReadOnly => "config-read-only",
            Self::ConfigUnreadable => "config-unreadable",
            Self::ConfigUnavailable => "config-unavailable",
            Self::ReloadFailed => "reload-failed",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::TooManyAttempts => "too-many-attempts",
            Self::IssuerAway => "issuer-away",
            Self::NotAcceptable => "not-acceptable",
            Self::RateLimited => "rate-limited",
            Self::KeyReused => "key-reused",
        }
    }

    /// What it is, for people.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Malformed => "The body cannot be read",
            Self::BadParameter => "A parameter is wrong",
            Self::NotFound => "There is no such thing here",
            Self::MethodNotAllowed => "The method does not fit",
            Self::SlowClient => "The request came too slowly",
            Self::TooLarge => "The request is too large",
            Self::MediaType => "The body's type is not taken",
            Self::NothingAccepted => "No reading was accepted",
            Self::Internal => "The engine failed",
            Self::Busy => "The engine is at its limit",
            Self::NotDurable => "Not all readings are durable",
            Self::Stopping => "The engine is stopping",
            Self::DatabaseAway => "The database is away",
            Self::SlowAnswer => "The answer took too long",
            Self::OutcomeUnknown => "The outcome is unknown",
            Self::OccurrenceMoved => "The alarm is at another occurrence",
            Self::NotNow => "The alarm's state does not allow it",
            Self::Invalid => "The request makes no sense",
            Self::VersionMoved => "The definition was changed meanwhile",
            Self::VersionMissing => "The version is missing",
            Self::NotRecorded => "The command is not recorded",
            Self::ConfigFaulty => "The configuration has faults",
            Self::NeedsRestart => "The change needs a restart",
            Self::ConfigReadOnly => "The configuration file cannot be written",
            Self::ConfigUnreadable => "The configuration file cannot be read",
            Self::ConfigUnavailable => "The configuration cannot be changed now",
            Self::ReloadFailed => "The configuration could not be put into effect",
            Self::Unauthenticated => "It is not known who asks",
            Self::Forbidden => "That is not allowed",
            Self::TooManyAttempts => "There were too many wrong attempts",
            Self::IssuerAway => "The identity provider does not answer",
            Self::NotAcceptable => "The answer has no such type",
            Self::RateLimited => "There is too much from one client",
            Self::KeyReused => "The key was given with another request",
        }
    }

    /// What the client can do about it.
    pub(crate) fn hint(self) -> &'static str {
        match self {
            Self::Malformed => "Correct the body at the place that is told, and send it again.",
            Self::BadParameter => "Correct the parameter; /api/v1/reference has all of them.",
            Self::NotFound => "Look at the spelling; /api/v1/reference has all endpoints.",
            Self::MethodNotAllowed => "Use one of the methods in the header Allow.",
            Self::SlowClient => "Send the whole request at once.",
            Self::TooLarge => "Send it in several parts.",
            Self::MediaType => "Send one of the types that /api/v1/reference names.",
            Self::NothingAccepted | Self::Invalid => {
                "Correct what 'detail' tells, and send it again."
            }
            Self::Internal => "Tell whoever runs the engine; its log says more.",
            Self::Busy | Self::RateLimited => {
                "Wait as long as Retry-After says, and send it again."
            }
            Self::NotDurable => "Send again what is in 'send_again', and only that.",
            Self::Stopping => "Ask another engine, or wait for the restart.",
            Self::DatabaseAway => "Try again later; live values and alarms go on.",
            Self::SlowAnswer => "Ask for a shorter range or fewer rows.",
            Self::OutcomeUnknown => "Look what became of it before it is sent again.",
            Self::OccurrenceMoved | Self::NotNow => "Look at the alarm again.",
            Self::VersionMoved => "Look at the definition again, and change that.",
            Self::VersionMissing => "Send the ETag that was seen as If-Match.",
            Self::NotRecorded => "Give the command again with the same Idempotency-Key.",
            Self::NotAcceptable => "Accept one of the types that /api/v1/reference names.",
            Self::KeyReused => "Give each request a key of its own.",
            Self::Unauthenticated => "Sign in, or send a token in the header Authorization.",
            Self::Forbidden => "Ask who runs the engine for a role that may do it.",
            Self::TooManyAttempts => "Wait as long as Retry-After says.",
            Self::IssuerAway => "Try again later, or sign in with a user of the engine.",
            Self::ConfigFaulty => "Correct the lines that are told; nothing was changed.",
            Self::NeedsRestart => {
                "Write it into the file and restart, or leave that part as it is."
            }
            Self::ConfigReadOnly => "Change the file where it comes from, and reload.",
            Self::ConfigUnreadable => "Make the file readable for the engine.",
            Self::ConfigUnavailable => {
                "Wait for the reload under way, or look whether the engine stops."
            }
            Self::ReloadFailed => "What was before goes on; look at 'detail' and at the log.",
        }
    }
}

impl Problem {
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            retry_after_s: None,
            allow: None,
            members: Vec::new(),
        }
    }

    /// The status it is answered with.
    pub(crate) fn status(&self) -> u16 {
        self.kind.status().as_u16()
    }

    /// What happened, and what to do.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// Asks the client to try again after `seconds`.
    pub(crate) fn retry_after_s(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// Says which methods work.
    pub(crate) fn allow(mut self, methods: String) -> Self {
        self.allow = Some(methods);
        self
    }

    /// Adds a member of its own to the answer.
    pub(crate) fn with(mut self, name: &'static str, value: impl Serialize) -> Self {
        self.members.push((name, to_raw_value(&value).ok()));
        self
    }
}

/// The longest text of a foreign problem that is repeated.
const FOREIGN_BYTES_MAX: usize = 4 << 10;

/// The answer as it is, or as a problem if something else than a handler said no.
pub(crate) async fn as_problem(response: Response) -> Response {
    let status = response.status();
    let is_json = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().ends_with(b"json"));
    if is_json || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (head, body) = response.into_parts();
    let body = to_bytes(body, FOREIGN_BYTES_MAX).await.unwrap_or_default();
    let text = cut(&String::from_utf8_lossy(&body));
    let detail = match text.trim() {
        "" => "the request cannot be answered".to_owned(),
        text => text.to_owned(),
    };
    let kind = Kind::ALL.into_iter().find(|kind| kind.status() == status);
    let kind = kind.unwrap_or(if status.is_client_error() {
        Kind::Malformed
    } else {
        Kind::Internal
    });
    let mut response = Problem::new(kind, detail).into_response();
    if let Some(allow) = head.headers.get(header::ALLOW) {
        response.headers_mut().insert(header::ALLOW, allow.clone());
    }
    response
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Away { .. } | StoreError::Busy { .. } | StoreError::ReadOnly { .. } => {
                // What the driver said may name hosts and users: it is for the log.
                tracing::warn!(%error, "a question to the store failed");
                let detail = "the history cannot be read now; live values and alarms go on, and \
                              readings are kept in the journal; try again later";
                Self::new(Kind::DatabaseAway, detail).retry_after_s(5)
            }
            StoreError::TooLarge { reason } => Self::new(Kind::SlowAnswer, reason),
            StoreError::Full { .. }
            | StoreError::Forbidden { .. }
            | StoreError::Moved { .. }
            | StoreError::Schema { .. }
            | StoreError::Content { .. }
            | StoreError::Refused { .. } => {
                tracing::error!(%error, "the store refused a question");
                let detail = "the database refused the question; see the log of the engine";
                Self::new(Kind::Internal, detail)
            }
        }
    }
}

/// What is wrong, where, and what to do: the answer to whatever is no success (RFC 9457).
///
/// Some kinds have members of their own, such as `errors` or `send_again`.
#[derive(ToSchema)]
#[schema(as = Problem)]
#[expect(dead_code, reason = "the shape of what is written by hand")]
pub(crate) struct Shape {
    /// Which kind of problem, for ever: `urn:gridos:problem:` and a word.
    r#type: String,
    /// The kind, for people.
    title: String,
    /// The status of the answer.
    status: u16,
    /// What happened, and where.
    detail: String,
    /// What to do about it.
    hint: String,
    /// Which request it was: its path, and a number that the engine's log has as well.
    instance: Option<String>,
}

/// The answer that a problem is.
#[derive(ToResponse)]
#[response(
    description = "What is wrong, and what to do",
    content_type = "application/problem+json"
)]
#[expect(dead_code, reason = "it names the answer in the document")]
pub(crate) struct ProblemAnswer(Shape);

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = serializer.serialize_map(None)?;
        let kind = format!("urn:gridos:problem:{}", self.kind.slug());
        body.serialize_entry("type", &kind)?;
        body.serialize_entry("title", self.kind.title())?;
        body.serialize_entry("status", &self.kind.status().as_u16())?;
        body.serialize_entry("detail", &self.detail)?;
        body.serialize_entry("hint", self.kind.hint())?;
        if let Some(instance) = instance::current() {
            body.serialize_entry("instance", &instance)?;
        }
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
        response.extensions_mut().insert(self.kind);
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if let Some(methods) = self.allow.and_then(|text| HeaderValue::try_from(text).ok()) {
            headers.insert(header::ALLOW, methods);
        }
        response
    }
}
