//! Reading the table `minute`.

use std::str::FromStr;

use rusqlite::{Connection, OptionalExtension as _, Result, Row};

use super::scan::{elements, micros, text};
use super::time::{micros_text, parse_micros};
use crate::history::scan::Place;
use crate::history::{MinuteRow, Minutes, Reducer};

/// When the last minute of a layout begins.
pub(crate) fn last(connection: &Connection, place: &Place) -> Result<Option<i64>> {
    let mut statement = connection
        .prepare_cached("select ts from minute where layout = ?1 order by ts desc limit 1")?;
    let last = statement.query_row([place.layout], |row| {
        Ok(parse_micros(row.get_ref(0)?.as_str()?))
    });
    Ok(last.optional()?.flatten())
}

/// Gives the minutes of a layout to `reducer`.
pub(crate) fn take(
    connection: &Connection,
    place: &Place,
    mut minutes: Minutes,
    reducer: &mut Reducer,
) -> Result<Minutes> {
    let mut statement = connection.prepare_cached(
        "select ts, received, count, lag, point, counts, goods, lags, min, max, avg, last
         from minute where layout = ?1 and ts >= ?2 and ts < ?3 order by ts",
    )?;
    let (from, until) = (
        micros_text(minutes.span.from),
        micros_text(minutes.span.until),
    );
    let mut rows = statement.query((place.layout, from, until))?;
    while let Some(row) = rows.next()? {
        minutes.take(place, &minute(row)?, reducer);
    }
    Ok(minutes)
}

fn minute(row: &Row<'_>) -> Result<MinuteRow> {
    let points = row.get_ref(4)?.as_str_or_null()?;
    Ok(MinuteRow {
        begin: micros(row, 0)?,
        received: micros(row, 1)?,
        count: row.get(2)?,
        lag: row.get(3)?,
        points: points.map(|text| elements(text).flat_map(str::parse).collect()),
        counts: column(row, 5)?,
        goods: column(row, 6)?,
        lags: column(row, 7)?,
        min: column(row, 8)?,
        max: column(row, 9)?,
        average: column(row, 10)?,
        last: column(row, 11)?,
    })
}

/// The elements of a column; null is none, and a null column has none.
fn column<T: FromStr>(row: &Row<'_>, index: usize) -> Result<Vec<Option<T>>> {
    Ok(elements(text(row, index)?)
        .map(|text| text.parse().ok())
        .collect())
}
