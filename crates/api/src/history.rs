//! `GET /api/v1/scada/data`: the readings of one point over a time range, from the store.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use gridos_model::Timestamp;
use gridos_store::{HistoryQuery, ReadingRow, TextRow};
use serde::Serialize;

use crate::body::{Flags, Time, json, now};
use crate::latest::shown_text;
use crate::parameters::{Parameters, bad, cut};
use crate::problem::{Kind, Problem};
use crate::state::Api;

const SPAN_DEFAULT: Duration = Duration::from_secs(15 * 60);
const ROWS_DEFAULT: usize = 1_000;
const ROWS_MAX: usize = 100_000;

#[derive(Serialize)]
struct History {
    point: String,
    unit: Option<String>,
    from: Time,
    to: Time,
    /// Whether there are more readings in the range, older than those shown.
    truncated: bool,
    readings: Vec<HistoryReading>,
}

#[derive(Serialize)]
struct HistoryReading {
    time: Time,
    /// Null if it was not finite, and for a text.
    value: Option<f64>,
    /// Only of a text; null if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Option<String>>,
    quality: Flags,
}

/// What the store has of a point.
enum Rows {
    Numbers(Vec<ReadingRow>),
    Texts(Vec<TextRow>),
}

impl Rows {
    fn len(&self) -> usize {
        match self {
            Self::Numbers(rows) => rows.len(),
            Self::Texts(rows) => rows.len(),
        }
    }

    /// All but the first `skipped`.
    fn shown(self, skipped: usize) -> Vec<HistoryReading> {
        match self {
            Self::Numbers(rows) => rows.into_iter().skip(skipped).map(Into::into).collect(),
            Self::Texts(rows) => rows.into_iter().skip(skipped).map(Into::into).collect(),
        }
    }
}

impl From<ReadingRow> for HistoryReading {
    fn from(row: ReadingRow) -> Self {
        Self {
            time: Time(row.time),
            value: row.value,
            text: None,
            quality: Flags(row.quality),
        }
    }
}

impl From<TextRow> for HistoryReading {
    fn from(row: TextRow) -> Self {
        let text = shown_text(&row.text, row.quality).map(str::to_owned);
        Self {
            time: Time(row.time),
            value: None,
            text: Some(text),
            quality: Flags(row.quality),
        }
    }
}

/// A time range: its first instant, and the first one behind it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range {
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
}

impl Range {
    /// The range of `from` and `to`; the end is now and the beginning `span` before the end
    /// unless they are given.
    pub(crate) fn of(
        parameters: &Parameters,
        now: Timestamp,
        span: Duration,
    ) -> Result<Self, Problem> {
        let until = parameters.instant("to", now)?.unwrap_or(now);
        let from = parameters.instant("from", now)?;
        let from = from.unwrap_or_else(|| until.saturating_sub(span));
        if from >= until {
            return Err(bad("from", "must be before 'to'; the range is empty"));
        }
        Ok(Self { from, until })
    }
}

pub(crate) async fn history(
    State(api): State<Arc<Api>>,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let parameters = parameters.only(&["point", "from", "to", "limit"])?;
    let range = Range::of(&parameters, now(), SPAN_DEFAULT)?;
    let limit = parameters.number("limit", ROWS_DEFAULT, 1, ROWS_MAX)?;
    let point = parameters.one("point")?;
    let point = point
        .ok_or_else(|| bad("point", "must be given, as DEVICE.POINT"))?
        .to_owned();
    let query = HistoryQuery {
        point: point.clone(),
        from: range.from,
        until: range.until,
        // One more than wanted tells whether there are more.
        limit: limit + 1,
        youngest: true,
    };
    let found = api.state.directory.find_point(&point);
    let known = found.and_then(|at| {
        let points = api.state.directory.device(at.device).whole().points();
        points.get(at.position as usize)
    });
    let rows = rows(&api, &query, known.map(|point| point.is_text())).await?;
    if rows.len() == 0 && found.is_none() {
        let detail = format!(
            "no point '{}' is configured, nor has the store any reading of it in that range; see \
             /api/v1/devices",
            cut(&point)
        );
        return Err(Problem::new(Kind::NotFound, detail));
    }
    let unit = known.map(|point| point.unit().to_owned());
    write(point, unit, range, rows, limit).await
}

/// The texts of a point that has texts, or its numbers; of a point that is not configured, its
/// texts if it has no numbers.
async fn rows(api: &Api, query: &HistoryQuery, is_text: Option<bool>) -> Result<Rows, Problem> {
    let _turn = api.questions.acquire().await;
    let store = &api.state.store;
    if is_text != Some(true) {
        let numbers = store.history(query).await?;
        if is_text.is_some() || !numbers.is_empty() {
            return Ok(Rows::Numbers(numbers));
        }
    }
    Ok(Rows::Texts(store.texts(query).await?))
}

/// Writes the answer; it may be megabytes, which must not hold up the runtime's other tasks.
async fn write(
    point: String,
    unit: Option<String>,
    range: Range,
    rows: Rows,
    limit: usize,
) -> Result<Response, Problem> {
    let written = tokio::task::spawn_blocking(move || {
        let extra = rows.len().saturating_sub(limit);
        json(&History {
            point,
            unit,
            from: Time(range.from),
            to: Time(range.until),
            truncated: extra > 0,
            readings: rows.shown(extra),
        })
    });
    written
        .await
        .map_err(|_| Problem::new(Kind::Internal, "the answer could not be written"))
}
