//! Partitions made ahead and dropped when they are old, by functions that the schema's owner made:
//! the role that writes needs no right on the tables for it.

use std::time::{Duration, Instant};

use tokio_postgres::types::ToSql;

use super::connection::Connection;
use crate::{PartitionWidth, StoreError, Upkeep, Upkept};

/// Whole partitions that are made after the present one: what an upkeep that fails may cost before
/// rows gather where nothing is dropped.
const AHEAD: i32 = 3;
/// Steps of one kind in one call.
const STEPS_MAX: usize = 100;
/// Rows of each table that one transaction deletes.
const PORTION: i32 = 5_000;
/// How often rows are looked for that are too old: it reads what is left of the past.
const DELETE_PERIOD: Duration = Duration::from_secs(3_600);

/// What upkeep keeps from call to call.
#[derive(Debug, Default)]
pub(crate) struct Caretaker {
    pub(crate) connection: Option<Connection>,
    /// When rows are looked for next that are too old; `None` at once.
    delete_next: Option<Instant>,
}

impl Caretaker {
    /// Does what is due over `connection`, and notes in `done` what was done, step by step.
    pub(crate) async fn tend(
        &mut self,
        connection: &mut Connection,
        wanted: &Upkeep,
        done: &mut Upkept,
    ) -> Result<(), StoreError> {
        done.advice = rule(connection, wanted).await?;
        for _ in 0..STEPS_MAX {
            let client = connection.client();
            let made = client.query_one("select make_partition($1)", &[&AHEAD]);
            let Some(name) = connection.within(made).await?.get::<_, Option<String>>(0) else {
                break;
            };
            done.made += 1;
            tracing::debug!(name, "made a partition");
        }
        done.ahead = ahead(connection).await?;
        for _ in 0..STEPS_MAX {
            let dropped = count(connection, "select drop_partitions()").await?;
            if dropped == 0 {
                break;
            }
            done.dropped += dropped;
        }
        if self.delete_next.is_none_or(|next| next <= Instant::now()) {
            self.delete(connection, done).await?;
        }
        Ok(())
    }

    async fn delete(
        &mut self,
        connection: &mut Connection,
        done: &mut Upkept,
    ) -> Result<(), StoreError> {
        let sql = format!("select delete_old({PORTION})");
        for _ in 0..STEPS_MAX {
            let deleted = count(connection, &sql).await?;
            done.deleted += deleted;
            if deleted == 0 {
                self.delete_next = Some(Instant::now() + DELETE_PERIOD);
                break;
            }
        }
        Ok(())
    }
}

/// Makes the rule of the database that of the configuration, if this role may; else says who can.
pub(crate) async fn rule(
    connection: &mut Connection,
    wanted: &Upkeep,
) -> Result<Option<String>, StoreError> {
    let client = connection.client();
    let asking = client.query_one(
        "select width, extract(epoch from keep)::bigint, \
             has_table_privilege('upkeep_rule', 'update') \
         from upkeep_rule",
        &[],
    );
    let row = connection.within(asking).await?;
    let (width, keep): (String, Option<i64>) = (row.get(0), row.get(1));
    let wanted_width = match wanted.partition {
        PartitionWidth::Day => "day",
        PartitionWidth::Hour => "hour",
    };
    let seconds = |keep: Duration| i64::try_from(keep.as_secs()).unwrap_or(i64::MAX);
    let wanted_keep = wanted.keep.map(seconds);
    if (width.as_str(), keep) == (wanted_width, wanted_keep) {
        return Ok(None);
    }
    if !row.get::<_, bool>(2) {
        let days = |keep: Option<i64>| match keep {
            None => "for ever".to_owned(),
            Some(keep) => format!("for {} days", keep / 86_400),
        };
        return Ok(Some(format!(
            "the database makes a partition each {width} and keeps readings {}, the configuration \
             wants each {wanted_width} and {}: run gridos migrate as the role that owns the schema",
            days(keep),
            days(wanted_keep)
        )));
    }
    let keep = wanted_keep.map(|keep| keep as f64);
    let values: [&(dyn ToSql + Sync); 2] = [&wanted_width, &keep];
    let setting = client.execute(
        "update upkeep_rule set width = $1, keep = make_interval(secs => $2)",
        &values,
    );
    connection.within(setting).await?;
    Ok(None)
}

/// The fewest whole partitions that a table has after the present one.
async fn ahead(connection: &mut Connection) -> Result<Option<u64>, StoreError> {
    let client = connection.client();
    let asking = client.query_one(
        "select min(ahead) from (\
             select count(*) filter (where from_ts > now() and until_ts < 'infinity') as ahead \
             from partition_span group by table_name) as each",
        &[],
    );
    let row = connection.within(asking).await?;
    Ok(row.get::<_, Option<i64>>(0).map(i64::cast_unsigned))
}

async fn count(connection: &mut Connection, sql: &str) -> Result<u64, StoreError> {
    let asking = connection.client().query_one(sql, &[]);
    let row = connection.within(asking).await?;
    Ok(row.get::<_, i64>(0).cast_unsigned())
}
