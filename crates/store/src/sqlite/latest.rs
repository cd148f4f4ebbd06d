//! The youngest reading of points.

use gridos_model::Quality;
use rusqlite::{Connection, OptionalExtension, Result, Row};

use super::time::parse_time;
use crate::ReadingRow;

/// Where a point stands: a layout and the position in it.
type Place = (i64, i64);

/// The youngest reading of each point, in the order asked.
pub(crate) fn latest(connection: &Connection, points: &[String]) -> Result<Vec<ReadingRow>> {
    let mut sweep = connection.prepare_cached(
        "select ts, value -> ?2, coalesce(quality ->> ?2, 0)
             | case time_quality when 1 then 524288 when 2 then 1048576 when 3 then 2097152 else 0 end
         from sweep where layout = ?1 order by ts desc limit 1",
    )?;
    let mut event = connection.prepare_cached(
        "select ts, value, quality from latest_event where layout = ?1 and position = ?2",
    )?;
    let mut found = Vec::new();
    for point in points {
        let mut youngest: Option<ReadingRow> = None;
        for place in places(connection, point)? {
            let candidates = [
                sweep
                    .query_row(place, |row| reading(point, row))
                    .optional()?,
                event
                    .query_row(place, |row| stored_reading(point, row))
                    .optional()?,
            ];
            for candidate in candidates.into_iter().flatten() {
                if youngest
                    .as_ref()
                    .is_none_or(|row| row.time < candidate.time)
                {
                    youngest = Some(candidate);
                }
            }
        }
        found.extend(youngest);
    }
    Ok(found)
}

fn places(connection: &Connection, point: &str) -> Result<Vec<Place>> {
    connection
        .prepare_cached(
            "select layout_point.layout, layout_point.position
             from point join layout_point on layout_point.point = point.id
             where point.name = ?1",
        )?
        .query_map([point], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// A row whose value is JSON text.
fn reading(point: &str, row: &Row<'_>) -> Result<ReadingRow> {
    let value: Option<String> = row.get(1)?;
    Ok(ReadingRow {
        point: point.to_owned(),
        time: parse_time(row.get_ref(0)?.as_str()?),
        value: value.and_then(|text| text.parse().ok()),
        quality: quality(row)?,
    })
}

/// A row whose value is a number.
fn stored_reading(point: &str, row: &Row<'_>) -> Result<ReadingRow> {
    Ok(ReadingRow {
        point: point.to_owned(),
        time: parse_time(row.get_ref(0)?.as_str()?),
        value: row.get(1)?,
        quality: quality(row)?,
    })
}

fn quality(row: &Row<'_>) -> Result<Quality> {
    Ok(Quality::from_bits_retain(row.get(2)?))
}
