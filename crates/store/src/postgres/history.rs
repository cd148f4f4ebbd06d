//! Questions about the past, but for readings.

use gridos_model::{Level, Quality};
use tokio_postgres::Row;

use super::connection::Connection;
use super::time::{PgMicros, PgTime};
use crate::history::scan::Micros;
use crate::{
    AlarmRow, AlarmsQuery, DevicePlace, GapRow, GapsQuery, HistoryQuery, LetterRow, LettersQuery,
    PointRow, PointsQuery, ReadingRow, StoreError, TextRow,
};

/// Texts of one point in time order.
pub(crate) async fn texts(
    connection: &Connection,
    query: &HistoryQuery,
) -> Result<Vec<TextRow>, StoreError> {
    let direction = if query.youngest { "desc" } else { "asc" };
    let sql = format!(
        "select point, ts, text, quality from text_reading \
         where point = $1 and ts >= $2 and ts < $3 order by ts {direction} limit $4"
    );
    let (from, until) = (PgTime(query.from), PgTime(query.until));
    let limit = limit(query.limit);
    let client = connection.client();
    let rows = connection
        .within(client.query(&sql, &[&query.point, &from, &until, &limit]))
        .await?;
    let mut texts: Vec<_> = rows.iter().map(text_row).collect();
    if query.youngest {
        texts.reverse();
    }
    Ok(texts)
}

/// The youngest reading of each point, in the order asked.
pub(crate) async fn latest(
    connection: &Connection,
    points: &[String],
) -> Result<Vec<ReadingRow>, StoreError> {
    let client = connection.client();
    let sql = "select latest.point, latest.ts, latest.value, latest.quality \
               from unnest($1::text[]) with ordinality as asked (point, place) \
               join latest on latest.point = asked.point order by asked.place";
    let rows = connection.within(client.query(sql, &[&points])).await?;
    Ok(rows.iter().map(reading).collect())
}

/// Alarm transitions, youngest first.
pub(crate) async fn alarms(
    connection: &Connection,
    query: &AlarmsQuery,
) -> Result<Vec<AlarmRow>, StoreError> {
    let client = connection.client();
    let only = match query.point {
        Some(_) => "point = $4",
        None => "$4::text is null",
    };
    let sql = format!(
        "select point, ts, from_level, to_level, value, occurrence from alarm \
         where ts >= $1 and ts < $2 and {only} order by ts desc, occurrence desc limit $3"
    );
    let (from, until) = (PgTime(query.from), PgTime(query.until));
    let limit = limit(query.limit);
    let rows = connection
        .within(client.query(&sql, &[&from, &until, &limit, &query.point]))
        .await?;
    Ok(rows.iter().map(alarm).collect())
}

/// Gaps, the earliest first.
pub(crate) async fn gaps(
    connection: &Connection,
    query: &GapsQuery,
) -> Result<Vec<GapRow>, StoreError> {
    let asked = match query.devices.is_empty() && query.points.is_empty() {
        true => {
            "select id, name from device where $1::text[] is not null and $2::text[] is not null"
        }
        false => {
            "select id, name from device where name = any ($1) \
             union \
             select device.id, device.name from point join device on device.id = point.device \
             where point.name = any ($2)"
        }
    };
    // What comes behind a place is at its time or later: most of what is before is not looked at.
    let behind = match query.after {
        Some(_) => {
            "and told.from_ts >= $6 \
             and (told.from_ts > $6 or coalesce(told.name, '') collate \"C\" >= $7) "
        }
        None => "and $6::timestamptz is not null and $7::text is not null ",
    };
    let sql = format!(
        "select told.name, told.from_ts, told.until_ts, told.reason \
         from ( \
             select asked.name, gap.from_ts, gap.until_ts, gap.reason \
             from ({asked}) as asked join gap on gap.device = asked.id \
             union all \
             select null, from_ts, until_ts, reason from gap where device is null \
         ) as told \
         where told.from_ts < $4 and (told.until_ts > $3 or told.from_ts >= $3) {behind}\
         order by told.from_ts, coalesce(told.name, '') collate \"C\", told.until_ts, told.reason \
         limit $5 offset $8"
    );
    let range = Micros::of(query.from, query.until);
    let (from, until) = (PgMicros(range.from), PgMicros(range.until));
    let limit = limit(query.limit);
    let (time, device, passed) = parts(query.after.as_ref());
    let client = connection.client();
    let rows = connection
        .within(client.query(
            &sql,
            &[
                &query.devices,
                &query.points,
                &from,
                &until,
                &limit,
                &time,
                &device,
                &passed,
            ],
        ))
        .await?;
    let gap = |row: &Row| GapRow {
        device: row.get(0),
        from: row.get::<_, PgTime>(1).0,
        until: row.get::<_, PgTime>(2).0,
        reason: row.get(3),
    };
    Ok(rows.iter().map(gap).collect())
}

/// Points, by device and name.
pub(crate) async fn points(
    connection: &Connection,
    query: &PointsQuery,
) -> Result<Vec<PointRow>, StoreError> {
    let is_all = query.devices.is_empty() && query.points.is_empty();
    let sql = "select device.name, point.name, point.unit \
               from point join device on device.id = point.device \
               where $1 or device.name = any ($2) or point.name = any ($3) \
               order by device.name collate \"C\", point.name collate \"C\"";
    let client = connection.client();
    let rows = connection
        .within(client.query(sql, &[&is_all, &query.devices, &query.points]))
        .await?;
    let point = |row: &Row| PointRow {
        device: row.get(0),
        point: row.get(1),
        unit: row.get(2),
    };
    Ok(rows.iter().map(point).collect())
}

/// Dead letters, youngest first.
pub(crate) async fn letters(
    connection: &Connection,
    query: &LettersQuery,
) -> Result<Vec<LetterRow>, StoreError> {
    let client = connection.client();
    let only = match query.device {
        Some(_) => "device = $4",
        None => "$4::text is null",
    };
    let behind = match query.after {
        Some(_) => "and received <= $5 and (received < $5 or device collate \"C\" >= $6)",
        None => "and $5::timestamptz is not null and $6::text is not null",
    };
    let sql = format!(
        "select device, received, reason, octets, length from dead_letter \
         where received >= $1 and received < $2 and {only} {behind} \
         order by received desc, device collate \"C\", reason, octets, length \
         limit $3 offset $7"
    );
    let (from, until) = (PgTime(query.from), PgTime(query.until));
    let limit = limit(query.limit);
    let (time, device, passed) = parts(query.after.as_ref());
    let rows = connection
        .within(client.query(
            &sql,
            &[
                &from,
                &until,
                &limit,
                &query.device,
                &time,
                &device,
                &passed,
            ],
        ))
        .await?;
    let letter = |row: &Row| LetterRow {
        device: row.get(0),
        received: row.get::<_, PgTime>(1).0,
        reason: row.get(2),
        octets: row.get(3),
        length: u32::try_from(row.get::<_, i64>(4)).unwrap_or(u32::MAX),
    };
    Ok(rows.iter().map(letter).collect())
}

/// The time, the device and the rows to leave out of a place; the beginning if there is none.
fn parts(place: Option<&DevicePlace>) -> (PgMicros, &str, i64) {
    place.map_or((PgMicros(0), "", 0), |place| {
        (PgMicros(place.micros()), place.device(), place.passed())
    })
}

/// A row of point, time, text and quality.
pub(crate) fn text_row(row: &Row) -> TextRow {
    TextRow {
        point: row.get(0),
        time: row.get::<_, PgTime>(1).0,
        text: row.get(2),
        quality: Quality::from_bits_retain(row.get::<_, i32>(3).cast_unsigned()),
    }
}

fn reading(row: &Row) -> ReadingRow {
    ReadingRow {
        point: row.get(0),
        time: row.get::<_, PgTime>(1).0,
        value: row.get(2),
        quality: Quality::from_bits_retain(row.get::<_, i32>(3).cast_unsigned()),
    }
}

fn alarm(row: &Row) -> AlarmRow {
    AlarmRow {
        point: row.get(0),
        time: row.get::<_, PgTime>(1).0,
        from: level(row.get(2)),
        to: level(row.get(3)),
        value: row.get(4),
        occurrence: row.get::<_, i64>(5).cast_unsigned(),
    }
}

/// The level of that name; only names of levels are ever stored.
fn level(name: &str) -> Level {
    crate::history::level(name).unwrap_or_default()
}

fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
