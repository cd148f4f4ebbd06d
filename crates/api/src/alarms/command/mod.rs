//! `POST /api/v1/alarms/{name}/{verb}` and `POST /api/v1/alarms/ack`: what operators do.
//!
//! An answer of success means that what was done is recorded on the disk.

mod asked;
pub(super) mod bulk;
mod done;
mod refusal;
pub(super) mod verbs;

use axum::body::HttpBody;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::response::Response;
use gridos_alarm::{Command, Outcome};
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

pub(super) use self::asked::note;
use self::asked::{Asked, Verb, level};
pub(super) use self::done::Done;
use super::item::Item;
use super::named::alarm_of;
use crate::access::Commander;
use crate::body::{json, now};
use crate::post::stopping;
use crate::problem::{Kind, Problem};
use crate::receive::{Bounds, check_media_type, receive};
use crate::state::{Api, ApiState};

/// Bodies up to this are read whoever else sends one; the connections bound their number.
const SMALL_BYTES: u64 = 16 << 10;

/// What one command led to.
#[derive(Serialize, ToSchema)]
#[schema(as = CommandDone)]
struct Answer<'a> {
    /// Whether anything changed; not if it was so already, or the command had come before.
    changed: bool,
    alarm: Item<'a>,
}

/// Does one thing to one alarm.
async fn command(api: &Api, name: &str, verb: Verb, request: Request) -> Result<Response, Problem> {
    let alarm = alarm_of(name)?;
    let key = idempotency_key(request.headers())?;
    let by = Commander::of(request.extensions());
    let asked: Asked = read(api, request).await?;
    let command = Command {
        alarm,
        occurrence: asked.occurrence,
        worst: asked.worst()?,
        order: asked.order(verb, now())?,
        note: note(by.name(&asked.by)?, &asked.comment, &key)?,
    };
    let outcome = give(&api.state, command).await?;
    Ok(json(&Answer {
        changed: outcome.is_changed,
        alarm: item(&api.state, &outcome),
    }))
}

fn item<'a>(state: &'a ApiState, outcome: &'a Outcome) -> Item<'a> {
    let entry = state.book.find(outcome.case.alarm);
    Item::new(state, &outcome.case, entry.as_ref())
}

/// Gives a command to the engine, and waits until it is durable, but not for ever.
pub(super) async fn give(state: &ApiState, command: Command) -> Result<Outcome, Problem> {
    let patience = state.settings.receipt_timeout;
    let given = tokio::time::timeout(patience, state.commands.give(command)).await;
    let outcome = given.map_err(|_| {
        let detail = format!(
            "the command was not durable after {patience:?}; it may have been done, so look, or \
             give it again with the same Idempotency-Key"
        );
        Problem::new(Kind::OutcomeUnknown, detail)
    })?;
    Ok(outcome?)
}

/// The body of a command, if the engine takes any.
pub(super) async fn read<T: DeserializeOwned>(api: &Api, request: Request) -> Result<T, Problem> {
    if api.state.readiness.is_draining() {
        return Err(stopping());
    }
    check_media_type(request.headers())?;
    // Small ones are many at a time, so that whoever sends slowly holds up nobody.
    let size = request.body().size_hint().upper();
    let is_small = size.is_some_and(|bytes| bytes <= SMALL_BYTES);
    let permit = (!is_small).then(|| api.orders.try_acquire());
    let Ok(_permit) = permit.transpose() else {
        let detail = "too many commands are being read; nothing was done; send it again";
        return Err(Problem::new(Kind::Busy, detail).retry_after_s(1));
    };
    let body = receive(request, &Bounds::of(&api.state.settings)).await?;
    serde_json::from_slice(&body).map_err(|error| {
        let detail = format!("the body cannot be read: {error}; nothing was done");
        let problem = Problem::new(Kind::Malformed, detail);
        problem
            .with("line", error.line())
            .with("column", error.column())
    })
}

/// The key by which a command is known when it comes again; empty if there is none.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<String, Problem> {
    let Some(key) = headers.get("idempotency-key") else {
        return Ok(String::new());
    };
    let key = key.to_str().unwrap_or_default().trim();
    if key.is_empty() {
        let detail = "the header Idempotency-Key has no text of visible ASCII; leave it out, or \
                      give a new one with each command";
        return Err(Problem::new(Kind::Invalid, detail));
    }
    Ok(key.to_owned())
}
