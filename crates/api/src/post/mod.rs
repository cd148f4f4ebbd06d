//! `POST /api/v1/scada/data`: readings in, acknowledged when they are durable.

mod body;
mod offer;
mod outcome;
mod refusals;
mod sort;

use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use gridos_model::Timestamp;
use gridos_telemetry::Refusal;

use self::body::{BodyError, read_body};
use self::offer::{NotOffered, count_refused, offer};
use self::outcome::outcome;
use self::sort::{Sorted, sort};
use crate::body::now;
use crate::problem::{Kind, Problem};
use crate::state::{Api, ApiState};

/// Bodies from this size on are decoded off the runtime, whose threads the sessions need.
const LARGE_BODY_BYTES: usize = 64 << 10;

pub(crate) async fn post(
    State(api): State<Arc<Api>>,
    request: Request,
) -> Result<Response, Problem> {
    let state = &api.state;
    if state.readiness.is_draining() {
        return Err(stopping());
    }
    check_media_type(request.headers())?;
    let Ok(_permit) = api.posts.try_acquire() else {
        let detail =
            "too many posts are under way; nothing of this request was read; send it again";
        return Err(Problem::new(Kind::Busy, detail).retry_after_s(1));
    };
    let body = receive(state, request).await?;
    let (wire, received) = (Instant::now(), now());
    let sorted = sort_body(state, body, received).await?;
    let accepted = sorted.accepted();
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
    let batches_max = state.settings.batches_per_post_max;
    if sorted.groups.len() > batches_max {
        count_refused(&state.intake, Refusal::Invalid, accepted);
        let detail = format!(
            "the readings need {} batches (one per device, or more); one post may fill \
             {batches_max}; nothing was taken; send them in several posts",
            sorted.groups.len()
        );
        return Err(Problem::new(Kind::TooLarge, detail).with("accepted", 0));
    }
    let offered = offer(
        &state.intake,
        &state.directory,
        sorted.groups,
        wire,
        received,
    );
    let offered = offered.map_err(|why| not_offered(state, why, accepted))?;
    outcome(state, offered, sorted.refused, received).await
}

fn stopping() -> Problem {
    let detail = "the engine takes nothing more; send the request to another one, or again after \
                  the restart";
    Problem::new(Kind::Stopping, detail).retry_after_s(5)
}

/// Another type would let any web page post here with a form of its own, without a preflight.
fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = given
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    let essence = essence.to_ascii_lowercase();
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

async fn receive(state: &ApiState, request: Request) -> Result<Bytes, Problem> {
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
            let detail =
                format!("a body may have {most} bytes; send the readings in several posts");
            Problem::new(Kind::TooLarge, detail)
        } else {
            Problem::new(Kind::Malformed, "the body broke off; nothing was taken")
        }
    })
}

async fn sort_body(state: &ApiState, body: Bytes, received: Timestamp) -> Result<Sorted, Problem> {
    let directory = Arc::clone(&state.directory);
    let telemetry = Arc::clone(&state.telemetry);
    let batch_max = state.settings.batch_readings_max.clamp(1, 65_536);
    let large = body.len() >= LARGE_BODY_BYTES;
    let work = move || -> Result<Sorted, BodyError> {
        let sorted = sort(&read_body(&body)?, &directory, received, batch_max);
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
        BodyError::Empty => Problem::new(Kind::Malformed, error.to_string()),
        BodyError::Malformed { line, column, .. } => {
            let problem = Problem::new(Kind::Malformed, error.to_string());
            problem.with("line", line).with("column", column)
        }
        BodyError::TooMany { .. } => Problem::new(Kind::TooLarge, error.to_string()),
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
