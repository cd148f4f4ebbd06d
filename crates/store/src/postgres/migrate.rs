//! Bringing the schema to this version.

use std::time::{Duration, Instant};

use super::connection::Connection;
use crate::StoreError;
use crate::backoff::{Backoff, random};
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
        name: "exponent_apart",
        before: &[],
        sql: include_str!("migrations/0003_exponent_apart.sql"),
        runs_since: 1,
    },
    Migration {
        version: 4,
        name: "dead_letters",
        before: &[],
        sql: include_str!("migrations/0004_dead_letters.sql"),
        runs_since: 1,
    },
    Migration {
        version: 5,
        name: "partitions",
        before: &[
            include_str!("migrations/before_0005/1_bound.sql"),
            include_str!("migrations/before_0005/2_aside.sql"),
            include_str!("migrations/before_0005/3_proof.sql"),
        ],
        sql: include_str!("migrations/0005_partitions.sql"),
        runs_since: 4,
    },
    Migration {
        version: 6,
        name: "retention",
        before: &[],
        sql: include_str!("migrations/0006_retention.sql"),
        runs_since: 4,
    },
    Migration {
        version: 7,
        name: "names",
        before: &[],
        sql: include_str!("migrations/0007_names.sql"),
        runs_since: 4,
    },
    Migration {
        version: 8,
        name: "minutes",
        before: &[],
        sql: include_str!("migrations/0008_minutes.sql"),
        runs_since: 4,
    },
    Migration {
        version: 9,
        name: "engine_gaps",
        before: &[],
        sql: include_str!("migrations/0009_engine_gaps.sql"),
        runs_since: 4,
    },
    Migration {
        version: 10,
        name: "connections",
        before: &[],
        sql: include_str!("migrations/0010_connections.sql"),
        runs_since: 4,
    },
    Migration {
        version: 11,
        name: "alarms",
        before: &[],
        sql: include_str!("migrations/0011_alarms.sql"),
        runs_since: 4,
    },
    Migration {
        version: 12,
        name: "audit",
        before: &[],
        sql: include_str!("migrations/0012_audit.sql"),
        runs_since: 4,
    },
    Migration {
        version: 13,
        name: "epochs",
        before: &[],
        sql: include_str!("migrations/0013_epochs.sql"),
        runs_since: 4,
    },
    Migration {
        version: 14,
        name: "points",
        before: &[],
        sql: include_str!("migrations/0014_points.sql"),
        runs_since: 4,
    },
];

/// The lock that engines starting at once take one after the other: "GRIDOS" in ASCII.
pub(crate) const LOCK: i64 = 0x4752_4944_4f53;
/// A step may take long on a full database, or wait for another engine's.
const PATIENCE: Duration = Duration::from_secs(3_600);
/// How long a step queues for a table: less than PostgreSQL's `deadlock_timeout` of a second, so that where a reader
/// and a step wait for each other the step gives way, and nobody queues behind it for long.
const LOCK_PATIENCE: Duration = Duration::from_millis(300);
/// One attempt in so many queues longer than `deadlock_timeout`: only of one who waits as long does PostgreSQL break
/// off an automatic vacuum that is in the way, which else would be waited for to its end.
const PATIENT_EVERY: u32 = 8;
const VACUUM_PATIENCE: Duration = Duration::from_millis(1_500);
/// The longest pause before a step that gave way is tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How the schema stands.
pub(crate) async fn schema(connection: &mut Connection) -> Result<SchemaState, StoreError> {
    let applied = applied(connection).await?;
    let missing = missing(ALL, &applied)?;
    Ok(state(ALL, &applied, missing))
}

/// Applies what is missing, each step in a transaction of its own. A database that is up to date
/// is only read, so a role without the right to create tables will do.
pub(crate) async fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let stood = schema(connection).await?;
    if stood.is_whole() {
        return Ok(());
    }
    let done = take_steps(connection).await;
    done.map_err(|error| advise(error, &stood))
}

async fn take_steps(connection: &mut Connection) -> Result<(), StoreError> {
    let books = "set local client_min_messages = warning; \
                 create table if not exists schema_migration (\
                    version integer primary key, name text not null, checksum bigint not null, \
                    applied timestamptz not null default now()); \
                 alter table schema_migration add column if not exists runs_since integer";
    transaction(connection, None, &[books]).await?;
    while let Some(migration) = next(connection).await? {
        step(connection, migration).await?;
    }
    Ok(())
}

/// Takes a step, unless somebody else does so first.
async fn step(connection: &mut Connection, step: &Migration) -> Result<(), StoreError> {
    let Migration {
        version,
        name,
        before,
        sql,
        runs_since,
    } = step;
    let checksum = step.checksum();
    let note = format!(
        "insert into schema_migration (version, name, checksum, runs_since) \
         values ({version}, '{name}', {checksum}, {runs_since})"
    );
    tracing::info!(version, name, "bringing the database's schema up to date");
    for sql in *before {
        transaction(connection, Some(*version), &[sql]).await?;
    }
    transaction(connection, Some(*version), &[sql, &note]).await
}

/// Runs `parts` in one transaction, again and again while others use the tables.
async fn transaction(
    connection: &mut Connection,
    version: Option<i32>,
    parts: &[&str],
) -> Result<(), StoreError> {
    let until = Instant::now() + PATIENCE;
    let mut backoff = Backoff::new(LOCK_PATIENCE, LONGEST_PAUSE);
    loop {
        match attempt(connection, version, parts, patience(backoff.failures())).await {
            Err(StoreError::Busy { reason }) if Instant::now() < until => {
                tracing::info!(version, reason, "waiting for those who use the tables");
            }
            done => return done,
        }
        run(connection, "rollback").await?;
        tokio::time::sleep(backoff.wait(random())).await;
    }
}

/// Runs `parts` in one transaction, unless the step `version` was taken while we waited for the lock.
async fn attempt(
    connection: &mut Connection,
    version: Option<i32>,
    parts: &[&str],
    patience: Duration,
) -> Result<(), StoreError> {
    begin(connection, patience).await?;
    let is_taken = match version {
        Some(version) => next(connection).await?.map(|next| next.version) != Some(version),
        None => false,
    };
    if !is_taken {
        for sql in parts {
            run(connection, sql).await?;
        }
    }
    run(connection, "commit").await
}

/// How long an attempt queues for a table, after so many that failed.
fn patience(failures: u32) -> Duration {
    match failures % PATIENT_EVERY {
        rest if rest == PATIENT_EVERY - 1 => VACUUM_PATIENCE,
        _ => LOCK_PATIENCE,
    }
}

/// Begins a transaction that nobody else who migrates is in, and that queues no longer than `patience` for a table.
async fn begin(connection: &Connection, patience: Duration) -> Result<(), StoreError> {
    let patience = patience.as_millis();
    let sql = format!(
        "begin; set local statement_timeout = 0; select pg_advisory_xact_lock({LOCK}); \
         set local lock_timeout = {patience}"
    );
    run(connection, &sql).await
}

/// The first step that is missing.
async fn next(connection: &mut Connection) -> Result<Option<&'static Migration>, StoreError> {
    let applied = applied(connection).await?;
    Ok(missing(ALL, &applied)?.first())
}

async fn run(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    let running = connection.client().batch_execute(sql);
    connection.within_time(PATIENCE, running).await
}

/// The steps that the database has, in order.
async fn applied(connection: &mut Connection) -> Result<Vec<Applied>, StoreError> {
    let client = connection.client();
    let exists = client.query_one("select to_regclass('schema_migration') is not null", &[]);
    if !connection.within(exists).await?.get::<_, bool>(0) {
        return Ok(Vec::new());
    }
    // The column runs_since came later than the table: as JSON it may be missing.
    let list = client.query(
        "select version, checksum, (to_jsonb(step) ->> 'runs_since')::integer \
         from schema_migration as step order by version",
        &[],
    );
    let rows = connection.within(list).await?;
    let applied = rows.iter().map(|row| Applied {
        version: row.get(0),
        checksum: row.get(1),
        runs_since: row.get(2),
    });
    Ok(applied.collect())
}

/// A role that writes need not be one that may make tables: says who should do it.
fn advise(error: StoreError, stood: &SchemaState) -> StoreError {
    if let StoreError::Forbidden { reason } = error {
        let reason = format!(
            "{stood}, and this role may not make what is missing ({reason}); run gridos migrate as \
             the role that owns the schema"
        );
        StoreError::Schema { reason }
    } else {
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn now_and_then_a_step_waits_until_a_vacuum_is_broken_off() {
        let deadlock_timeout = Duration::from_secs(1);
        let waits: Vec<bool> = (0..16).map(|n| patience(n) > deadlock_timeout).collect();
        assert_eq!(waits.iter().filter(|waits| **waits).count(), 2);
        assert!(!waits[0] && waits[7] && waits[15]);
    }

    #[test]
    fn steps_are_numbered_and_say_who_runs_with_them() {
        for (version, migration) in (1..).zip(ALL) {
            assert_eq!(migration.version, version);
            assert!(!migration.name.contains('\''));
            assert!((1..=version).contains(&migration.runs_since));
        }
    }
}
