//! Readings as they are, page by page.

use gridos_store::{Cursor, HistoryQuery, PointReading, ReadingsQuery, TextRow};
use serde::Serialize;
use utoipa::ToSchema;

use super::asked::AskedPoint;
use super::{Extent, Range, Rows};
use crate::body::{Flags, Number, Time};
use crate::parameters::{Parameters, bad, cut};
use crate::problem::Problem;
use crate::state::Api;
use crate::value::shown_text;

const ROWS_DEFAULT: usize = 1_000;
const ROWS_MAX: usize = 100_000;

/// Which page is asked for.
pub(super) struct Page {
    limit: usize,
    youngest: bool,
    after: Option<Cursor>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Reading)]
pub(super) struct ShownReading {
    time: Time,
    /// Null if it was NaN, and for a text; infinite, `"Infinity"` or `"-Infinity"`.
    value: Option<Number>,
    /// Only of a text; null if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Option<String>>,
    quality: Flags,
}

impl ShownReading {
    pub(super) fn of(reading: &PointReading) -> Self {
        Self {
            time: Time(reading.time),
            value: reading.value.map(Number),
            text: None,
            quality: Flags(reading.quality),
        }
    }
}

impl From<TextRow> for ShownReading {
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

impl Page {
    pub(super) fn of(parameters: &Parameters) -> Result<Self, Problem> {
        let after = parameters.one("cursor")?.map(|text| {
            let cursor = text.parse::<Cursor>();
            cursor.map_err(|error| bad("cursor", &format!("'{}' {error}", cut(text))))
        });
        Ok(Self {
            limit: parameters.number("limit", ROWS_DEFAULT, 1, ROWS_MAX)?,
            youngest: match parameters.one("order")? {
                None | Some("youngest") => true,
                Some("oldest") => false,
                Some(_) => return Err(bad("order", "must be 'youngest' or 'oldest'")),
            },
            after: after.transpose()?,
        })
    }

    /// The question to the store.
    pub(super) fn query(&self, points: &[AskedPoint], range: Range) -> ReadingsQuery {
        ReadingsQuery {
            points: points.iter().map(|point| point.name.clone()).collect(),
            from: range.from,
            until: range.until,
            limit: self.limit,
            youngest: self.youngest,
            after: self.after,
        }
    }
}

/// A page of the readings of points: for each point its own.
pub(super) async fn ask(
    api: &Api,
    points: &[AskedPoint],
    range: Range,
    page: &Page,
) -> Result<(Vec<Rows>, Extent), Problem> {
    if let Some(text) = points.iter().find(|point| point.is_text == Some(true)) {
        if points.len() > 1 {
            let what = format!("'{}' has texts; ask for it alone", cut(&text.name));
            return Err(bad("point", &what));
        }
        return texts(api, text, range, page).await;
    }
    let query = page.query(points, range);
    let found = api.state.store.readings(&query).await?;
    if let ([point], true) = (points, found.readings.is_empty())
        && point.is_text.is_none()
    {
        return texts(api, point, range, page).await;
    }
    let mut rows: Vec<_> = points.iter().map(|_| Vec::new()).collect();
    for reading in &found.readings {
        if let Some(rows) = rows.get_mut(reading.point) {
            rows.push(ShownReading::of(reading));
        }
    }
    let extent = Extent::Page {
        truncated: found.next.is_some(),
        cursor: found.next.map(|cursor| cursor.to_string()),
    };
    Ok((rows.into_iter().map(Rows::Readings).collect(), extent))
}

/// The texts of a point, which are rare: there is one page of them.
async fn texts(
    api: &Api,
    point: &AskedPoint,
    range: Range,
    page: &Page,
) -> Result<(Vec<Rows>, Extent), Problem> {
    if page.after.is_some() && point.is_text == Some(true) {
        return Err(bad("cursor", "is not for texts; ask for a shorter range"));
    }
    let query = HistoryQuery {
        point: point.name.clone(),
        from: range.from,
        until: range.until,
        // One more than wanted tells whether there are more.
        limit: page.limit + 1,
        youngest: page.youngest,
    };
    let mut rows = api.state.store.texts(&query).await?;
    let extra = rows.len().saturating_sub(page.limit);
    match page.youngest {
        true => drop(rows.drain(..extra)),
        false => rows.truncate(page.limit),
    }
    let rows = rows.into_iter().map(ShownReading::from).collect();
    let extent = Extent::Page {
        truncated: extra > 0,
        cursor: None,
    };
    Ok((vec![Rows::Readings(rows)], extent))
}
