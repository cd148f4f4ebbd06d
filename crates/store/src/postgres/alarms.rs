//! What happened to alarms: names, rows, and questions.

use std::collections::{BTreeMap, BTreeSet};

use bytes::{BufMut, BytesMut};
use gridos_journal::{LayoutBook, StreamId};
use gridos_model::{AlarmId, AlarmRecord, DeviceId, Note, PointId, Timestamp};
use gridos_rows::copy::pg_micros;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::connection::Connection;
use super::copy;
use super::rows::{put_string, text};
use super::time::{PgMicros, PgTime};
use crate::alarm_name::{self, AlarmName, AlarmOwner, KnownAlarms};
use crate::history::{Asked, StoredEvent, Value};
use crate::{AlarmEventRow, AlarmEventsQuery, StoreError};

const COPY: &str = "copy alarm_event (stream, sequence, alarm, device, point, occurrence, action, \
                    annunciated, from_level, to_level, worst_level, state, priority, flags, \
                    suppression, shelf_until, shelf_one_shot, ts, received, value, quality, actor, \
                    comment, command_key, definition) from stdin (format binary)";
const COLUMNS: i16 = 25;

/// Makes the names of those alarms known that the database has never seen.
pub(crate) async fn introduce(
    connection: &mut Connection,
    records: &[AlarmRecord],
    book: &LayoutBook,
) -> Result<(), StoreError> {
    let mut wanted = alarm_name::unknown(records, &connection.alarms);
    if wanted.is_empty() {
        return Ok(());
    }
    let stored = stored(connection, &wanted).await?;
    wanted.retain(|alarm| !stored.contains_key(alarm));
    let found = alarm_name::search(book, wanted.clone())?;
    insert_names(connection, &found).await?;
    let owner = |alarm: &AlarmId| (*alarm, found.get(alarm).map(|found| found.owner));
    connection.alarms.extend(wanted.iter().map(owner));
    connection.alarms.extend(stored);
    Ok(())
}

/// What the database knows of those of `wanted` that it has seen.
async fn stored(
    connection: &mut Connection,
    wanted: &BTreeSet<AlarmId>,
) -> Result<KnownAlarms, StoreError> {
    let wanted: Vec<_> = wanted.iter().map(|alarm| alarm.as_i64()).collect();
    let statement = connection
        .prepare("select id, device, point from alarm_name where id = any($1)")
        .await?;
    let client = connection.client();
    let rows = connection
        .within(client.query(&statement, &[&wanted]))
        .await?;
    let id = |id: i64| id.cast_unsigned();
    let owner = |row: &Row| AlarmOwner {
        device: DeviceId::from_raw(id(row.get(1))),
        point: row.get::<_, Option<_>>(2).map(id).map(PointId::from_raw),
    };
    let known = rows.iter();
    let known = known.map(|row| (AlarmId::from_raw(id(row.get(0))), Some(owner(row))));
    Ok(known.collect())
}

/// Rows go in the order of their ids, so that engines that do the same never wait for each other in
/// a circle.
async fn insert_names(
    connection: &mut Connection,
    names: &BTreeMap<AlarmId, AlarmName>,
) -> Result<(), StoreError> {
    if names.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = names.keys().map(|alarm| alarm.as_i64()).collect();
    let rows = names.values();
    let texts: Vec<_> = rows.clone().map(|row| text(&row.name)).collect();
    let devices: Vec<_> = rows.clone().map(|row| row.owner.device.as_i64()).collect();
    let points = rows.clone().map(|row| row.owner.point.map(PointId::as_i64));
    let points: Vec<_> = points.collect();
    let kinds: Vec<_> = rows.map(|row| row.kind.name()).collect();
    let statement = connection
        .prepare(
            "insert into alarm_name (id, name, device, point, kind) \
             select * from unnest($1::int8[], $2::text[], $3::int8[], $4::int8[], $5::text[]) \
             on conflict do nothing",
        )
        .await?;
    let values: [&(dyn ToSql + Sync); 5] = [&ids, &texts, &devices, &points, &kinds];
    let inserting = connection.client().execute(&statement, &values);
    connection.within(inserting).await?;
    Ok(())
}

/// A row on its way.
struct Event<'a> {
    stream: StreamId,
    record: &'a AlarmRecord,
    owner: Option<AlarmOwner>,
}

/// Copies what happened to its table.
pub(crate) async fn insert(
    connection: &mut Connection,
    stream: StreamId,
    records: &[AlarmRecord],
) -> Result<(), StoreError> {
    let known = &connection.alarms;
    let owner = |record: &AlarmRecord| known.get(&record.alarm).copied().flatten();
    let events = records.iter().map(|record| Event {
        stream,
        record,
        owner: owner(record),
    });
    let events: Vec<_> = events.collect();
    copy::rows(connection, COPY, events, encode).await
}

fn encode(event: Event<'_>, out: &mut BytesMut) {
    let Event {
        stream,
        record,
        owner,
    } = event;
    let after = &record.after;
    out.put_i16(COLUMNS);
    integer(stream.as_i64(), out);
    integer(record.sequence.cast_signed(), out);
    integer(record.alarm.as_i64(), out);
    let point = owner.and_then(|owner| owner.point);
    maybe(owner.map(|owner| owner.device.as_i64()), out, integer);
    maybe(point.map(PointId::as_i64), out, integer);
    integer(record.occurrence.cast_signed(), out);
    string(record.action.name(), out);
    boolean(record.is_annunciated, out);
    string(record.from.name(), out);
    string(after.level.name(), out);
    string(after.worst.name(), out);
    string(after.state().name(), out);
    string(after.priority.name(), out);
    small(i32::from(after.flags.bits()), out);
    small(i32::from(after.suppression.bits()), out);
    maybe(after.shelf.map(|shelf| shelf.until), out, time);
    maybe(after.shelf.map(|shelf| shelf.is_one_shot), out, boolean);
    time(record.time, out);
    time(record.received, out);
    let value = (!record.value.is_nan()).then_some(record.value);
    maybe(
        value.map(|value| value.to_bits().cast_signed()),
        out,
        integer,
    );
    small(record.quality.bits().cast_signed(), out);
    let texts: [fn(&Note) -> &str; 4] = [
        |note| &note.by,
        |note| &note.comment,
        |note| &note.key,
        |note| &note.definition,
    ];
    for of in texts {
        maybe(record.note.as_deref().map(of), out, string);
    }
}

fn maybe<T>(value: Option<T>, out: &mut BytesMut, put: fn(T, &mut BytesMut)) {
    match value {
        Some(value) => put(value, out),
        None => out.put_i32(-1),
    }
}

fn integer(value: i64, out: &mut BytesMut) {
    out.put_i32(8);
    out.put_i64(value);
}

fn small(value: i32, out: &mut BytesMut) {
    out.put_i32(4);
    out.put_i32(value);
}

fn boolean(value: bool, out: &mut BytesMut) {
    out.put_i32(1);
    out.put_u8(u8::from(value));
}

fn time(value: Timestamp, out: &mut BytesMut) {
    integer(pg_micros(value), out);
}

fn string(value: &str, out: &mut BytesMut) {
    put_string(&text(value), out);
}

/// What happened, in the order asked for.
pub(crate) async fn events(
    connection: &Connection,
    query: &AlarmEventsQuery,
) -> Result<Vec<AlarmEventRow>, StoreError> {
    let Asked { sql, values } = Asked::of(query, '$');
    let values = values.into_iter().map(|value| match value {
        Value::Integer(integer) => Box::new(integer) as Box<dyn ToSql + Sync + Send>,
        Value::Text(text) => Box::new(text),
        Value::Time(micros) => Box::new(PgMicros(micros)),
    });
    let values: Vec<_> = values.collect();
    let values: Vec<_> = values.iter().map(|value| &**value as _).collect();
    let client = connection.client();
    let rows = connection.within(client.query(&sql, &values)).await?;
    rows.iter().map(event).collect()
}

fn event(row: &Row) -> Result<AlarmEventRow, StoreError> {
    let time = |at: usize| row.get::<_, PgTime>(at).0;
    let shelf_until = row.get::<_, Option<PgTime>>(13);
    let shelf = shelf_until.zip(row.get(14));
    let stored = StoredEvent {
        received: time(0),
        stream: row.get(1),
        sequence: row.get(2),
        alarm: row.get(3),
        occurrence: row.get(4),
        action: row.get(5),
        annunciated: row.get(6),
        levels: [row.get(7), row.get(8), row.get(9)],
        priority: row.get(10),
        flags: u16::try_from(row.get::<_, i32>(11)).unwrap_or_default(),
        suppression: u8::try_from(row.get::<_, i32>(12)).unwrap_or_default(),
        shelf: shelf.map(|(until, is_one_shot)| (until.0, is_one_shot)),
        time: time(15),
        value: row.get(16),
        quality: row.get::<_, i32>(17).cast_unsigned(),
        note: [row.get(18), row.get(19), row.get(20), row.get(21)],
        names: [row.get(22), row.get(23), row.get(24)],
    };
    let unknown = |reason| StoreError::Refused { reason };
    stored.row().map_err(unknown)
}
