//! `POST /api/v1/alarms/ack`: many alarms that somebody has seen, each named. There is no "all":
//! what came meanwhile was not seen.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use futures_util::StreamExt;
use futures_util::stream;
use gridos_alarm::{Command, Order};
use gridos_model::Note;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Done, give, idempotency_key, level, note, read};
use crate::access::Commander;
use crate::alarms::named::alarm_of;
use crate::body::json;
use crate::problem::ProblemAnswer;
use crate::problem::{Kind, Problem};
use crate::state::{Api, ApiState};

/// The most alarms that can be acknowledged by one request.
const ALARMS_MAX: usize = 1_000;

/// So many are under way at once, so that other commands find room beside them.
const AT_ONCE: usize = 256;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Acknowledgement)]
struct Asked {
    alarms: Vec<Seen>,
    #[serde(default)]
    by: String,
    #[serde(default)]
    comment: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SeenAlarm)]
struct Seen {
    alarm: String,
    occurrence: u64,
    worst_level: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = AcknowledgementResults)]
struct Results {
    acknowledged: usize,
    refused: usize,
    /// In the order asked.
    results: Vec<Done>,
}

/// Acknowledges each alarm of a list; one that is refused holds no other back.
#[utoipa::path(
    post,
    path = "/api/v1/alarms/ack",
    tag = "alarms",
    operation_id = "acknowledge_alarms",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "A name of this request: the same one again does nothing, and is answered alike"),
    ),
    request_body = Asked,
    responses(
        (status = 200, body = Results, description = "What became of each, in the order asked"),
        (status = 400, response = ProblemAnswer),
        (status = 422, response = ProblemAnswer),
        (status = 503, response = ProblemAnswer),
    ),
    security(("token" = ["operator"])),
)]
pub(crate) async fn acknowledge(
    State(api): State<Arc<Api>>,
    request: Request,
) -> Result<Response, Problem> {
    let key = idempotency_key(request.headers())?;
    let by = Commander::of(request.extensions());
    let asked: Asked = read(&api, request).await?;
    let note = note(by.name(&asked.by)?, &asked.comment, &key)?;
    let count = asked.alarms.len();
    if !(1..=ALARMS_MAX).contains(&count) {
        let detail = format!("{count} alarms are named; one request takes 1 to {ALARMS_MAX}");
        return Err(Problem::new(Kind::Invalid, detail));
    }
    let all = asked.alarms.into_iter();
    let all = all.map(|seen| one(&api.state, seen, note.clone()));
    let results: Vec<Done> = stream::iter(all).buffered(AT_ONCE).collect().await;
    let acknowledged = results.iter().filter(|done| done.is_done()).count();
    Ok(json(&Results {
        acknowledged,
        refused: results.len() - acknowledged,
        results,
    }))
}

async fn one(state: &ApiState, seen: Seen, mut note: Note) -> Done {
    let outcome = async {
        let alarm = alarm_of(&seen.alarm)?;
        if !note.key.is_empty() {
            note.key = format!("{}/{alarm}", note.key).into();
        }
        let command = Command {
            alarm,
            occurrence: Some(seen.occurrence),
            worst: seen.worst_level.as_deref().map(level).transpose()?,
            order: Order::Acknowledge,
            note,
        };
        give(state, command).await
    };
    let outcome = outcome.await;
    Done::new(seen.alarm, outcome)
}
