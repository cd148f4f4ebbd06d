//! What became of a post: known only when its receipts are back.

use axum::response::{IntoResponse, Response};
use gridos_model::Timestamp;
use gridos_ring::{Durable, Lost};
use gridos_telemetry::Refusal;
use serde::Serialize;
use tokio::time::{Instant, timeout_at};
use utoipa::ToSchema;

use super::offer::Offered;
use super::refusals::Refusals;
use super::sort::Group;
use crate::body;
use crate::problem::{Kind, Problem};
use crate::state::ApiState;
use crate::value::is_polled;

/// All that can be taken is durable.
#[derive(Serialize, ToSchema)]
#[schema(as = PostAccepted)]
pub(super) struct Accepted {
    accepted: usize,
    #[serde(flatten)]
    refused: Refusals,
    /// The journal position before which all of them stand; null if there was no reading.
    position: Option<u64>,
}

/// A reading that was taken, but is not known to be durable.
#[derive(Serialize)]
struct Unsettled {
    /// Its place in the post.
    index: usize,
    reason: &'static str,
}

/// Readings by what is known of them.
struct Outcome {
    durable: usize,
    position: Option<u64>,
    lost: Vec<Group>,
    left: Vec<Group>,
    why_left: Refusal,
    unknown: Vec<Group>,
}

/// Waits for the receipts and answers.
pub(super) async fn outcome(
    state: &ApiState,
    offered: Offered,
    refused: Refusals,
    received: Timestamp,
) -> Result<Response, Problem> {
    let deadline = Instant::now() + state.settings.receipt_timeout;
    let mut outcome = Outcome {
        durable: 0,
        position: None,
        lost: Vec::new(),
        left: offered.left,
        why_left: offered.why_left,
        unknown: Vec::new(),
    };
    for (group, receiver) in offered.taken {
        let readings = group.entries.len();
        match timeout_at(deadline, receiver.wait()).await {
            Ok(Ok(Durable { position })) => {
                outcome.durable += readings;
                outcome.position = outcome.position.max(Some(position));
                note_device(state, &group, received);
            }
            Ok(Err(Lost)) => outcome.lost.push(group),
            Err(_) => outcome.unknown.push(group),
        }
    }
    if outcome.is_whole() {
        let (accepted, position) = (outcome.durable, outcome.position);
        return Ok(body::json(&Accepted {
            accepted,
            refused,
            position,
        }));
    }
    Ok(outcome.problem(state, refused).into_response())
}

impl Outcome {
    fn is_whole(&self) -> bool {
        self.lost.is_empty() && self.left.is_empty() && self.unknown.is_empty()
    }

    /// Says precisely which readings are durable, which must be sent again, and which may not be
    /// sent again without the risk of storing them twice.
    fn problem(self, state: &ApiState, refused: Refusals) -> Problem {
        let seconds = state.settings.receipt_timeout.as_secs();
        let problem = if self.unknown.is_empty() {
            let detail = "the readings listed in 'send_again' are not durable: send those again, \
                          and only those";
            Problem::new(Kind::NotDurable, detail).retry_after_s(1)
        } else {
            let detail = format!(
                "the readings listed in 'unknown' were taken, but were not durable after \
                 {seconds} s: they may still become so. Sending them again may store them twice; \
                 ask GET /api/v1/scada/data first"
            );
            Problem::new(Kind::OutcomeUnknown, detail)
        };
        let of = |groups: &[Group], reason: &'static str| -> Vec<Unsettled> {
            let entries = groups.iter().flat_map(|group| &group.entries);
            entries
                .map(|entry| Unsettled {
                    index: entry.index,
                    reason,
                })
                .collect()
        };
        let mut send_again = of(&self.left, self.why_left.label());
        send_again.extend(of(&self.lost, "lost"));
        let problem = problem
            .with("accepted", self.durable)
            .with("send_again", send_again)
            .with("unknown", of(&self.unknown, "unknown"))
            .with("position", self.position);
        refused.tell(problem)
    }
}

/// A device that nobody polls is heard of by its posts alone; a polled one is up when it answers.
fn note_device(state: &ApiState, group: &Group, received: Timestamp) {
    if let Some(stats) = state.telemetry.devices.get(group.device.get())
        && !is_polled(state.directory.device(group.device))
    {
        stats.readings.add(group.entries.len() as u64);
        stats.answered(received.as_nanos());
    }
}
