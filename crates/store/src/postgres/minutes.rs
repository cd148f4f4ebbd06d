//! Reading the table `minute`.

use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::scan::{Scan, column};
use super::time::PgMicros;
use crate::StoreError;
use crate::history::scan::Place;
use crate::history::{MinuteRow, Minutes, Reducer};

/// When the last minute of a layout begins.
pub(crate) async fn last(scan: &Scan<'_>, place: &Place) -> Result<Option<i64>, StoreError> {
    let sql = "select ts from minute where layout = $1 order by ts desc limit 1";
    let rows = scan.rows(sql, &[&place.layout]).await?;
    let last = rows.first().map(|row| column::<PgMicros>(row, 0));
    Ok(last.transpose()?.map(|last| last.0))
}

/// Gives the minutes of a layout to `reducer`.
pub(crate) async fn take(
    scan: &Scan<'_>,
    place: &Place,
    mut minutes: Minutes,
    reducer: &mut Reducer,
) -> Result<Minutes, StoreError> {
    let sql = "select ts, received, count, lag, point, counts, goods, lags, min, max, avg, last \
               from minute where layout = $1 and ts >= $2 and ts < $3 order by ts";
    let (from, until) = (PgMicros(minutes.span.from), PgMicros(minutes.span.until));
    scan.each_of(sql, &[&place.layout, &from, &until], |row| {
        minutes.take(place, &minute(row)?, reducer);
        Ok(())
    })
    .await?;
    Ok(minutes)
}

fn minute(row: &Row) -> Result<MinuteRow, StoreError> {
    let points = column::<Option<Vec<i32>>>(row, 4)?;
    Ok(MinuteRow {
        begin: column::<PgMicros>(row, 0)?.0,
        received: column::<PgMicros>(row, 1)?.0,
        count: column::<Option<i32>>(row, 2)?.map(i64::from),
        lag: column::<Option<i32>>(row, 3)?.map(i64::from),
        points: points.map(|points| points.into_iter().map(i32::cast_unsigned).collect()),
        counts: whole(row, 5)?,
        goods: whole(row, 6)?,
        lags: whole(row, 7)?,
        min: all(row, 8)?,
        max: all(row, 9)?,
        average: all(row, 10)?,
        last: all(row, 11)?,
    })
}

fn whole(row: &Row, index: usize) -> Result<Vec<Option<i64>>, StoreError> {
    let numbers = all::<i32>(row, index)?.into_iter();
    Ok(numbers.map(|number| number.map(i64::from)).collect())
}

/// The elements of a column; a null one has none.
fn all<'r, T: FromSql<'r>>(row: &'r Row, index: usize) -> Result<Vec<Option<T>>, StoreError> {
    Ok(column::<Option<Vec<Option<T>>>>(row, index)?.unwrap_or_default())
}
