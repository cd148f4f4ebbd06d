//! The SQLite store, and that the plain `sqlite3` program reads what it wrote.

use std::process::Command;
use std::sync::Arc;

use crate::support::contract::{self, Answer, Kind};
use crate::support::earlier;
use crate::support::fixture::{Fixture, at};
use crate::support::sql::rows;
use gridos_model::{Quality, Timestamp};
use gridos_store::{SqliteStore, Store, StoreError};
use rusqlite::StatementStatus;
use tempfile::TempDir;

struct Sqlite(TempDir);

impl Sqlite {
    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(format!("{name}.db"))
    }

    fn rows(&self, name: &str, sql: &str) -> Vec<String> {
        rows(&self.path(name), sql)
    }
}

impl Kind for Sqlite {
    fn create<'a>(&'a self, _: &'a str) -> Answer<'a, ()> {
        Box::pin(async {})
    }

    fn earlier<'a>(&'a self, name: &'a str, last: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let connection = rusqlite::Connection::open(self.path(name)).unwrap();
            connection.execute_batch(&earlier::sqlite(last)).unwrap();
        })
    }

    fn array(&self, numbers: &str) -> String {
        format!("[{numbers}]")
    }

    fn open(&self, name: &str) -> Arc<dyn Store> {
        Arc::new(SqliteStore::new(&self.path(name)))
    }

    fn sql<'a>(&'a self, name: &'a str, sql: &'a str) -> Answer<'a, Vec<String>> {
        Box::pin(async move { self.rows(name, sql) })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_a_store() {
    contract::check(&Sqlite(TempDir::new().unwrap())).await;
}

#[tokio::test]
async fn it_is_a_store_on_one_thread_too() {
    contract::check(&Sqlite(TempDir::new().unwrap())).await;
}

async fn filled(sqlite: &Sqlite, name: &str) {
    let store = sqlite.open(name);
    store.migrate().await.unwrap();
    let mut fixture = Fixture::new();
    let (pair, whole) = (fixture.pair(), fixture.whole());
    for n in 0..2_000_i64 {
        fixture.sweep(&pair, at(n * 1_000), &[231.4, 12.03]);
        fixture.sweep(&whole, at(n * 1_000 + 500), &[231.5, f64::NAN, 1.0]);
        fixture.events(&[(2, at(n * 1_000), 0.5, Quality::GOOD)]);
    }
    let chunk = fixture.all();
    store
        .write(fixture.stream(), &chunk, fixture.book())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_point_over_a_time_range_is_a_search_of_indexes() {
    let sqlite = Sqlite(TempDir::new().unwrap());
    filled(&sqlite, "plan").await;
    let plan = |sql: &str| {
        sqlite
            .rows("plan", &format!("explain query plan {sql}"))
            .join("\n")
    };
    let range = plan(
        "select * from reading where point = 'sub1.feeder-01.ia' \
         and ts between '2026-11-23 00:10:00' and '2026-11-23 00:11:00'",
    );
    assert!(
        !range.contains("SCAN sweep") && !range.contains("SCAN event"),
        "{range}"
    );
    let index = "SEARCH sweep USING INDEX sweep_by_layout (layout=? AND ts>? AND ts<?)";
    assert!(range.contains(index), "{range}");
    assert!(
        range.contains("SEARCH event USING INDEX event_by_layout (layout=?)"),
        "{range}"
    );
    let latest = plan("select * from latest where point = 'sub1.feeder-01.ia'");
    assert!(
        !latest.contains("SCAN sweep") && !latest.contains("SCAN layout_point"),
        "{latest}"
    );
    assert!(!latest.contains("SCAN point"), "{latest}");
    let texts = plan(
        "select * from text_reading where point = 'sub1.feeder-01.ia' \
         and ts between '2026-11-23 00:10:00' and '2026-11-23 00:11:00'",
    );
    let index = "SEARCH text_event USING INDEX text_event_by_place \
                 (layout=? AND position=? AND ts>? AND ts<?)";
    assert!(texts.contains(index), "{texts}");
    let latest = plan("select * from latest_text where point = 'sub1.feeder-01.ia'");
    assert!(!latest.contains("SCAN"), "{latest}");
    let minutes = plan(
        "select * from reading_1m where point = 'sub1.feeder-01.ia' \
         and ts >= '2026-11-23 00:10' and ts < '2026-11-23 00:20'",
    );
    let index = "SEARCH minute USING INDEX minute_by_layout (layout=? AND ts>? AND ts<?)";
    assert!(minutes.contains(index), "{minutes}");
    assert!(!minutes.contains("SCAN minute"), "{minutes}");
}

/// However long the history, the youngest readings of a point that is swept cost the same.
#[tokio::test(flavor = "multi_thread")]
async fn the_youngest_readings_of_a_point_are_a_walk_along_an_index() {
    let sqlite = Sqlite(TempDir::new().unwrap());
    let store = sqlite.open("walk");
    store.migrate().await.unwrap();
    let mut fixture = Fixture::new();
    let (pair, whole) = (fixture.pair(), fixture.whole());
    let mut from = gridos_journal::Tail::default();
    let mut steps = Vec::new();
    for sweeps in [500, 5_000] {
        for n in 0..sweeps {
            fixture.sweep(&pair, at(n * 1_000), &[231.4, 12.03]);
            fixture.sweep(&whole, at(n * 1_000 + 500), &[231.5, 12.5, 1.0]);
        }
        let chunk = fixture.chunk(from);
        store
            .write(fixture.stream(), &chunk, fixture.book())
            .await
            .unwrap();
        from = chunk.until();
        let connection = rusqlite::Connection::open(sqlite.path("walk")).unwrap();
        let sql = "select * from reading where point = 'sub1.feeder-01.ia' \
                   order by ts desc limit 5";
        let mut statement = connection.prepare(sql).unwrap();
        let mut rows = statement.query([]).unwrap();
        let mut count = 0;
        while rows.next().unwrap().is_some() {
            count += 1;
        }
        drop(rows);
        assert_eq!(count, 5);
        steps.push(statement.get_status(StatementStatus::VmStep));
    }
    let (short, long) = (steps[0], steps[1]);
    assert!(long < 2 * short && long < 2_000, "{steps:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sqlite3_program_reads_it() {
    if Command::new("sqlite3").arg("--version").output().is_err() {
        let why = "there is no sqlite3 on this machine";
        let nothing = std::env::var_os("GRIDOS_TESTS_SKIP_NOTHING");
        assert!(nothing.is_none(), "{why}");
        println!("skipped: {why}");
        return;
    }
    let sqlite = Sqlite(TempDir::new().unwrap());
    filled(&sqlite, "gridos").await;
    let ask = |sql: &str| {
        let output = Command::new("sqlite3")
            .arg(sqlite.path("gridos"))
            .arg(sql)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    };
    let last = ask(
        "select ts, value, quality from reading where point = 'sub1.feeder-01.ib' \
         order by ts desc limit 2",
    );
    let expected = "2026-11-23 00:33:19.500000||4194304\n2026-11-23 00:33:19.000000|12.03|0\n";
    assert_eq!(last, expected);
    let latest = ask("select ts, value from latest where point = 'sub1.feeder-01.state'");
    assert_eq!(latest, "2026-11-23 00:33:19.500000|1.0\n");
    let minutes = ask(
        "select strftime('%H:%M', ts) as minute, count(*), avg(value) from reading \
         where point = 'sub1.feeder-01.ia' group by minute order by minute limit 1",
    );
    assert_eq!(minutes, "00:00|120|231.45\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn values_read_back_as_the_same_doubles() {
    let sqlite = Sqlite(TempDir::new().unwrap());
    let store = sqlite.open("exact");
    store.migrate().await.unwrap();
    let mut fixture = Fixture::new();
    let pair = fixture.pair();
    let mut bits = 0x3fb9_9999_9999_999a_u64;
    let mut expected = Vec::new();
    for n in 0..1_000_i64 {
        bits = bits
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(n.unsigned_abs());
        let value = f64::from_bits(bits);
        let value = if value.is_finite() { value } else { 0.1 };
        fixture.sweep(&pair, at(n), &[value, 0.0]);
        expected.push(value.to_bits());
    }
    let chunk = fixture.all();
    store
        .write(fixture.stream(), &chunk, fixture.book())
        .await
        .unwrap();
    let query = gridos_store::HistoryQuery {
        point: "sub1.feeder-01.ia".to_owned(),
        from: Timestamp::MIN,
        until: Timestamp::MAX,
        limit: 10_000,
        youngest: false,
    };
    let rows = store.history(&query).await.unwrap();
    let found: Vec<_> = rows
        .iter()
        .map(|row| row.value.unwrap().to_bits())
        .collect();
    assert_eq!(found, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_database_of_ours_is_refused_in_one_sentence() {
    let dir = TempDir::new().unwrap();
    let refusal = async |path: &std::path::Path| {
        let refused = SqliteStore::new(path).migrate().await.unwrap_err();
        assert!(
            matches!(
                refused,
                StoreError::Refused { .. } | StoreError::Schema { .. }
            ),
            "{refused:?}"
        );
        refused.to_string()
    };
    let text = dir.path().join("notes.db");
    std::fs::write(&text, "not a database at all, ".repeat(100)).unwrap();
    assert!(refusal(&text).await.contains("is not an SQLite database"));
    let missing = dir.path().join("missing/gridos.db");
    assert!(refusal(&missing).await.contains("needs write access"));
    let foreign = dir.path().join("foreign.db");
    let connection = rusqlite::Connection::open(&foreign).unwrap();
    connection
        .execute_batch("create table song (title text)")
        .unwrap();
    assert!(
        refusal(&foreign)
            .await
            .contains("another program's SQLite database")
    );
}
