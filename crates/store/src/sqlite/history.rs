//! Questions about the past, but for readings.

use std::time::Duration;

use gridos_model::{Quality, Timestamp};
use rusqlite::{Connection, Result, Row};

use super::time::{micros_text, parse_time, time_text};
use crate::history::scan::Micros;
use crate::json;
use crate::{
    AlarmRow, AlarmsQuery, DevicePlace, GapRow, GapsQuery, HistoryQuery, LetterRow, LettersQuery,
    PointRow, PointsQuery, TextRow,
};

/// Texts of one point in time order.
pub(crate) fn texts(connection: &Connection, query: &HistoryQuery) -> Result<Vec<TextRow>> {
    let direction = if query.youngest { "desc" } else { "asc" };
    let sql = format!(
        "select point, ts, text, quality from text_reading
         where point = ?1 and ts >= ?2 and ts < ?3 order by ts {direction} limit ?4"
    );
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let (from, until) = (time_text(query.from), time_text(ceiling(query.until)));
    let mut texts: Vec<_> = connection
        .prepare_cached(&sql)?
        .query_map((&query.point, &from, &until, limit), text_row)?
        .collect::<Result<_>>()?;
    if query.youngest {
        texts.reverse();
    }
    Ok(texts)
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

/// Gaps, the earliest first.
pub(crate) fn gaps(connection: &Connection, query: &GapsQuery) -> Result<Vec<GapRow>> {
    let asked = match query.devices.is_empty() && query.points.is_empty() {
        true => "select id, name from device",
        false => {
            "select id, name from device where name in (select value from json_each(?1))
             union
             select device.id, device.name from point join device on device.id = point.device
             where point.name in (select value from json_each(?2))"
        }
    };
    // What comes behind a place is at its time or later: most of what is before is not looked at.
    let behind = match query.after {
        Some(_) => {
            "and told.from_ts >= ?6 and (told.from_ts > ?6 or coalesce(told.name, '') >= ?7)"
        }
        None => "and ?6 is not null and ?7 is not null",
    };
    let sql = format!(
        "with asked as materialized ({asked})
         select told.name, told.from_ts, told.until_ts, told.reason
         from (
             select asked.name, gap.from_ts, gap.until_ts, gap.reason
             from asked cross join gap on gap.device = asked.id
             union all
             select null, from_ts, until_ts, reason from gap where device is null
         ) as told
         where told.from_ts < ?4 and (told.until_ts > ?3 or told.from_ts >= ?3)
             and ?1 is not null and ?2 is not null {behind}
         order by told.from_ts, coalesce(told.name, ''), told.until_ts, told.reason
         limit ?5 offset ?8"
    );
    let range = Micros::of(query.from, query.until);
    let (from, until) = (micros_text(range.from), micros_text(range.until));
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let (devices, points) = (json::strings(&query.devices), json::strings(&query.points));
    let (time, device, passed) = parts(query.after.as_ref());
    let values = (devices, points, from, until, limit, time, device, passed);
    connection
        .prepare_cached(&sql)?
        .query_map(values, |row| {
            Ok(GapRow {
                device: row.get(0)?,
                from: parse_time(row.get_ref(1)?.as_str()?),
                until: parse_time(row.get_ref(2)?.as_str()?),
                reason: row.get(3)?,
            })
        })?
        .collect()
}

/// Points, by device and name.
pub(crate) fn points(connection: &Connection, query: &PointsQuery) -> Result<Vec<PointRow>> {
    let mut statement = connection.prepare_cached(
        "select device.name, point.name, point.unit
         from point join device on device.id = point.device
         where ?1 or device.name in (select value from json_each(?2))
             or point.name in (select value from json_each(?3))
         order by device.name, point.name",
    )?;
    let is_all = query.devices.is_empty() && query.points.is_empty();
    let (devices, points) = (json::strings(&query.devices), json::strings(&query.points));
    statement
        .query_map((is_all, devices, points), |row| {
            Ok(PointRow {
                device: row.get(0)?,
                point: row.get(1)?,
                unit: row.get(2)?,
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
    let behind = match query.after {
        Some(_) => "and received <= ?5 and (received < ?5 or device >= ?6)",
        None => "and ?5 is not null and ?6 is not null",
    };
    let sql = format!(
        "select device, received, reason, octets, length from dead_letter
         where received >= ?1 and received < ?2 and {only} {behind}
         order by received desc, device, reason, octets, length
         limit ?3 offset ?7"
    );
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let (from, until) = (time_text(query.from), time_text(ceiling(query.until)));
    let (time, device, passed) = parts(query.after.as_ref());
    let values = (&from, &until, limit, &query.device, time, device, passed);
    connection
        .prepare_cached(&sql)?
        .query_map(values, |row| {
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

/// The time, the device and the rows to leave out of a place; the beginning if there is none.
fn parts(place: Option<&DevicePlace>) -> (String, &str, i64) {
    place.map_or((String::new(), "", 0), |place| {
        (micros_text(place.micros()), place.device(), place.passed())
    })
}

/// A row of point, time, text and quality.
pub(crate) fn text_row(row: &Row<'_>) -> Result<TextRow> {
    Ok(TextRow {
        point: row.get(0)?,
        time: parse_time(row.get_ref(1)?.as_str()?),
        text: row.get(2)?,
        quality: Quality::from_bits_retain(row.get(3)?),
    })
}

/// The microsecond at or after `time`: what was stored was rounded down.
fn ceiling(time: Timestamp) -> Timestamp {
    time.saturating_add(Duration::from_nanos(999))
}
