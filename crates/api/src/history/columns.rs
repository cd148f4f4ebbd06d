//! Readings reduced to the columns of a chart.

use gridos_store::{Column, ColumnValues, Grid, Sample, TrendQuery};
use serde::Serialize;
use utoipa::ToSchema;

use super::asked::AskedPoint;
use super::flow::OfPoint;
use super::{Extent, Range, Rows};
use crate::body::{Number, Time};
use crate::form::Row;
use crate::instant::parse_span;
use crate::parameters::{Parameters, bad, cut};
use crate::problem::Problem;
use crate::state::Api;

/// The most columns of an answer, of all points together.
const COLUMNS_MAX: usize = 20_000;

/// One column. Values are those of usable readings alone: numbers whose quality is not bad; null if
/// there is none.
#[derive(Serialize, ToSchema)]
#[schema(as = Column)]
pub(super) struct ShownColumn {
    /// When it begins.
    time: Time,
    count: u64,
    /// The share of its readings that are usable, 0 to 1.
    good: f64,
    average: Option<Number>,
    first: Option<ShownSample>,
    min: Option<ShownSample>,
    max: Option<ShownSample>,
    last: Option<ShownSample>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Sample)]
struct ShownSample {
    time: Time,
    value: Number,
}

impl ShownColumn {
    fn of(column: &Column) -> Self {
        let Column {
            from,
            count,
            good,
            values,
        } = *column;
        let sample = |of: fn(ColumnValues) -> Sample| values.map(|all| ShownSample::of(of(all)));
        #[expect(clippy::cast_precision_loss, reason = "a share need not be exact")]
        let share = good as f64 / count.max(1) as f64;
        Self {
            time: Time(from),
            count,
            good: share,
            average: values.map(|all| Number(all.average)),
            first: sample(|all| all.first),
            min: sample(|all| all.min),
            max: sample(|all| all.max),
            last: sample(|all| all.last),
        }
    }
}

impl Row for OfPoint<'_, ShownColumn> {
    const COLUMNS: &'static [&'static str] = &[
        "point",
        "time",
        "count",
        "good",
        "average",
        "first.time",
        "first.value",
        "min.time",
        "min.value",
        "max.time",
        "max.value",
        "last.time",
        "last.value",
    ];
}

impl ShownSample {
    fn of(sample: Sample) -> Self {
        Self {
            time: Time(sample.time),
            value: Number(sample.value),
        }
    }
}

/// The columns of `width` or `step`, for so many points; `None` if neither is given.
pub(super) fn grid(
    parameters: &Parameters,
    range: Range,
    points: usize,
) -> Result<Option<Grid>, Problem> {
    let most = COLUMNS_MAX / points.max(1);
    let grid = match (parameters.one("width")?, parameters.one("step")?) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            return Err(bad("step", "does not go with 'width'; give one of them"));
        }
        (Some(_), None) => {
            // Read as a number of 32 bits at most: it is not above `most`.
            let width = parameters.number("width", 1, 1, most)?;
            Grid::pixels(range.from, range.until, u32::try_from(width).unwrap_or(1))
        }
        (None, Some(text)) => {
            let step = parse_span(text)
                .filter(|step| !step.is_zero())
                .ok_or_else(|| {
                    let what = format!("'{}' must be a time such as 30s, 15m, 1h or 1d", cut(text));
                    bad("step", &what)
                })?;
            Grid::steps(range.from, range.until, step)
        }
    };
    if grid.columns() as usize > most {
        let what = format!(
            "makes {} columns for each point, and at most {COLUMNS_MAX} are told in all; ask for a \
             longer step, a shorter range or fewer points",
            grid.columns()
        );
        return Err(bad("step", &what));
    }
    for other in ["limit", "cursor", "order"] {
        if parameters.one(other)?.is_some() {
            return Err(bad(other, "is for readings; columns are told all at once"));
        }
    }
    Ok(Some(grid))
}

/// For each point its columns.
pub(super) async fn ask(
    api: &Api,
    points: &[AskedPoint],
    range: Range,
    grid: Grid,
) -> Result<(Vec<Rows>, Extent), Problem> {
    if let Some(text) = points.iter().find(|point| point.is_text == Some(true)) {
        let what = format!("'{}' has texts, which have no columns", cut(&text.name));
        return Err(bad("point", &what));
    }
    let query = TrendQuery {
        points: points.iter().map(|point| point.name.clone()).collect(),
        from: range.from,
        until: range.until,
        grid,
    };
    let found = api.state.store.trend(&query).await?;
    let shown = |columns: Vec<Column>| columns.iter().map(ShownColumn::of).collect();
    let extent = Extent::Columns {
        column_seconds: grid.column().as_secs_f64(),
    };
    Ok((
        found.into_iter().map(shown).map(Rows::Columns).collect(),
        extent,
    ))
}
