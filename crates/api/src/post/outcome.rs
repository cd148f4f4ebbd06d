//! What became of a post: known only when its receipts are back.

use axum::response::{IntoResponse, Response};
use gridos_model::Timestamp;
use gridos_ring::{Durable, Lost};
use gridos_telemetry::Refusal;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::offer::Offered;
use super::sort::{Group, RefusedReading};
use crate::body;
use crate::problem::{Kind, Problem};
use crate::state::ApiState;

/// All that can be taken is durable.
#[derive(Serialize)]
struct Accepted {
    accepted: usize,
    refused: Vec<RefusedReading>,
    /// The journal position before which all of them stand; null if there was no reading.
    position: Option<u64>,
}

/// Readings by what is known of them.
#[derive(Default)]
struct Outcome {
    durable: usize,
    position: Option<u64>,
    lost: Vec<Group>,
    left: Vec<Group>,
    unknown: Vec<Group>,
}

/// Waits for the receipts and answers.
pub(super) async fn outcome(
    state: &ApiState,
    offered: Offered,
    refused: Vec<RefusedReading>,
    received: Timestamp,
) -> Result<Response, Problem> {
    let deadline = Instant::now() + state.settings.receipt_timeout;
    let mut outcome = Outcome {
        left: offered.left,
        ..Outcome::default()
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
    fn problem(self, state: &ApiState, refused: Vec<RefusedReading>) -> Problem {
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
        let of = |groups: &[Group], reason: &str| -> Vec<Value> {
            let entries = groups.iter().flat_map(|group| &group.entries);
            entries
                .map(|entry| json!({ "index": entry.index, "reason": reason }))
                .collect()
        };
        let mut send_again = of(&self.left, Refusal::RingFull.label());
        send_again.extend(of(&self.lost, "lost"));
        problem
            .with("accepted", self.durable)
            .with("refused", refused)
            .with("send_again", send_again)
            .with("unknown", of(&self.unknown, "unknown"))
            .with("position", self.position)
    }
}

/// A device that nobody polls is heard of by its posts alone.
fn note_device(state: &ApiState, group: &Group, received: Timestamp) {
    if let Some(stats) = state.telemetry.devices.get(group.device.get())
        && stats.polls.get() == 0
    {
        stats.readings.add(group.entries.len() as u64);
        stats.answered(received.as_nanos());
    }
}
