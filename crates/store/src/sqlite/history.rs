//! Questions about the past.
//!
//! Values are taken as the JSON text they were written as, because that reads back as exactly the
//! same double.

use std::time::Duration;

use gridos_model::{Quality, Timestamp};
use rusqlite::{Connection, OptionalExtension, Result, Row};

use super::time::{parse_time, time_text};
use crate::pack::SPAN_MAX_MICROS;
use crate::{AlarmRow, AlarmsQuery, HistoryQuery, LetterRow, LettersQuery, ReadingRow, TextRow};

const SWEEPS: &str = "
    select ts, value -> ?2, coalesce(quality ->> ?2, 0)
        | case time_quality when 1 then 524288 when 2 then 1048576 else 0 end
    from sweep
    where layout = ?1 and ts >= ?3 and ts < ?4
    order by ts {direction}
    limit ?5";

const EVENTS: &str = "
    select event.ts ->> change.key as ts, event.value -> change.key,
        coalesce(event.quality ->> change.key, 0)
    from event
    cross join json_each(event.point) as change
    where event.layout = ?1 and ts_last >= ?3 and ts_last < ?6 and ts_first < ?4
        and change.value = ?2
        and event.ts ->> change.key >= ?3 and event.ts ->> change.key < ?4
    order by 1 {direction}
    limit ?5";

/// Where a point stands: a layout and the position in it.
type Place = (i64, i64);

/// Readings of one point in time order.
pub(crate) fn readings(connection: &Connection, query: &HistoryQuery) -> Result<Vec<ReadingRow>> {
    let direction = if query.youngest { "desc" } else { "asc" };
    let from = time_text(query.from);
    let until = time_text(ceiling(query.until));
    let span = Duration::from_micros(SPAN_MAX_MICROS.unsigned_abs() + 1);
    let packs_until = time_text(ceiling(query.until).saturating_add(span));
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let mut readings = Vec::new();
    for (layout, position) in places(connection, &query.point)? {
        let mut sweeps = connection.prepare_cached(&SWEEPS.replace("{direction}", direction))?;
        let mut rows = sweeps.query((layout, position, &from, &until, limit))?;
        while let Some(row) = rows.next()? {
            readings.push(reading(&query.point, row)?);
        }
        let mut events = connection.prepare_cached(&EVENTS.replace("{direction}", direction))?;
        let mut rows = events.query((layout, position, &from, &until, limit, &packs_until))?;
        while let Some(row) = rows.next()? {
            readings.push(reading(&query.point, row)?);
        }
    }
    readings.sort_by_key(|reading| reading.time);
    if query.youngest {
        readings.drain(..readings.len().saturating_sub(query.limit));
    }
    readings.truncate(query.limit);
    Ok(readings)
}

/// Texts of one point in time order.
pub(crate) fn texts(connection: &Connection, query: &HistoryQuery) -> Result<Vec<TextRow>> {
    let direction = if query.youngest { "desc" } else { "asc" };
    let sql = format!(
        "select point, ts, quality, text from text_reading
         where point = ?1 and ts >= ?2 and ts < ?3 order by ts {direction} limit ?4"
    );
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let (from, until) = (time_text(query.from), time_text(ceiling(query.until)));
    let mut texts: Vec<_> = connection
        .prepare_cached(&sql)?
        .query_map((&query.point, &from, &until, limit), |row| {
            Ok(TextRow {
                point: row.get(0)?,
                time: parse_time(row.get_ref(1)?.as_str()?),
                text: row.get(3)?,
                quality: quality(row)?,
            })
        })?
        .collect::<Result<_>>()?;
    if query.youngest {
        texts.reverse();
    }
    Ok(texts)
}

/// The youngest reading of each point, in the order asked.
pub(crate) fn latest(connection: &Connection, points: &[String]) -> Result<Vec<ReadingRow>> {
    let mut sweep = connection.prepare_cached(
        "select ts, value -> ?2, coalesce(quality ->> ?2, 0)
             | case time_quality when 1 then 524288 when 2 then 1048576 else 0 end
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

/// Alarm transitions, youngest first.
pub(crate) fn alarms(connection: &Connection, query: &AlarmsQuery) -> Result<Vec<AlarmRow>> {
    let only = match query.point {
        Some(_) => "point = ?4",
        None => "?4 is null",
    };
    let sql = format!(
        "select point, ts, from_level, to_level, value, occurrence from alarm
         where ts >= ?1 and ts < ?2 and {only} order by ts desc, occurrence desc limit ?3"
    );
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let (from, until) = (time_text(query.from), time_text(ceiling(query.until)));
    connection
        .prepare_cached(&sql)?
        .query_map((&from, &until, limit, &query.point), |row| {
            let level = |name: String| crate::history::level(&name).unwrap_or_default();
            Ok(AlarmRow {
                point: row.get(0)?,
                time: parse_time(&row.get::<_, String>(1)?),
                from: level(row.get(2)?),
                to: level(row.get(3)?),
                value: row.get(4)?,
                occurrence: row.get::<_, i64>(5)?.cast_unsigned(),
            })
        })?
        .collect()
}

/// Dead letters, youngest first.
pub(crate) fn letters(connection: &Connection, query: &LettersQuery) -> Result<Vec<LetterRow>> {
    let only = match query.device {
        Some(_) => "device = ?4",
        None => "?4 is null",
    };
    let sql = format!(
        "select device, received, reason, octets, length from dead_letter
         where received >= ?1 and received < ?2 and {only} order by received desc limit ?3"
    );
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let (from, until) = (time_text(query.from), time_text(ceiling(query.until)));
    connection
        .prepare_cached(&sql)?
        .query_map((&from, &until, limit, &query.device), |row| {
            Ok(LetterRow {
                device: row.get(0)?,
                received: parse_time(row.get_ref(1)?.as_str()?),
                reason: row.get(2)?,
                octets: row.get(3)?,
                length: row.get(4)?,
            })
        })?
        .collect()
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

/// The microsecond at or after `time`: what was stored was rounded down.
fn ceiling(time: Timestamp) -> Timestamp {
    time.saturating_add(Duration::from_nanos(999))
}
