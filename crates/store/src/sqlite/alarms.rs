//! What happened to alarms: names, rows, and questions.

use std::collections::{BTreeMap, BTreeSet};

use gridos_journal::StreamId;
use gridos_model::{AlarmId, AlarmRecord, DeviceId, Note, PointId};
use rusqlite::types::{FromSqlError, Type};
use rusqlite::{
    Connection, Error, OptionalExtension, Result, Row, ToSql, Transaction, TransactionBehavior,
};

use super::time::{micros_text, parse_time, time_text};
use crate::alarm_name::{AlarmName, AlarmOwner, KnownAlarms};
use crate::history::{Asked, StoredEvent, Value};
use crate::{AlarmEventRow, AlarmEventsQuery};

/// What the database knows of those of `wanted` that it has seen.
pub(crate) fn stored(connection: &Connection, wanted: &BTreeSet<AlarmId>) -> Result<KnownAlarms> {
    let mut find =
        connection.prepare_cached("select device, point from alarm_name where id = ?1")?;
    let mut known = KnownAlarms::new();
    for alarm in wanted {
        let owner = find.query_row([alarm.as_i64()], |row| {
            let device: i64 = row.get(0)?;
            let point: Option<i64> = row.get(1)?;
            Ok(AlarmOwner {
                device: DeviceId::from_raw(device.cast_unsigned()),
                point: point.map(|point| PointId::from_raw(point.cast_unsigned())),
            })
        });
        if let Some(owner) = owner.optional()? {
            known.insert(*alarm, Some(owner));
        }
    }
    Ok(known)
}

/// Commits names on their own.
pub(crate) fn introduce(
    connection: &mut Connection,
    names: &BTreeMap<AlarmId, AlarmName>,
) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut insert = transaction.prepare_cached(
            "insert into alarm_name (id, name, device, point, kind) values (?1, ?2, ?3, ?4, ?5)
             on conflict do nothing",
        )?;
        for (alarm, AlarmName { name, owner, kind }) in names {
            insert.execute((
                alarm.as_i64(),
                name,
                owner.device.as_i64(),
                owner.point.map(PointId::as_i64),
                kind.name(),
            ))?;
        }
    }
    transaction.commit()
}

/// Inserts what happened.
pub(crate) fn insert(
    transaction: &Transaction<'_>,
    stream: StreamId,
    records: &[AlarmRecord],
    owners: &KnownAlarms,
) -> Result<()> {
    let mut insert = transaction.prepare_cached(
        "insert into alarm_event
         (stream, sequence, alarm, device, point, occurrence, action, annunciated, from_level,
         to_level, worst_level, state, priority, flags, suppression, shelf_until, shelf_one_shot,
         ts, received, value, quality, actor, comment, command_key, definition)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
         ?19, ?20, ?21, ?22, ?23, ?24, ?25)",
    )?;
    for record in records {
        let owner = owners.get(&record.alarm).copied().flatten();
        let (after, note) = (&record.after, record.note.as_deref());
        let text = |of: fn(&Note) -> &str| note.map(of);
        insert.execute(rusqlite::params![
            stream.as_i64(),
            record.sequence.cast_signed(),
            record.alarm.as_i64(),
            owner.map(|owner| owner.device.as_i64()),
            owner.and_then(|owner| owner.point).map(PointId::as_i64),
            record.occurrence.cast_signed(),
            record.action.name(),
            record.is_annunciated,
            record.from.name(),
            after.level.name(),
            after.worst.name(),
            after.state().name(),
            after.priority.name(),
            after.flags.bits(),
            after.suppression.bits(),
            after.shelf.map(|shelf| time_text(shelf.until)),
            after.shelf.map(|shelf| shelf.is_one_shot),
            time_text(record.time),
            time_text(record.received),
            (!record.value.is_nan()).then_some(record.value),
            record.quality.bits(),
            text(|note| &note.by),
            text(|note| &note.comment),
            text(|note| &note.key),
            text(|note| &note.definition),
        ])?;
    }
    Ok(())
}

/// What happened, in the order asked for.
pub(crate) fn events(
    connection: &Connection,
    query: &AlarmEventsQuery,
) -> Result<Vec<AlarmEventRow>> {
    let Asked { sql, values } = Asked::of(query, '?');
    let values = values.into_iter().map(|value| match value {
        Value::Integer(integer) => Box::new(integer) as Box<dyn ToSql>,
        Value::Text(text) => Box::new(text),
        Value::Time(micros) => Box::new(micros_text(micros)),
    });
    connection
        .prepare_cached(&sql)?
        .query_map(rusqlite::params_from_iter(values), event)?
        .collect()
}

fn event(row: &Row<'_>) -> Result<AlarmEventRow> {
    let text = |at| Ok::<_, Error>(row.get_ref(at)?.as_str()?);
    let maybe = |at| Ok::<_, Error>(row.get_ref(at)?.as_str_or_null()?);
    let shelf_until = maybe(13)?.map(parse_time);
    let stored = StoredEvent {
        received: parse_time(text(0)?),
        stream: row.get(1)?,
        sequence: row.get(2)?,
        alarm: row.get(3)?,
        occurrence: row.get(4)?,
        action: text(5)?,
        annunciated: row.get(6)?,
        levels: [text(7)?, text(8)?, text(9)?],
        priority: text(10)?,
        flags: row.get(11)?,
        suppression: row.get(12)?,
        shelf: shelf_until.zip(row.get(14)?),
        time: parse_time(text(15)?),
        value: row.get(16)?,
        quality: row.get(17)?,
        note: [maybe(18)?, maybe(19)?, maybe(20)?, maybe(21)?],
        names: [maybe(22)?, maybe(23)?, maybe(24)?],
    };
    stored.row().map_err(|reason| {
        let unknown = FromSqlError::Other(reason.into());
        Error::FromSqlConversionFailure(5, Type::Text, Box::new(unknown))
    })
}

#[cfg(test)]
mod tests {
    use gridos_model::{AlarmKind, Timestamp};
    use tempfile::TempDir;

    use super::super::connection::open_writer;
    use super::super::migrate::migrate;
    use super::*;

    /// What SQLite does with `query`.
    fn plan(connection: &Connection, query: &AlarmEventsQuery) -> String {
        let Asked { sql, values } = Asked::of(query, '?');
        let mut explain = connection
            .prepare(&format!("explain query plan {sql}"))
            .unwrap();
        let values = values.iter().map(|value| format!("{value:?}"));
        let steps = explain
            .query_map(rusqlite::params_from_iter(values), |row| row.get(3))
            .unwrap();
        steps.collect::<Result<Vec<String>>>().unwrap().join("; ")
    }

    #[test]
    fn every_question_walks_along_an_index() {
        let dir = TempDir::new().unwrap();
        let mut connection = open_writer(&dir.path().join("gridos.db")).unwrap();
        assert!(migrate(&mut connection).is_ok());
        let all = AlarmEventsQuery::between(Timestamp::EPOCH, Timestamp::MAX, 10);
        let all = AlarmEventsQuery {
            after: Some("0-0-0".parse().unwrap()),
            ..all
        };
        let alarm = AlarmEventsQuery {
            alarm: Some(AlarmId::of("d.p", AlarmKind::Limit)),
            ..all.clone()
        };
        let device = AlarmEventsQuery {
            device: Some("d".to_owned()),
            ..all.clone()
        };
        let point = AlarmEventsQuery {
            point: Some("d.p".to_owned()),
            ..all.clone()
        };
        let annunciated = AlarmEventsQuery {
            annunciated_only: true,
            ..all.clone()
        };
        for (query, index) in [
            (all, "alarm_event_by_time (received>? AND received<?)"),
            (
                alarm,
                "alarm_event_by_alarm (alarm=? AND received>? AND received<?)",
            ),
            (
                device,
                "alarm_event_by_device (device=? AND received>? AND received<?)",
            ),
            (
                point,
                "alarm_event_by_point (point=? AND received>? AND received<?)",
            ),
            (annunciated, "alarm_event_"),
        ] {
            for ascending in [true, false] {
                let query = AlarmEventsQuery {
                    ascending,
                    ..query.clone()
                };
                let plan = plan(&connection, &query);
                assert!(
                    plan.contains(&format!("SEARCH event USING INDEX {index}")),
                    "{plan}"
                );
                assert!(!plan.contains("FOR ORDER BY"), "{plan}");
            }
        }
    }
}
