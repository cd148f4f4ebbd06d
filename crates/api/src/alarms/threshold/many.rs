//! `PATCH /api/v1/alarms/thresholds`: many definitions at once.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use futures_util::{StreamExt, stream};
use gridos_model::Note;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::change::{Change, Preview};
use super::{find, read};
use crate::access::Commander;
use crate::alarms::command::{self, Done};
use crate::alarms::definition::DefinitionShape;
use crate::body::json;
use crate::parameters::Parameters;
use crate::problem::ProblemAnswer;
use crate::problem::{Kind, Problem};
use crate::state::{Api, ApiState};

/// The most definitions that one request may change.
const CHANGES_MAX: usize = 1_000;

/// So many are under way at once, so that other commands find room beside them.
const AT_ONCE: usize = 256;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ThresholdChanges)]
struct Asked {
    thresholds: Vec<AskedOne>,
    #[serde(default)]
    by: String,
    #[serde(default)]
    comment: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ThresholdChangeOfOne)]
struct AskedOne {
    alarm: String,
    /// The version that was seen.
    version: u32,
    #[schema(value_type = DefinitionShape)]
    definition: Value,
}

/// What is wrong with one of them.
#[derive(Serialize)]
struct Wrong {
    alarm: String,
    errors: Vec<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ThresholdResults)]
struct Results {
    changed: usize,
    refused: usize,
    /// In the order asked.
    results: Vec<Done>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ThresholdPreviews)]
struct Previews {
    previews: Vec<Preview>,
}

/// The answer to many changes.
#[derive(ToSchema)]
#[schema(as = ThresholdsChanged)]
#[serde(untagged)]
#[expect(
    dead_code,
    reason = "says in the document that the answer is one of these"
)]
enum Answer {
    Done(Results),
    Preview(Previews),
}

/// Changes each definition of a list whose version is still the one that was seen. If any of the
/// definitions is wrong, none is changed.
#[utoipa::path(
    patch,
    path = "/api/v1/alarms/thresholds",
    tag = "alarms",
    operation_id = "change_thresholds",
    params(
        ("dry_run" = Option<String>, Query, description = "1: only tell what it would do"),
        ("Idempotency-Key" = Option<String>, Header, description = "A name of this request: the same one again does nothing, and is answered alike"),
    ),
    request_body = Asked,
    responses(
        (status = 200, body = Answer, description = "What became of each; with `dry_run` what each would do"),
        (status = 400, response = ProblemAnswer),
        (status = 422, response = ProblemAnswer),
        (status = 503, response = ProblemAnswer),
    ),
    security(("token" = ["engineer"])),
)]
pub(crate) async fn patch(
    State(api): State<Arc<Api>>,
    parameters: Parameters,
    request: Request,
) -> Result<Response, Problem> {
    let is_dry = parameters.only(&["dry_run"])?.flag("dry_run", false)?;
    let state = &api.state;
    let key = command::idempotency_key(request.headers())?;
    let by = Commander::of(request.extensions());
    let asked: Asked = command::read(&api, request).await?;
    let changes = changes(state, asked.thresholds)?;
    if is_dry {
        let previews = changes.iter().map(|(change, _)| change.preview(state));
        return Ok(json(&Previews {
            previews: previews.collect(),
        }));
    }
    let note = command::note(by.name(&asked.by)?, &asked.comment, &key)?;
    let all = changes.into_iter();
    let all = all.map(|(change, version)| give(state, change, version, note.clone()));
    let results: Vec<Done> = stream::iter(all).buffered(AT_ONCE).collect().await;
    let changed = results.iter().filter(|done| done.is_done()).count();
    Ok(json(&Results {
        changed,
        refused: results.len() - changed,
        results,
    }))
}

/// The changes asked for, each with the version that it expects.
fn changes(state: &ApiState, asked: Vec<AskedOne>) -> Result<Vec<(Change, u32)>, Problem> {
    let count = asked.len();
    if !(1..=CHANGES_MAX).contains(&count) {
        let detail = format!("{count} thresholds are given; one request takes 1 to {CHANGES_MAX}");
        return Err(Problem::new(Kind::Invalid, detail));
    }
    let (mut changes, mut wrong) = (Vec::with_capacity(count), Vec::new());
    for one in asked {
        match change(state, &one) {
            Ok(change) => changes.push((change, one.version)),
            Err(errors) => wrong.push(Wrong {
                alarm: one.alarm,
                errors,
            }),
        }
    }
    if wrong.is_empty() {
        return Ok(changes);
    }
    let detail = format!(
        "{} of {count} definitions cannot be used; what is wrong is in 'thresholds'; nothing was \
         changed",
        wrong.len()
    );
    Err(Problem::new(Kind::Invalid, detail).with("thresholds", wrong))
}

fn change(state: &ApiState, asked: &AskedOne) -> Result<Change, Vec<String>> {
    let entry = find(state, &asked.alarm);
    let entry = entry.map_err(|problem| vec![problem.detail().to_owned()])?;
    let definition = Arc::new(read(&entry, &asked.definition)?);
    Ok(Change { entry, definition })
}

async fn give(state: &ApiState, change: Change, version: u32, mut note: Note) -> Done {
    if !note.key.is_empty() {
        note.key = format!("{}/{}", note.key, change.entry.id).into();
    }
    let command = change.command(Some(version), note);
    let outcome = command::give(state, command).await;
    Done::new(change.entry.name(), outcome)
}
