//! `POST /api/v1/scada/data`: readings in, acknowledged when they are durable.

mod body;
mod finder;
mod format;
mod mapping;
mod offer;
mod outcome;
mod posted;
mod refusals;
mod repeats;
mod seen;
mod sort;

use std::sync::Arc;
use std::time::Instant;

use axum::body::{Bytes, HttpBody as _};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use gridos_model::Timestamp;
use gridos_telemetry::Refusal;
use tokio::sync::OwnedSemaphorePermit;

use self::body::{Body, BodyError};
use self::format::{Coding, Format};
pub use self::mapping::{LineMapping, LineMappingError};
use self::offer::{NotOffered, count_refused, offer};
use self::outcome::{Accepted, outcome};
pub(crate) use self::repeats::Repeats;
use self::repeats::{Identity, Seen};
pub use self::seen::{LineFormat, SeenReading, see_readings};
use self::sort::{Sorted, sort};
use crate::alarms::idempotency_key;
use crate::body::now;
use crate::instance;
use crate::limit::Source;
use crate::parameters::Parameters;
use crate::problem::{Kind, Problem, ProblemAnswer};
use crate::receive::{Bounds, receive};
use crate::state::{Api, ApiState};

/// Bodies from this size on are decoded off the runtime, whose threads the sessions need.
const LARGE_BODY_BYTES: usize = 64 << 10;

/// Bodies up to this are read whoever else sends one; the connections bound their number.
const SMALL_BODY_BYTES: u64 = 64 << 10;

/// Takes readings; an answer of success means that they are on the disk.
///
/// One that is wrong spoils no other: it is told with its reason and its place. Line protocol is that
/// of InfluxDB; each field is a reading of the point that the engine's configuration maps it to,
/// `{measurement}.{field}` unless it says otherwise.
#[utoipa::path(
    post,
    path = "/api/v1/scada/data",
    tag = "readings",
    operation_id = "post_readings",
    params(
        ("format" = Option<String>, Query, description = "json, ndjson or line, whatever the Content-Type says"),
        ("precision" = Option<String>, Query, description = "Of line protocol: the unit of timestamps, ns, us, ms or s; ns unless given"),
        ("Idempotency-Key" = Option<String>, Header, description = "A name of this post, up to 255 bytes: the same post again is answered as the first was, for an hour, and until the engine is restarted"),
        ("Content-Encoding" = Option<String>, Header, description = "gzip, or none"),
    ),
    request_body(content(
        (Body = "application/json"),
        (String = "application/x-ndjson"),
        (String = "text/plain"),
    )),
    responses(
        (status = 200, body = Accepted, description = "All that can be taken is durable"),
        (status = 400, response = ProblemAnswer),
        (status = 408, response = ProblemAnswer),
        (status = 413, response = ProblemAnswer),
        (status = 415, response = ProblemAnswer),
        (status = 422, response = ProblemAnswer),
        (status = 429, response = ProblemAnswer),
        (status = 503, response = ProblemAnswer),
        (status = 504, response = ProblemAnswer),
    ),
    security(("token" = ["ingest"])),
)]
pub(crate) async fn post(
    State(api): State<Arc<Api>>,
    parameters: Parameters,
    request: Request,
) -> Result<Response, Problem> {
    if api.state.readiness.is_draining() {
        return Err(stopping());
    }
    let parameters = parameters.only(&["format", "precision"])?;
    let format = Format::of(request.headers(), &parameters)?;
    let coding = Coding::of(request.headers())?;
    let key = idempotency_key(request.headers())?;
    let source = Source::of(&request);
    api.limiter.check(source, Instant::now())?;
    // Small ones are many at a time, so that whoever sends slowly holds up nobody.
    let size = request.body().size_hint().upper();
    let is_small = size.is_some_and(|bytes| bytes <= SMALL_BODY_BYTES);
    let early = (!is_small).then(|| permit(&api)).transpose()?;
    let body = receive(request, &Bounds::of(&api.state.settings)).await?;
    let permit = match early {
        Some(permit) => permit,
        None => permit(&api)?,
    };
    let post = Post {
        format,
        coding,
        source,
        body,
        permit,
    };
    if key.is_empty() {
        return post.take(&api).await.map(|(response, _)| response);
    }
    let identity = Identity::new(&api.repeats, key, (&post.body, format, coding, source))?;
    match api.repeats.begin(identity).await? {
        Seen::Again(response) => Ok(response),
        // By itself: what was begun under a key ends, and is remembered, also if the client goes.
        Seen::First(turn) => {
            let taken = instance::carry(async move {
                let (response, is_offered) = match post.take(&api).await {
                    Ok(taken) => taken,
                    Err(problem) => (problem.into_response(), false),
                };
                match is_offered {
                    true => turn.answer(response).await,
                    false => response,
                }
            });
            let taken = tokio::spawn(taken).await;
            taken.map_err(|_| Problem::new(Kind::Internal, "the post could not be taken"))
        }
    }
}

/// Lets a post in, if not too many are under way.
fn permit(api: &Api) -> Result<OwnedSemaphorePermit, Problem> {
    Arc::clone(&api.posts).try_acquire_owned().map_err(|_| {
        let detail =
            "too many posts are under way; nothing of this request was taken; send it again";
        Problem::new(Kind::Busy, detail).retry_after_s(1)
    })
}

/// A post whose body is here.
struct Post {
    format: Format,
    coding: Coding,
    source: Source,
    body: Bytes,
    permit: OwnedSemaphorePermit,
}

impl Post {
    /// Takes the readings, and waits until they are durable; says as well whether any was offered.
    async fn take(self, api: &Api) -> Result<(Response, bool), Problem> {
        let Self {
            format,
            coding,
            source,
            body,
            permit: _permit,
        } = self;
        let state = &api.state;
        let (wire, received) = (Instant::now(), now());
        let sorted = sort_body(state, body, format, coding, received).await?;
        let accepted = sorted.accepted();
        let readings = sorted.refused.total.saturating_add(accepted as u64);
        api.limiter.charge(source, readings, wire);
        if accepted == 0 && !sorted.refused.is_empty() {
            let detail = "every reading was refused; the reasons are in 'refused' and 'refused_by'";
            let problem = Problem::new(Kind::NothingAccepted, detail).with("accepted", 0);
            return Err(sorted.refused.tell(problem));
        }
        // The draining may have begun while the body came.
        if state.readiness.is_draining() {
            count_refused(&state.intake, Refusal::Stopping, accepted);
            return Err(stopping().with("accepted", 0));
        }
        check_batches(state, &sorted)?;
        let offered = offer(
            &state.intake,
            &state.directory,
            sorted.groups,
            wire,
            received,
        );
        let offered = offered.map_err(|why| not_offered(state, why, accepted))?;
        let is_offered = !offered.taken.is_empty();
        let response = outcome(state, offered, sorted.refused, received).await;
        Ok((response.into_response(), is_offered))
    }
}

fn check_batches(state: &ApiState, sorted: &Sorted) -> Result<(), Problem> {
    let batches_max = state.settings.batches_per_post_max;
    if sorted.groups.len() <= batches_max {
        return Ok(());
    }
    count_refused(&state.intake, Refusal::Invalid, sorted.accepted());
    let detail = format!(
        "the readings need {} batches (one per device, or more); one post may fill \
         {batches_max}; nothing was taken; send them in several posts",
        sorted.groups.len()
    );
    Err(Problem::new(Kind::TooLarge, detail).with("accepted", 0))
}

pub(crate) fn stopping() -> Problem {
    let detail = "the engine takes nothing more; send the request to another one, or again after \
                  the restart";
    Problem::new(Kind::Stopping, detail).retry_after_s(5)
}

async fn sort_body(
    state: &ApiState,
    body: Bytes,
    format: Format,
    coding: Coding,
    received: Timestamp,
) -> Result<Sorted, Problem> {
    let directory = Arc::clone(&state.directory);
    let telemetry = Arc::clone(&state.telemetry);
    let mapping = state.settings.line_mapping.clone();
    let batch_max = state.settings.batch_readings_max.clamp(1, 65_536);
    let body_max = state.settings.body_bytes_max;
    let large = body.len() >= LARGE_BODY_BYTES || coding != Coding::Identity;
    let work = move || -> Result<Sorted, BodyError> {
        let body = coding.unpack(&body, body_max)?;
        let sorted = format.read(&body, &mapping, |items| {
            sort(items, &directory, received, batch_max)
        })?;
        // Refused here, never offered: so they are counted here.
        sorted.refused.enter(&telemetry.ledger);
        Ok(sorted)
    };
    let sorted = if large {
        let sorted = tokio::task::spawn_blocking(work).await;
        sorted.map_err(|_| Problem::new(Kind::Internal, "the body could not be decoded"))?
    } else {
        work()
    };
    sorted.map_err(|error| match error {
        BodyError::Empty | BodyError::Packed { .. } => {
            Problem::new(Kind::Malformed, error.to_string())
        }
        BodyError::Malformed { line, column, .. } => {
            let problem = Problem::new(Kind::Malformed, error.to_string());
            problem.with("line", line).with("column", column)
        }
        BodyError::TooMany { .. } | BodyError::Unpacked { .. } => {
            Problem::new(Kind::TooLarge, error.to_string())
        }
    })
}

/// Refuses the whole post, of which nothing was offered.
fn not_offered(state: &ApiState, NotOffered(why): NotOffered, readings: usize) -> Problem {
    count_refused(&state.intake, why, readings);
    let what = if why == Refusal::PoolEmpty {
        "no batch is free"
    } else {
        "the ring is full"
    };
    let detail = format!("{what}: nothing of this post was taken; send all of it again");
    Problem::new(Kind::Busy, detail)
        .with("accepted", 0)
        .retry_after_s(1)
}
