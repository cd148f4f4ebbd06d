//! `GET /api/v1/scada/data`: the readings of points over a time range, from the store: as they are,
//! page by page, or reduced to the columns of a chart.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use gridos_model::Timestamp;
use gridos_store::GapsQuery;
use serde::Serialize;
use utoipa::ToSchema;

use crate::body::{Time, json, now};
use crate::form::{Accept, Next};
use crate::openapi::RangeParameters;
use crate::parameters::{Parameters, bad};
use crate::problem::ProblemAnswer;
use crate::problem::{Kind, Problem};
use crate::state::Api;

mod asked;
mod columns;
mod flow;
pub(crate) mod gaps;
pub(crate) mod instant;
mod readings;

use asked::AskedPoint;
use columns::ShownColumn;
use flow::OfPoint;
use gaps::ShownGap;
use readings::ShownReading;

const SPAN_DEFAULT: Duration = Duration::from_secs(15 * 60);
/// The most gaps that are told beside readings; there is a question for them alone.
const GAPS_MAX: usize = 1_000;

/// What is told of points over a range.
#[derive(Serialize, ToSchema)]
struct History {
    #[serde(flatten)]
    series: AllSeries,
    from: Time,
    to: Time,
    #[serde(flatten)]
    extent: Extent,
    #[serde(skip_serializing_if = "Option::is_none")]
    gaps: Option<Vec<ShownGap>>,
    /// Whether there are more gaps in the range, later than those shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    gaps_truncated: Option<bool>,
}

/// One point is told of at the top, several in a list, in the order asked.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum AllSeries {
    One(Series),
    Many { series: Vec<Series> },
}

#[derive(Serialize, ToSchema)]
struct Series {
    point: String,
    unit: String,
    #[serde(flatten)]
    rows: Rows,
}

/// What a series is made of.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Rows {
    /// The oldest first.
    Readings(Vec<ShownReading>),
    /// Only those that have readings.
    Columns(Vec<ShownColumn>),
}

#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum Extent {
    Page {
        /// Whether there are more readings in the range than those shown.
        truncated: bool,
        /// To be given for the next page.
        cursor: Option<String>,
    },
    Columns {
        column_seconds: f64,
    },
}

/// What is known to be missing.
struct Gaps {
    gaps: Vec<ShownGap>,
    is_truncated: bool,
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

/// The history of points: readings, or columns for a chart.
#[utoipa::path(
    get,
    path = "/api/v1/scada/data",
    tag = "readings",
    operation_id = "readings",
    params(
        RangeParameters,
        ("point" = Vec<String>, Query, description = "DEVICE.POINT, 1 to 100 of them"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100000, description = "The most rows; 1000 unless given"),
        ("cursor" = Option<String>, Query, description = "The cursor of the page before"),
        ("order" = Option<String>, Query, description = "youngest or oldest first; youngest unless given, and oldest for rows"),
        ("width" = Option<u32>, Query, minimum = 1, maximum = 20000, description = "Instead of readings, as many columns as a chart has pixels"),
        ("step" = Option<String>, Query, description = "Instead of readings, columns of that length, such as 15m"),
        ("gaps" = Option<String>, Query, description = "1 or 0: whether known gaps are told beside; 1 unless given"),
    ),
    responses(
        (status = 200, content((History = "application/json"), (String = "application/x-ndjson"), (String = "text/csv")), description = "Readings, page by page, or columns; as rows, all of the range unless there is a limit"),
        (status = 400, response = ProblemAnswer),
        (status = 404, response = ProblemAnswer),
        (status = 503, response = ProblemAnswer),
        (status = 504, response = ProblemAnswer),
    ),
    security(("token" = ["viewer"])),
)]
pub(crate) async fn history(
    State(api): State<Arc<Api>>,
    accept: Accept,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let form = accept.form()?;
    let parameters = parameters.only(&[
        "point", "from", "to", "limit", "cursor", "order", "width", "step", "gaps",
    ])?;
    let range = Range::of(&parameters, now(), SPAN_DEFAULT)?;
    let points = asked::names(&parameters)?;
    let shape = Shape::of(&parameters, range, points.len())?;
    let wants_gaps = parameters.flag("gaps", true)?;
    let _turn = api.questions.acquire().await;
    let points = asked::find(&api, points).await?;
    if let (Shape::Page(page), true) = (&shape, accept.wants_rows())
        && !points.iter().any(|point| point.is_text == Some(true))
    {
        let limit = parameters.number("limit", usize::MAX, 1, usize::MAX)?;
        let mut query = page.query(&points, range);
        // What is written to a file begins at the beginning.
        query.youngest = parameters.one("order")? == Some("youngest");
        return flow::flow(Arc::clone(&api), points, query, form, limit).await;
    }
    let (rows, extent) = match &shape {
        Shape::Page(page) => readings::ask(&api, &points, range, page).await?,
        Shape::Columns(grid) => columns::ask(&api, &points, range, *grid).await?,
    };
    if accept.wants_rows() {
        return as_rows(&accept, &points, rows, extent);
    }
    let gaps = match wants_gaps {
        true => Some(gaps_of(&api, &points, range).await?),
        false => None,
    };
    write(points, rows, range, extent, gaps).await
}

/// The rows of all series, one series after the other.
fn as_rows(
    accept: &Accept,
    points: &[AskedPoint],
    rows: Vec<Rows>,
    extent: Extent,
) -> Result<Response, Problem> {
    let (mut readings, mut columns) = (Vec::new(), Vec::new());
    for (point, rows) in points.iter().zip(rows) {
        let point = &*point.name;
        match rows {
            Rows::Readings(rows) => {
                readings.extend(rows.into_iter().map(|row| OfPoint { point, row }));
            }
            Rows::Columns(rows) => {
                columns.extend(rows.into_iter().map(|row| OfPoint { point, row }));
            }
        }
    }
    match extent {
        Extent::Page { cursor, .. } => accept.rows(readings, cursor.as_deref().map(Next::Cursor)),
        Extent::Columns { .. } => accept.rows(columns, None),
    }
}

/// What is asked for of each point.
enum Shape {
    Page(readings::Page),
    Columns(gridos_store::Grid),
}

impl Shape {
    fn of(parameters: &Parameters, range: Range, points: usize) -> Result<Self, Problem> {
        match columns::grid(parameters, range, points)? {
            Some(grid) => Ok(Self::Columns(grid)),
            None => readings::Page::of(parameters).map(Self::Page),
        }
    }
}

async fn gaps_of(api: &Api, points: &[AskedPoint], range: Range) -> Result<Gaps, Problem> {
    let query = GapsQuery {
        devices: Vec::new(),
        points: points.iter().map(|point| point.name.clone()).collect(),
        from: range.from,
        until: range.until,
        after: None,
        limit: GAPS_MAX + 1,
    };
    let rows = api.state.store.gaps(&query).await?;
    Ok(Gaps {
        is_truncated: rows.len() > GAPS_MAX,
        gaps: rows
            .into_iter()
            .take(GAPS_MAX)
            .map(ShownGap::from)
            .collect(),
    })
}

/// Writes the answer; it may be megabytes, which must not hold up the runtime's other tasks.
async fn write(
    points: Vec<AskedPoint>,
    rows: Vec<Rows>,
    range: Range,
    extent: Extent,
    gaps: Option<Gaps>,
) -> Result<Response, Problem> {
    let written = tokio::task::spawn_blocking(move || {
        let series = points.into_iter().zip(rows);
        let series = series.map(|(point, rows)| Series {
            point: point.name,
            unit: point.unit,
            rows,
        });
        let mut series: Vec<_> = series.collect();
        let series = match series.len() {
            1 => series.pop().map(AllSeries::One),
            _ => None,
        }
        .unwrap_or(AllSeries::Many { series });
        json(&History {
            series,
            from: Time(range.from),
            to: Time(range.until),
            extent,
            gaps_truncated: gaps.as_ref().map(|gaps| gaps.is_truncated),
            gaps: gaps.map(|gaps| gaps.gaps),
        })
    });
    written
        .await
        .map_err(|_| Problem::new(Kind::Internal, "the answer could not be written"))
}
