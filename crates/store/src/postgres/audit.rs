//! The audit log: rows, and questions.

use gridos_journal::StreamId;
use gridos_model::{AuditRecord, Deed};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::connection::Connection;
use super::rows::text;
use super::time::{PgMicros, PgTime};
use crate::history::{StoredDeed, Value, audit_sql};
use crate::{AuditQuery, AuditRow, StoreError};

/// Inserts deeds.
pub(crate) async fn insert(
    connection: &mut Connection,
    stream: StreamId,
    records: &[AuditRecord],
) -> Result<(), StoreError> {
    if records.is_empty() {
        return Ok(());
    }
    let column = |of: fn(&Deed) -> &str| -> Vec<String> {
        records
            .iter()
            .map(|record| text(of(&record.deed)))
            .collect()
    };
    let row = records.iter();
    let sequences: Vec<_> = row.clone().map(|row| row.sequence.cast_signed()).collect();
    let times: Vec<_> = row.clone().map(|row| PgTime(row.time)).collect();
    let statuses: Vec<_> = row.map(|row| i32::from(row.deed.status)).collect();
    let principals = column(|deed| &deed.principal);
    let kinds = column(|deed| &deed.kind);
    let addresses = column(|deed| &deed.address);
    let actions = column(|deed| &deed.action);
    let targets = column(|deed| &deed.target);
    let outcomes = column(|deed| deed.outcome.name());
    let details = column(|deed| &deed.detail);
    let statement = connection
        .prepare(
            "insert into audit (stream, sequence, ts, principal, kind, address, action, target, \
             outcome, status, detail) \
             select $1::int8, * from unnest($2::int8[], $3::timestamptz[], $4::text[], $5::text[], \
             $6::text[], $7::text[], $8::text[], $9::text[], $10::int4[], $11::text[])",
        )
        .await?;
    let values: [&(dyn ToSql + Sync); 11] = [
        &stream.as_i64(),
        &sequences,
        &times,
        &principals,
        &kinds,
        &addresses,
        &actions,
        &targets,
        &outcomes,
        &statuses,
        &details,
    ];
    let inserting = connection.client().execute(&statement, &values);
    connection.within(inserting).await?;
    Ok(())
}

/// Deeds, in the order asked for.
pub(crate) async fn deeds(
    connection: &Connection,
    query: &AuditQuery,
) -> Result<Vec<AuditRow>, StoreError> {
    let (sql, values) = audit_sql(query, '$');
    let values = values.into_iter().map(|value| match value {
        Value::Integer(integer) => Box::new(integer) as Box<dyn ToSql + Sync + Send>,
        Value::Text(text) => Box::new(text),
        Value::Time(micros) => Box::new(PgMicros(micros)),
    });
    let values: Vec<_> = values.collect();
    let values: Vec<_> = values.iter().map(|value| &**value as _).collect();
    let client = connection.client();
    let rows = connection.within(client.query(&sql, &values)).await?;
    rows.iter().map(deed).collect()
}

fn deed(row: &Row) -> Result<AuditRow, StoreError> {
    let stored = StoredDeed {
        time: row.get::<_, PgTime>(0).0,
        stream: row.get(1),
        sequence: row.get(2),
        texts: [row.get(3), row.get(4), row.get(5), row.get(6), row.get(7)],
        outcome: row.get(8),
        status: row.get(9),
        detail: row.get(10),
    };
    let unknown = |reason| StoreError::Refused { reason };
    stored.row().map_err(unknown)
}
