//! Bringing the schema to this version.

use rusqlite::{Connection, Result, Transaction, TransactionBehavior};

use super::connection::APPLICATION_ID;
use crate::StoreError;
use crate::migration::{Migration, missing};

const ALL: &[Migration] = &[
    Migration {
        version: 1,
        name: "start",
        sql: include_str!("migrations/0001_start.sql"),
    },
    Migration {
        version: 2,
        name: "texts",
        sql: include_str!("migrations/0002_texts.sql"),
    },
    Migration {
        version: 3,
        name: "dead_letters",
        sql: include_str!("migrations/0003_dead_letters.sql"),
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

/// Applies what is missing, each step in a transaction of its own.
pub(crate) fn migrate(connection: &mut Connection) -> std::result::Result<(), MigrateError> {
    if is_foreign(connection)? {
        return Err(MigrateError::Schema(StoreError::Schema {
            reason: "the file is another program's SQLite database: move it away, or let data_dir \
                     be another folder"
                .to_owned(),
        }));
    }
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
             applied text not null default current_timestamp) strict",
    )?;
    step.execute_batch(migration.sql)?;
    step.execute(
        "insert into schema_migration (version, name, checksum) values (?1, ?2, ?3)",
        (migration.version, migration.name, migration.checksum()),
    )?;
    step.pragma_update(None, "application_id", APPLICATION_ID)?;
    step.pragma_update(None, "user_version", migration.version)
}

/// The steps that the database has, in order.
fn applied(connection: &Connection) -> Result<Vec<(i32, i64)>> {
    // Asked by SQL: the connection's own notion of the schema may be older than the file's.
    let exists: bool = connection.query_row(
        "select exists (select 1 from sqlite_schema where name = 'schema_migration')",
        [],
        |row| row.get(0),
    )?;
    if !exists {
        return Ok(Vec::new());
    }
    connection
        .prepare("select version, checksum from schema_migration order by version")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
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
    fn steps_are_numbered() {
        for (version, migration) in (1..).zip(ALL) {
            assert_eq!(migration.version, version);
        }
    }
}
