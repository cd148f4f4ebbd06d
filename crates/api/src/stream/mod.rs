//! `GET /api/v1/stream`: chosen points, devices and the overview, live, as server-sent events.
//!
//! The first event is `snapshot`: everything that was asked for. A `delta` has what changed since,
//! and nothing that a newer value has overtaken; `beat` shows that the stream is there while nothing
//! changes. A client that puts what comes in the place of what it had has the engine's values.
//! Whoever comes again gets a snapshot again: values are a table, and nothing is replayed.

mod asked;
mod follower;
mod piece;
mod rows;
mod subscription;
mod table;
mod writing;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use futures_util::stream;

use self::asked::Asked;
use self::follower::Follower;
pub(crate) use self::table::Table;
use crate::parameters::Parameters;
use crate::problem::{Problem, ProblemAnswer};
use crate::sse;
use crate::state::Api;

/// Chosen points, devices and the overview, live.
///
/// The first event is `snapshot`, then come `delta` with what changed and `beat` while nothing does.
/// Parameters: `points` (full names, or `DEVICE.*` for all of a device, with commas between),
/// `devices` (names with commas between), `overview` (true: wanted), `every` (250ms to 10s: how often
/// changes are told at most).
#[utoipa::path(
    get,
    path = "/api/v1/stream",
    tag = "devices",
    operation_id = "stream",
    params(
        ("points" = Option<String>, Query, description = "Full names, or DEVICE.* for all of a device, with commas between; at most 500 names and 20000 points"),
        ("devices" = Option<String>, Query, description = "Names with commas between; at most 500"),
        ("overview" = Option<bool>, Query, description = "Whether the overview is wanted: what /api/v1/scada/status says, every second"),
        ("every" = Option<String>, Query, description = "How often changes are told at most: 250ms (unless given) to 10s"),
    ),
    responses(
        (status = 200, body = String, content_type = "text/event-stream", description = "Events `snapshot`, `delta` and `beat`, without end"),
        (status = 400, response = ProblemAnswer),
        (status = 404, response = ProblemAnswer),
        (status = 503, response = ProblemAnswer),
    ),
    security(("token" = ["viewer"])),
)]
pub(crate) async fn stream(
    State(api): State<Arc<Api>>,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let asked = Asked::of(&api.state, parameters)?;
    let guest = api.streams.enter(&api.state.telemetry)?;
    let subscription = api.table.subscribe(&api, &asked).await;
    let follower = Follower::new(api, subscription, guest, asked.every);
    let pieces = stream::unfold(follower, |mut follower| async {
        let piece = follower.next().await?;
        Some((piece, follower))
    });
    Ok(sse::response(Body::from_stream(pieces)))
}
