//! `GET /api/v1/alarms/stream`: the table of alarms, and then everything that happens to it, as
//! server-sent events.
//!
//! The first event is `snapshot`, in parts if there are many alarms: all that are not at rest as of
//! the record `sequence`. Then comes one `record` for each that follows, without gaps. A client that
//! puts `after` in the place of its alarm's facts, and forgets the alarm when its `state` is normal,
//! has exactly the engine's table. What an earlier life of the engine left active is marked as
//! `unconfirmed`; `confirmed` names the alarms whose mark is gone, for which there is no record. Whoever was away says with `Last-Event-ID` what they have; if that
//! is too long ago, they get a snapshot again, whose `part` 0 tells them to forget what they had. With
//! `wait=0` the stream ends when everything is told, for clients that rather come again than hold a connection;
//! such a request takes no place of a stream.

mod follower;
mod frame;

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use futures_util::stream;

use self::follower::Follower;
use self::frame::Seen;
use crate::parameters::Parameters;
use crate::problem::{Problem, ProblemAnswer};
use crate::sse;
use crate::state::Api;

/// The table of alarms, and then everything that happens to it.
#[utoipa::path(
    get,
    path = "/api/v1/alarms/stream",
    tag = "alarms",
    operation_id = "alarm_stream",
    params(
        ("wait" = Option<String>, Query, description = "0: the stream ends when everything is told; who comes again with Last-Event-ID gets what is new, and takes none of streams_max places. 1 unless given"),
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was received"),
    ),
    responses(
        (status = 200, body = String, content_type = "text/event-stream", description = "Events `snapshot`, `record` and `confirmed`, without end unless wait=0"),
        (status = 400, response = ProblemAnswer),
        (status = 503, response = ProblemAnswer),
    ),
    security(("token" = ["viewer"])),
)]
pub(crate) async fn stream(
    State(api): State<Arc<Api>>,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let waits = parameters.only(&["wait"])?.flag("wait", true)?;
    let telemetry = &api.state.telemetry;
    let guest = match waits {
        true => api.streams.enter(telemetry)?,
        false => api.streams.visit(telemetry),
    };
    let life = api.streams.life;
    let last = headers.get("last-event-id");
    let last = last.and_then(|value| value.to_str().ok());
    let follower = Follower::new(
        Arc::clone(&api.state.alarms),
        Arc::clone(&api.state.book),
        guest,
        life,
        waits,
        last.and_then(|text| Seen::of(text, life)),
    );
    let pieces = stream::unfold(follower, |mut follower| async {
        let piece = follower.next().await?;
        Some((Ok::<_, Infallible>(piece), follower))
    });
    Ok(sse::response(Body::from_stream(pieces)))
}
