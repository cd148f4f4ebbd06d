//! The database alone: the rows that the engine stored copied once more, as they are and as a row per reading.

use std::time::Instant;

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt as _, StreamExt as _};
use serde::Serialize;
use tokio_postgres::Client;

use super::error::BenchError;

/// As the engine's.
const PIECE_BYTES: usize = 128 << 10;
/// Rows of arrays that are copied once more, and readings that get a row each.
const ROWS_MAX: i64 = 100_000;
const READINGS_MAX: i64 = 1_000_000;
/// Readings with numbers for points, as one would have them without arrays.
const READINGS: &str = "select layout_point.point, sweep.ts, v.value, 0 from sweep \
     cross join unnest(sweep.value) with ordinality as v (value, nth) \
     join layout_point on layout_point.layout = sweep.layout and layout_point.position = v.nth - 1 \
     union all \
     select layout_point.point, event.ts_first + v.lag * interval '1 microsecond', v.value, 0 from event \
     cross join unnest(event.point, event.lag, event.value) as v (position, lag, value) \
     join layout_point on layout_point.layout = event.layout and layout_point.position = v.position";

/// What the same rows take when nothing but COPY is done with them.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Alone {
    /// Readings a second, by COPY of the same rows into a table with the same index.
    pub(super) arrays: f64,
    /// Readings a second, by COPY of a row for each reading into a table with one index.
    pub(super) rows: f64,
    /// Bytes of such a row, with its part of the index.
    pub(super) bytes_per_row: f64,
}

/// Bytes of the tables of readings, and of their indexes.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Sizes {
    pub(super) table: u64,
    pub(super) index: u64,
}

/// Copies what is in the database once more.
pub(super) async fn alone(client: &Client) -> Result<Alone, BenchError> {
    let count = "select (select count(*) from sweep), (select count(*) from event)";
    let row = client.query_one(count, &[]).await?;
    let (sweeps, events): (i64, i64) = (row.get(0), row.get(1));
    let (table, index) = match sweeps >= events {
        true => ("sweep", "layout, ts"),
        false => ("event", "layout, ts_last, ts_first"),
    };
    let few = format!("select * from {table} limit {ROWS_MAX}");
    let count = format!("select sum(cardinality(value))::bigint from ({few}) as few");
    let readings: Option<i64> = client.query_one(&count, &[]).await?.get(0);
    client
        .batch_execute(&format!(
            "create table bare (like {table}); create index on bare ({index})"
        ))
        .await?;
    let bytes = taken(client, &few).await?;
    let arrays = readings.unwrap_or(0) as f64 / given(client, "bare", bytes).await?;
    client
        .batch_execute(
            "create table flat (point bigint not null, ts timestamptz not null, \
             value double precision, quality integer not null); create index on flat (point, ts)",
        )
        .await?;
    let bytes = taken(client, &format!("{READINGS} limit {READINGS_MAX}")).await?;
    let took = given(client, "flat", bytes).await?;
    let sql = "select count(*), pg_total_relation_size('flat') from flat";
    let row = client.query_one(sql, &[]).await?;
    let (rows, size): (i64, i64) = (row.get(0), row.get(1));
    Ok(Alone {
        arrays,
        rows: rows as f64 / took,
        bytes_per_row: size as f64 / rows as f64,
    })
}

/// How large the tables of readings are.
pub(super) async fn sizes(client: &Client) -> Result<Sizes, BenchError> {
    let sql = "select coalesce(sum(pg_table_size(relid)), 0)::bigint, \
               coalesce(sum(pg_indexes_size(relid)), 0)::bigint \
               from unnest(array['sweep', 'event', 'minute']) as name, \
               lateral pg_partition_tree(name::regclass) where isleaf";
    let row = client.query_one(sql, &[]).await?;
    let (table, index): (i64, i64) = (row.get(0), row.get(1));
    Ok(Sizes {
        table: table.cast_unsigned(),
        index: index.cast_unsigned(),
    })
}

/// Bytes of the write-ahead log ever written.
pub(super) async fn wal(client: &Client) -> Result<u64, BenchError> {
    let sql = "select (pg_current_wal_insert_lsn() - '0/0')::bigint";
    let bytes: i64 = client.query_one(sql, &[]).await?.get(0);
    Ok(bytes.cast_unsigned())
}

/// The rows of a query, in the format that COPY takes again.
async fn taken(client: &Client, query: &str) -> Result<Bytes, BenchError> {
    let sql = format!("copy ({query}) to stdout (format binary)");
    let mut parts = std::pin::pin!(client.copy_out(&sql).await?);
    let mut bytes = BytesMut::new();
    while let Some(part) = parts.next().await {
        bytes.extend_from_slice(&part?);
    }
    Ok(bytes.freeze())
}

/// Copies rows into a table; how many seconds that takes until they are committed.
async fn given(client: &Client, table: &str, mut rows: Bytes) -> Result<f64, BenchError> {
    client.batch_execute("checkpoint").await?;
    let statement = format!("copy {table} from stdin (format binary)");
    let statement = client.prepare(&statement).await?;
    let began = Instant::now();
    let mut sink = std::pin::pin!(client.copy_in::<_, Bytes>(&statement).await?);
    while !rows.is_empty() {
        let piece = rows.split_to(PIECE_BYTES.min(rows.len()));
        sink.feed(piece).await?;
    }
    sink.finish().await?;
    Ok(began.elapsed().as_secs_f64())
}
