//! The audit log: rows, and questions.

use gridos_journal::StreamId;
use gridos_model::AuditRecord;
use rusqlite::types::{FromSqlError, Type};
use rusqlite::{Connection, Error, Result, Row, ToSql, Transaction};

use super::time::{micros_text, parse_time, time_text};
use crate::history::{StoredDeed, Value, audit_sql};
use crate::{AuditQuery, AuditRow};

/// Inserts deeds.
pub(crate) fn insert(
    transaction: &Transaction<'_>,
    stream: StreamId,
    records: &[AuditRecord],
) -> Result<()> {
    let mut insert = transaction.prepare_cached(
        "insert into audit
         (stream, sequence, ts, principal, kind, address, action, target, outcome, status, detail)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    for AuditRecord {
        sequence,
        time,
        deed,
    } in records
    {
        insert.execute((
            stream.as_i64(),
            sequence.cast_signed(),
            time_text(*time),
            &deed.principal,
            &deed.kind,
            &deed.address,
            &deed.action,
            &deed.target,
            deed.outcome.name(),
            deed.status,
            &deed.detail,
        ))?;
    }
    Ok(())
}

/// Deeds, in the order asked for.
pub(crate) fn deeds(connection: &Connection, query: &AuditQuery) -> Result<Vec<AuditRow>> {
    let (sql, values) = audit_sql(query, '?');
    let values = values.into_iter().map(|value| match value {
        Value::Integer(integer) => Box::new(integer) as Box<dyn ToSql>,
        Value::Text(text) => Box::new(text),
        Value::Time(micros) => Box::new(micros_text(micros)),
    });
    connection
        .prepare_cached(&sql)?
        .query_map(rusqlite::params_from_iter(values), deed)?
        .collect()
}

fn deed(row: &Row<'_>) -> Result<AuditRow> {
    let text = |at| Ok::<_, Error>(row.get_ref(at)?.as_str()?);
    let stored = StoredDeed {
        time: parse_time(text(0)?),
        stream: row.get(1)?,
        sequence: row.get(2)?,
        texts: [text(3)?, text(4)?, text(5)?, text(6)?, text(7)?],
        outcome: text(8)?,
        status: row.get(9)?,
        detail: text(10)?,
    };
    stored.row().map_err(|reason| {
        let unknown = FromSqlError::Other(reason.into());
        Error::FromSqlConversionFailure(8, Type::Text, Box::new(unknown))
    })
}
