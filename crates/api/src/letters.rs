//! `GET /api/v1/dead-letters`: what devices sent and could not be read, from the store.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use gridos_store::{LetterRow, LettersQuery};
use serde::Serialize;
use utoipa::ToSchema;

use crate::body::{Time, json, now};
use crate::form::{Accept, Next, Row};
use crate::history::Range;
use crate::history::gaps::place;
use crate::openapi::RangeParameters;
use crate::parameters::{Parameters, cut};
use crate::problem::ProblemAnswer;
use crate::problem::{Kind, Problem};
use crate::state::Api;

const SPAN_DEFAULT: Duration = Duration::from_secs(24 * 3_600);
const ROWS_DEFAULT: usize = 100;
const ROWS_MAX: usize = 1_000;

#[derive(Serialize, ToSchema)]
#[schema(as = DeadLetterList)]
struct Letters {
    from: Time,
    to: Time,
    /// Whether there are more in the range, older than those shown.
    truncated: bool,
    dead_letters: Vec<Letter>,
    /// To be given for the next page; null if this is the last.
    cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = DeadLetter)]
struct Letter {
    device: String,
    received: Time,
    /// Why it cannot be read.
    reason: String,
    /// In hex, from the first octet that could not be read.
    octets: String,
    /// How many octets came.
    length: u32,
    /// Whether more came than are kept.
    cut: bool,
}

impl Row for Letter {
    const COLUMNS: &'static [&'static str] =
        &["device", "received", "reason", "octets", "length", "cut"];
}

impl From<LetterRow> for Letter {
    fn from(row: LetterRow) -> Self {
        Self {
            received: Time(row.received),
            cut: row.is_cut(),
            device: row.device,
            reason: row.reason,
            octets: row.octets,
            length: row.length,
        }
    }
}

/// Dead letters over a time range (24 h unless given), the youngest first; of one `device` if that
/// is given.
#[utoipa::path(
    get,
    path = "/api/v1/dead-letters",
    tag = "devices",
    operation_id = "dead_letters",
    params(
        RangeParameters,
        ("device" = Option<String>, Query, description = "Only those of this device"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "The most rows; 100 unless given"),
        ("cursor" = Option<String>, Query, description = "The cursor of the page before"),
    ),
    responses(
        (status = 200, content((Letters = "application/json"), (String = "application/x-ndjson"), (String = "text/csv")), description = "The youngest first"),
        (status = 400, response = ProblemAnswer),
        (status = 404, response = ProblemAnswer),
        (status = 503, response = ProblemAnswer),
    ),
    security(("token" = ["viewer"])),
)]
pub(crate) async fn letters(
    State(api): State<Arc<Api>>,
    accept: Accept,
    parameters: Parameters,
) -> Result<Response, Problem> {
    accept.form()?;
    let parameters = parameters.only(&["device", "from", "to", "limit", "cursor"])?;
    let range = Range::of(&parameters, now(), SPAN_DEFAULT)?;
    let limit = parameters.number("limit", ROWS_DEFAULT, 1, ROWS_MAX)?;
    let device = parameters.one("device")?;
    let query = LettersQuery {
        device: device.map(str::to_owned),
        from: range.from,
        until: range.until,
        after: place(&parameters)?,
        // One more than wanted tells whether there are more.
        limit: limit + 1,
    };
    let mut rows = {
        let _turn = api.questions.acquire().await;
        api.state.store.letters(&query).await?
    };
    // Behind a page there may be nothing more.
    let is_first = query.after.is_none();
    if let Some(device) = device.filter(|_| is_first && rows.is_empty()) {
        check_configured(&api, device)?;
    }
    let truncated = rows.len() > limit;
    rows.truncate(limit);
    let next = query.place_behind(&rows).filter(|_| truncated);
    let cursor = next.map(|place| place.to_string());
    let letters = rows.into_iter().map(Letter::from);
    if accept.wants_rows() {
        return accept.rows(letters, cursor.as_deref().map(Next::Cursor));
    }
    Ok(json(&Letters {
        from: Time(range.from),
        to: Time(range.until),
        truncated,
        dead_letters: letters.collect(),
        cursor,
    }))
}

/// That a device has no letters must not be said of one that is only misspelt.
fn check_configured(api: &Api, device: &str) -> Result<(), Problem> {
    if api.state.directory.find_device(device).is_some() {
        return Ok(());
    }
    let detail = format!(
        "no device '{}' is configured, nor has the store any dead letter of it in that range; see \
         /api/v1/devices",
        cut(device)
    );
    Err(Problem::new(Kind::NotFound, detail))
}
