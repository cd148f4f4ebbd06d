//! What other roles than the schema's owner may do: write, or look.

use tokio_postgres::types::ToSql;

use super::connection::Connection;
use super::migrate::LOCK;
use crate::StoreError;

/// What a role is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The engine's: inserts rows and asks for them, moves positions, and has partitions made and
    /// dropped by functions that do what their owner's rule says. It can delete or change nothing else.
    Write,
    /// For people and dashboards: the views, and nothing beneath them.
    Read,
}

/// What the engine does with each table.
pub(super) const WRITER: &[(&str, &str)] = &[
    ("alarm_event", "select, insert"),
    ("alarm_name", "select, insert"),
    ("alarm_transition", "select, insert"),
    ("audit", "select, insert"),
    ("device", "select, insert"),
    ("device_epoch", "select, insert"),
    ("event", "select, insert"),
    ("gap", "select, insert"),
    (
        "latest_event",
        "select, insert, update (ts, value, quality)",
    ),
    ("layout", "select, insert"),
    ("layout_point", "select, insert"),
    ("message_rest", "select, insert"),
    ("minute", "select, insert"),
    ("partitioned", "select"),
    ("point", "select, insert, update (unit)"),
    ("quarantine", "select, insert"),
    ("schema_migration", "select"),
    (
        "stream_position",
        "select, insert, update (position, readings, quarantined, lost, last_checksum, \
         turned_position, turned_readings, own_readings)",
    ),
    ("sweep", "select, insert"),
    ("text_event", "select, insert"),
    ("upkeep_rule", "select"),
];

/// The functions that keep the tables.
pub(super) const UPKEEP: &[&str] = &[
    "make_partition(integer)",
    "drop_partitions()",
    "delete_old(integer)",
];

/// The views that people ask.
const VIEWS: &[&str] = &[
    "alarm",
    "alarm_history",
    "dead_letter",
    "device_gap",
    "device_point",
    "event_reading",
    "latest",
    "latest_text",
    "partition_span",
    "reading",
    "reading_1m",
    "sweep_reading",
    "text_reading",
];

/// Gives `role` what `access` needs, whatever it had; as the owner of the schema.
pub(crate) async fn grant(
    connection: &mut Connection,
    role: &str,
    access: Access,
) -> Result<(), StoreError> {
    let client = connection.client();
    let values: [&(dyn ToSql + Sync); 1] = [&role];
    let asking = client.query_one(
        "select current_schema(), exists (select from pg_roles where rolname = $1)",
        &values,
    );
    let row = connection.within(asking).await?;
    if !row.get::<_, bool>(1) {
        return Err(StoreError::Refused {
            reason: format!(
                "there is no role {role}; make it first: create role {} login",
                quoted(role)
            ),
        });
    }
    // Two at once would meet in the catalogue, and one be refused.
    let sql = format!(
        "begin; select pg_advisory_xact_lock({LOCK}); {}; commit",
        statements(&quoted(row.get(0)), &quoted(role), access)
    );
    connection.run(&sql).await
}

fn statements(schema: &str, role: &str, access: Access) -> String {
    let mut sql = vec![format!("grant usage on schema {schema} to {role}")];
    if access == Access::Write {
        let tables = WRITER.iter();
        sql.extend(tables.map(|(table, rights)| format!("grant {rights} on {table} to {role}")));
        let functions = UPKEEP.iter();
        sql.extend(functions.map(|name| format!("grant execute on function {name} to {role}")));
    }
    sql.extend(
        VIEWS
            .iter()
            .map(|view| format!("grant select on {view} to {role}")),
    );
    sql.join("; ")
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
