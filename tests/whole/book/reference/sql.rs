//! `docs/reference/sql.md`: the views and tables of the database, with what the database itself says
//! of them (`COMMENT ON`).

use std::fmt::Write;
use std::fs;
use std::process::Command;

use tempfile::TempDir;
use tokio_postgres::Client;

use super::{cell, compare};
use crate::support::engine;
use crate::support::postgres::{Cluster, SUPERUSER};

const HEAD: &str = "\
# Views and tables

What stands in the database, as the database tells it (`\\d+` in psql). Ask the views: tables are for
the engine, and later versions may change them. SQLite has the same views but for `sweep_reading`,
`event_reading` and `partition_span`; times are texts in UTC there.

On PostgreSQL always give a range of `ts`. For points that come as events, the function
`reading('device.point', from, until)` reads only the partitions of its range.
";

/// Relations that are not partitions, views first.
const RELATIONS: &str = "
select c.relname, c.relkind = 'v', coalesce(obj_description(c.oid, 'pg_class'), '')
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('v', 'r', 'p') and not c.relispartition and n.nspname = current_schema()
order by c.relkind <> 'v', c.relname";

const COLUMNS: &str = "
select a.attname, format_type(a.atttypid, a.atttypmod), coalesce(col_description(a.attrelid, a.attnum), '')
from pg_attribute a where a.attrelid = $1::text::regclass and a.attnum > 0 and not a.attisdropped
order by a.attnum";

#[tokio::test]
async fn the_page_of_views_is_what_the_database_says() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    cluster.create_database("gridos").await;
    let dir = TempDir::new().unwrap();
    let config = dir.path().join("gridos.toml");
    let port = cluster.port();
    let url = format!("postgres://{SUPERUSER}@127.0.0.1:{port}/gridos");
    fs::write(
        &config,
        format!("[store]\nkind = \"postgres\"\nurl = \"{url}\"\n"),
    )
    .unwrap();
    let migrate = Command::new(engine::binary())
        .arg("migrate")
        .arg(&config)
        .output();
    let migrate = migrate.unwrap();
    assert!(
        migrate.status.success(),
        "{}",
        String::from_utf8_lossy(&migrate.stderr)
    );
    let client = cluster.connect("gridos").await;
    client
        .batch_execute("set search_path = gridos, public")
        .await
        .unwrap();
    compare("sql.md", &page(&client).await);
}

async fn page(client: &Client) -> String {
    let mut page = HEAD.to_owned();
    let mut tables = String::from("\n## Tables\n\n| Table | What it holds |\n|---|---|\n");
    let mut unsaid = Vec::new();
    for row in client.query(RELATIONS, &[]).await.unwrap() {
        let (name, is_view, said): (String, bool, String) = (row.get(0), row.get(1), row.get(2));
        if said.is_empty() {
            unsaid.push(name.clone());
        }
        if !is_view {
            writeln!(tables, "| `{name}` | {} |", cell(&said)).unwrap();
            continue;
        }
        writeln!(
            page,
            "\n## {name}\n\n{said}\n\n| Column | Type | |\n|---|---|---|"
        )
        .unwrap();
        for row in client.query(COLUMNS, &[&name]).await.unwrap() {
            let [column, kind, said]: [String; 3] = [0, 1, 2].map(|at| row.get(at));
            writeln!(page, "| `{column}` | {kind} | {} |", cell(&said)).unwrap();
        }
    }
    assert_eq!(unsaid, [""; 0], "no comment on these");
    page + &tables
}
