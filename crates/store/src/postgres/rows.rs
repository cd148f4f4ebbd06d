//! What is not copied: some rows at a time, as columns of one statement.

use bytes::{BufMut, BytesMut};
use gridos_journal::StreamId;
use gridos_model::{DeadLetter, Events, Gap, Texts, Transition};
use tokio_postgres::types::ToSql;

use super::connection::Connection;
use super::time::PgTime;
use crate::StoreError;
use crate::contents::Quarantined;
use crate::{gap_device, latest};

/// Brings `latest_event` up to date with the events of a chunk.
pub(crate) async fn latest_events(
    connection: &mut Connection,
    events: &[Events<'_>],
) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let rows = latest::latest_events(events);
    let layouts: Vec<_> = rows.iter().map(|row| row.layout.as_i64()).collect();
    let positions: Vec<_> = rows.iter().map(|row| row.position.cast_signed()).collect();
    let times: Vec<_> = rows.iter().map(|row| PgTime(row.time)).collect();
    let values: Vec<_> = rows.iter().map(|row| number(row.value)).collect();
    let qualities: Vec<_> = rows
        .iter()
        .map(|row| row.quality.bits().cast_signed())
        .collect();
    insert(
        connection,
        "insert into latest_event (layout, position, ts, value, quality) \
         select * from unnest($1::int8[], $2::int4[], $3::timestamptz[], $4::float8[], $5::int4[]) \
         on conflict (layout, position) do update \
         set ts = excluded.ts, value = excluded.value, quality = excluded.quality \
         where latest_event.ts <= excluded.ts",
        &[&layouts, &positions, &times, &values, &qualities],
    )
    .await
}

/// Inserts texts.
pub(crate) async fn texts(
    connection: &mut Connection,
    batches: &[Texts<'_>],
) -> Result<(), StoreError> {
    if batches.is_empty() {
        return Ok(());
    }
    let (mut layouts, mut times, mut received) = (Vec::new(), Vec::new(), Vec::new());
    let (mut positions, mut texts, mut qualities) = (Vec::new(), Vec::new(), Vec::new());
    for batch in batches {
        for nth in 0..batch.texts.len() {
            let quality = batch.qualities.get(nth).copied().unwrap_or_default();
            layouts.push(batch.layout.as_i64());
            received.push(PgTime(batch.received));
            qualities.push(quality.bits().cast_signed());
        }
        times.extend(batch.times.iter().map(|time| PgTime(*time)));
        positions.extend(batch.points.iter().map(|point| point.cast_signed()));
        texts.extend(batch.texts.iter().map(text));
    }
    insert(
        connection,
        "insert into text_event (layout, ts, received, position, text, quality) \
         select * from unnest($1::int8[], $2::timestamptz[], $3::timestamptz[], $4::int4[], \
         $5::text[], $6::int4[])",
        &[&layouts, &times, &received, &positions, &texts, &qualities],
    )
    .await
}

/// Inserts alarm transitions.
pub(crate) async fn transitions(
    connection: &mut Connection,
    transitions: &[Transition],
) -> Result<(), StoreError> {
    if transitions.is_empty() {
        return Ok(());
    }
    let column = transitions.iter();
    let points: Vec<_> = column.clone().map(|row| row.point.as_i64()).collect();
    let times: Vec<_> = column.clone().map(|row| PgTime(row.time)).collect();
    let received: Vec<_> = column.clone().map(|row| PgTime(row.received)).collect();
    let from: Vec<_> = column.clone().map(|row| row.from.name()).collect();
    let to: Vec<_> = column.clone().map(|row| row.to.name()).collect();
    let values: Vec<_> = column.clone().map(|row| number(row.value)).collect();
    let qualities: Vec<_> = column
        .clone()
        .map(|row| row.quality.bits().cast_signed())
        .collect();
    let occurrences: Vec<_> = column.map(|row| row.occurrence.cast_signed()).collect();
    insert(
        connection,
        "insert into alarm_transition \
         (point, ts, received, from_level, to_level, value, quality, occurrence) \
         select * from unnest($1::int8[], $2::timestamptz[], $3::timestamptz[], $4::text[], \
         $5::text[], $6::float8[], $7::int4[], $8::int8[])",
        &[
            &points,
            &times,
            &received,
            &from,
            &to,
            &values,
            &qualities,
            &occurrences,
        ],
    )
    .await
}

/// Inserts gaps.
pub(crate) async fn gaps(
    connection: &mut Connection,
    stream: StreamId,
    gaps: &[Gap],
) -> Result<(), StoreError> {
    if gaps.is_empty() {
        return Ok(());
    }
    let devices: Vec<_> = gaps.iter().map(gap_device).collect();
    let from: Vec<_> = gaps.iter().map(|gap| PgTime(gap.from)).collect();
    let until: Vec<_> = gaps.iter().map(|gap| PgTime(gap.until)).collect();
    let reasons: Vec<_> = gaps.iter().map(|gap| gap.reason.name()).collect();
    insert(
        connection,
        "insert into gap (device, from_ts, until_ts, reason, stream) \
         select *, $5::int8 \
         from unnest($1::int8[], $2::timestamptz[], $3::timestamptz[], $4::text[])",
        &[&devices, &from, &until, &reasons, &stream.as_i64()],
    )
    .await
}

/// Inserts dead letters.
pub(crate) async fn letters(
    connection: &mut Connection,
    letters: &[DeadLetter],
) -> Result<(), StoreError> {
    if letters.is_empty() {
        return Ok(());
    }
    let column = letters.iter();
    let devices: Vec<_> = column.clone().map(|row| row.device().as_i64()).collect();
    let received: Vec<_> = column.clone().map(|row| PgTime(row.received())).collect();
    let reasons: Vec<_> = column.clone().map(|row| text(row.reason())).collect();
    let octets: Vec<_> = column.clone().map(DeadLetter::octets).collect();
    let lengths: Vec<_> = column.map(|row| i64::from(row.length())).collect();
    insert(
        connection,
        "insert into message_rest (device, received, reason, octets, length) \
         select * from unnest($1::int8[], $2::timestamptz[], $3::text[], $4::bytea[], $5::int8[])",
        &[&devices, &received, &reasons, &octets, &lengths],
    )
    .await
}

/// Inserts what cannot be stored as what it is.
pub(crate) async fn quarantine(
    connection: &mut Connection,
    stream: StreamId,
    quarantined: &[Quarantined<'_>],
) -> Result<(), StoreError> {
    for row in quarantined {
        let position = row.position.get().cast_signed();
        let readings = row.readings.cast_signed();
        insert(
            connection,
            "insert into quarantine (stream, position, readings, reason, record, frame) \
             values ($1, $2, $3, $4, $5, $6)",
            &[
                &stream.as_i64(),
                &position,
                &readings,
                &text(&row.reason),
                &row.record,
                &row.frame,
            ],
        )
        .await?;
    }
    Ok(())
}

async fn insert(
    connection: &mut Connection,
    sql: &'static str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<(), StoreError> {
    let statement = connection.prepare(sql).await?;
    let inserting = connection.client().execute(&statement, values);
    connection.within(inserting).await?;
    Ok(())
}

/// Infinities are kept as such; NaN is null.
fn number(value: f64) -> Option<f64> {
    (!value.is_nan()).then_some(value)
}

/// PostgreSQL's text holds no NUL. The config forbids it in names, but a name from a damaged file
/// must not stop the stream.
pub(super) fn text(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Appends a text as a field of a COPY.
pub(super) fn put_string(text: &str, out: &mut BytesMut) {
    // A record has at most 16 MiB.
    out.put_i32(i32::try_from(text.len()).unwrap_or(i32::MAX));
    out.put_slice(text.as_bytes());
}
