//! Questions about the past.

use gridos_model::{Level, Quality};
use tokio_postgres::Row;

use super::connection::Connection;
use super::time::PgTime;
use crate::{
    AlarmRow, AlarmsQuery, HistoryQuery, LetterRow, LettersQuery, ReadingRow, StoreError, TextRow,
};

/// The readings of a point in one direction of time: each layout's own index gives its first rows
/// in order, and only those are merged.
const READINGS: &str = "
    select $1::text, ts, value, quality
    from (
        select sweep.*
        from point
        join layout_point on layout_point.point = point.id
        cross join lateral (
            select
                ts,
                value[layout_point.position + 1] as value,
                coalesce(quality[layout_point.position + 1], 0)
                    | case time_quality when 1 then 524288 when 2 then 1048576 else 0 end
                    as quality
            from sweep
            where sweep.layout = layout_point.layout and ts >= $2 and ts < $3
            order by sweep.ts {direction}
            limit $4
        ) as sweep
        where point.name = $1
        union all
        select event.*
        from point
        join layout_point on layout_point.point = point.id
        cross join lateral (
            select
                ts_first + change.lag * interval '1 microsecond' as ts,
                change.value,
                coalesce(change.quality, 0) as quality
            from event
            cross join lateral unnest(event.point, event.lag, event.value, event.quality)
                as change (position, lag, value, quality)
            where event.layout = layout_point.layout
                and ts_last >= $2 and ts_last < $3 + interval '10 minutes' and ts_first < $3
                and layout_point.position = any (event.point)
                and change.position = layout_point.position
                and ts_first + change.lag * interval '1 microsecond' >= $2
                and ts_first + change.lag * interval '1 microsecond' < $3
            order by 1 {direction}
            limit $4
        ) as event
        where point.name = $1
    ) as reading
    order by ts {direction}
    limit $4";

/// Readings of one point in time order.
pub(crate) async fn readings(
    connection: &Connection,
    query: &HistoryQuery,
) -> Result<Vec<ReadingRow>, StoreError> {
    let direction = if query.youngest { "desc" } else { "asc" };
    let sql = READINGS.replace("{direction}", direction);
    let (from, until) = (PgTime(query.from), PgTime(query.until));
    let limit = limit(query.limit);
    let client = connection.client();
    let rows = connection
        .within(client.query(&sql, &[&query.point, &from, &until, &limit]))
        .await?;
    let mut readings: Vec<_> = rows.iter().map(reading).collect();
    if query.youngest {
        readings.reverse();
    }
    Ok(readings)
}

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
    let text = |row: &Row| TextRow {
        point: row.get(0),
        time: row.get::<_, PgTime>(1).0,
        text: row.get(2),
        quality: Quality::from_bits_retain(row.get::<_, i32>(3).cast_unsigned()),
    };
    let mut texts: Vec<_> = rows.iter().map(text).collect();
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
    let sql = format!(
        "select device, received, reason, octets, length from dead_letter \
         where received >= $1 and received < $2 and {only} order by received desc limit $3"
    );
    let (from, until) = (PgTime(query.from), PgTime(query.until));
    let limit = limit(query.limit);
    let rows = connection
        .within(client.query(&sql, &[&from, &until, &limit, &query.device]))
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
