//! Bringing the schema to this version.

use std::time::Duration;

use super::connection::Connection;
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
        name: "exponent_apart",
        sql: include_str!("migrations/0003_exponent_apart.sql"),
    },
    Migration {
        version: 4,
        name: "dead_letters",
        sql: include_str!("migrations/0004_dead_letters.sql"),
    },
];

/// The lock that engines starting at once take one after the other: "GRIDOS" in ASCII.
const LOCK: i64 = 0x4752_4944_4f53;
/// A step may take long on a full database, or wait for another engine's.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// Applies what is missing, each step in a transaction of its own. A database that is up to date
/// is only read, so a role without the right to create tables will do.
pub(crate) async fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    while !missing(ALL, &applied(connection).await?)?.is_empty() {
        step(connection).await?;
    }
    Ok(())
}

async fn step(connection: &mut Connection) -> Result<(), StoreError> {
    run(
        connection,
        &format!(
            "begin; set local statement_timeout = 0; select pg_advisory_xact_lock({LOCK}); \
             create table if not exists schema_migration (\
                version integer primary key, name text not null, checksum bigint not null, \
                applied timestamptz not null default now())"
        ),
    )
    .await?;
    // Another engine may have taken the step while we waited for the lock.
    if let Some(migration) = missing(ALL, &applied(connection).await?)?.first() {
        let Migration { version, name, sql } = migration;
        let checksum = migration.checksum();
        tracing::info!(version, name, "bringing the database's schema up to date");
        run(connection, sql).await?;
        let note = format!(
            "insert into schema_migration (version, name, checksum) \
             values ({version}, '{name}', {checksum})"
        );
        run(connection, &note).await?;
    }
    run(connection, "commit").await
}

async fn run(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    let running = connection.client().batch_execute(sql);
    connection.within_time(PATIENCE, running).await
}

/// The steps that the database has, in order.
async fn applied(connection: &mut Connection) -> Result<Vec<(i32, i64)>, StoreError> {
    let client = connection.client();
    let exists = client.query_one("select to_regclass('schema_migration') is not null", &[]);
    if !connection.within(exists).await?.get::<_, bool>(0) {
        return Ok(Vec::new());
    }
    let list = client.query(
        "select version, checksum from schema_migration order by version",
        &[],
    );
    let rows = connection.within(list).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_numbered_and_frozen() {
        for (version, migration) in (1..).zip(ALL) {
            assert_eq!(migration.version, version);
            assert!(!migration.name.contains('\''));
        }
    }
}
