//! Bringing the schema to this version.

use rusqlite::{Connection, Result, Row, Transaction, TransactionBehavior};

use super::connection::APPLICATION_ID;
use crate::StoreError;
use crate::migration::{Applied, Migration, SchemaState, missing, state};

const ALL: &[Migration] = &[
    Migration {
        version: 1,
        name: "start",
        before: &[],
        sql: include_str!("migrations/0001_start.sql"),
        runs_since: 1,
    },
    Migration {
        version: 2,
        name: "texts",
        before: &[],
        sql: include_str!("migrations/0002_texts.sql"),
        runs_since: 1,
    },
    Migration {
        version: 3,
        name: "dead_letters",
        before: &[],
        sql: include_str!("migrations/0003_dead_letters.sql"),
        runs_since: 1,
    },
    Migration {
        version: 4,
        name: "clamped_clocks",
        before: &[],
        sql: include_str!("migrations/0004_clamped_clocks.sql"),
        runs_since: 3,
    },
    Migration {
        version: 5,
        name: "minutes",
        before: &[],
        sql: include_str!("migrations/0005_minutes.sql"),
        runs_since: 3,
    },
    Migration {
        version: 6,
        name: "engine_gaps",
        before: &[],
        sql: include_str!("migrations/0006_engine_gaps.sql"),
        runs_since: 3,
    },
    Migration {
        version: 7,
        name: "alarms",
        before: &[],
        sql: include_str!("migrations/0007_alarms.sql"),
        runs_since: 3,
    },
    Migration {
        version: 8,
        name: "audit",
        before: &[],
        sql: include_str!("migrations/0008_audit.sql"),
        runs_since: 3,
    },
];

/// Why the schema is not at this version.
pub(crate) enum MigrateError {
    Sqlite(rusqlite::Error),
    Schema(StoreError),
}

impl From<rusqlite::Error> for MigrateError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// How the schema of a file stands that is not there yet.
pub(crate) fn no_schema() -> SchemaState {
    state(ALL, &[], ALL)
}

/// How the schema stands.
pub(crate) fn schema(connection: &Connection) -> std::result::Result<SchemaState, MigrateError> {
    refuse_foreign(connection)?;
    let applied = applied(connection)?;
    let missing = missing(ALL, &applied).map_err(MigrateError::Schema)?;
    Ok(state(ALL, &applied, missing))
}

/// Applies what is missing, each step in a transaction of its own.
pub(crate) fn migrate(connection: &mut Connection) -> std::result::Result<(), MigrateError> {
    refuse_foreign(connection)?;
    loop {
        let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let needed = missing(ALL, &applied(&step)?).map_err(MigrateError::Schema)?;
        let Some(migration) = needed.first() else {
            return Ok(());
        };
        apply(&step, migration)?;
        step.commit()?;
    }
}

fn apply(step: &Transaction<'_>, migration: &Migration) -> Result<()> {
    step.execute_batch(
        "create table if not exists schema_migration (
             version integer primary key, name text not null, checksum integer not null,
             applied text not null default current_timestamp, runs_since integer) strict",
    )?;
    if !notes_who_runs(step)? {
        step.execute_batch("alter table schema_migration add column runs_since integer")?;
    }
    for sql in migration.before.iter().chain([&migration.sql]) {
        step.execute_batch(sql)?;
    }
    let Migration {
        version,
        name,
        runs_since,
        ..
    } = migration;
    step.execute(
        "insert into schema_migration (version, name, checksum, runs_since)
         values (?1, ?2, ?3, ?4)",
        (version, name, migration.checksum(), runs_since),
    )?;
    step.pragma_update(None, "application_id", APPLICATION_ID)?;
    step.pragma_update(None, "user_version", version)
}

/// The steps that the database has, in order.
fn applied(connection: &Connection) -> Result<Vec<Applied>> {
    // Asked by SQL: the connection's own notion of the schema may be older than the file's.
    let exists: bool = connection.query_row(
        "select exists (select 1 from sqlite_schema where name = 'schema_migration')",
        [],
        |row| row.get(0),
    )?;
    if !exists {
        return Ok(Vec::new());
    }
    let runs_since = match notes_who_runs(connection)? {
        true => "runs_since",
        false => "null",
    };
    let sql = format!("select version, checksum, {runs_since} from schema_migration order by 1");
    let applied = |row: &Row<'_>| {
        Ok(Applied {
            version: row.get(0)?,
            checksum: row.get(1)?,
            runs_since: row.get(2)?,
        })
    };
    connection.prepare(&sql)?.query_map([], applied)?.collect()
}

/// Whether the table of steps has its column `runs_since`, which came later.
fn notes_who_runs(connection: &Connection) -> Result<bool> {
    connection.query_row(
        "select exists (select 1 from pragma_table_info('schema_migration')
                        where name = 'runs_since')",
        [],
        |row| row.get(0),
    )
}

fn refuse_foreign(connection: &Connection) -> std::result::Result<(), MigrateError> {
    if !is_foreign(connection)? {
        return Ok(());
    }
    Err(MigrateError::Schema(StoreError::Schema {
        reason: "the file is another program's SQLite database: move it away, or let data_dir \
                 be another folder"
            .to_owned(),
    }))
}

/// Whether the file has tables of somebody else.
fn is_foreign(connection: &Connection) -> Result<bool> {
    let id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 =
        connection.query_row("select count(*) from sqlite_schema", [], |row| row.get(0))?;
    Ok(id != APPLICATION_ID && tables > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_numbered_and_say_who_runs_with_them() {
        for (version, migration) in (1..).zip(ALL) {
            assert_eq!(migration.version, version);
            assert!((1..=version).contains(&migration.runs_since));
        }
    }
}
