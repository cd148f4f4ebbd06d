//! Questions about the past to a PostgreSQL server: how they end, and what they cost.

use std::sync::Arc;
use std::time::Duration;

use gridos_model::{Quality, Timestamp};
use gridos_store::{
    GapsQuery, Grid, HistoryQuery, PostgresStore, ReadingRow, ReadingsQuery, Store, StoreError,
    TrendQuery,
};

use crate::postgres::{config, rows};
use crate::support::contract::Kind as _;
use crate::support::fixture::{Fixture, at};
use crate::support::postgres::Cluster;

/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);
const IA: &str = "sub1.feeder-01.ia";
const STATE: &str = "sub1.feeder-01.state";

/// Statements that the store waits for.
const RUNNING: &str = "select count(*) from pg_stat_activity \
                       where application_name = 'gridos' and state = 'active'";

#[tokio::test(flavor = "multi_thread")]
async fn questions_end_when_they_should() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    filled(&cluster, "questions").await;
    a_question_that_nobody_waits_for_is_broken_off(&cluster).await;
    a_question_that_waits_holds_up_no_other(&cluster).await;
    a_question_that_takes_too_long_is_refused(&cluster).await;
    a_connection_that_broke_is_replaced(&cluster).await;
    ranges_are_walked_along_indexes(&cluster).await;
}

async fn filled(cluster: &Cluster, database: &str) {
    cluster.create_database(database).await;
    let store = cluster.open(database);
    store.migrate().await.unwrap();
    let mut fixture = Fixture::new();
    let (pair, whole) = (fixture.pair(), fixture.whole());
    for n in 0..3_000_i64 {
        fixture.sweep(&pair, at(n * 1_000), &[231.4, 12.03]);
        fixture.sweep(&whole, at(n * 1_000), &[231.4, 12.03, 1.0]);
        fixture.events(&[(2, at(n * 1_000), 0.5, Quality::GOOD)]);
    }
    let chunk = fixture.all();
    let stream = fixture.stream();
    store.write(stream, &chunk, fixture.book()).await.unwrap();
}

fn youngest(point: &str) -> HistoryQuery {
    HistoryQuery {
        point: point.to_owned(),
        from: Timestamp::MIN,
        until: Timestamp::MAX,
        limit: 3,
        youngest: true,
    }
}

/// Waits until `sql` answers `wanted`.
async fn wait_for(cluster: &Cluster, sql: &str, wanted: &str) {
    let seeing = async {
        while rows(cluster, "questions", sql).await != [wanted] {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, seeing)
        .await
        .unwrap_or_else(|_| panic!("never '{wanted}': {sql}"));
}

async fn a_question_that_nobody_waits_for_is_broken_off(cluster: &Cluster) {
    let store = cluster.open("questions");
    let locker = cluster.connect("questions").await;
    locker
        .batch_execute("begin; lock table sweep")
        .await
        .unwrap();
    let asking = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.history(&youngest(IA)).await }
    });
    wait_for(cluster, RUNNING, "1").await;
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
    // The lock is still held: only a cancel ends the statement before its time-out of 30 s.
    tokio::time::timeout(PATIENCE / 3, wait_for(cluster, RUNNING, "0"))
        .await
        .expect("the statement runs on");
    locker.batch_execute("rollback").await.unwrap();
    assert_eq!(store.history(&youngest(IA)).await.unwrap().len(), 3);
}

async fn a_question_that_waits_holds_up_no_other(cluster: &Cluster) {
    let store = cluster.open("questions");
    let locker = cluster.connect("questions").await;
    locker.batch_execute("begin; lock table gap").await.unwrap();
    let waiting: Vec<_> = (0..7)
        .map(|_| {
            let store = Arc::clone(&store);
            let query = GapsQuery {
                devices: Vec::new(),
                points: Vec::new(),
                from: Timestamp::MIN,
                until: Timestamp::MAX,
                after: None,
                limit: 1,
            };
            tokio::spawn(async move { store.gaps(&query).await })
        })
        .collect();
    wait_for(cluster, RUNNING, "7").await;
    let rows = tokio::time::timeout(PATIENCE / 3, store.history(&youngest(IA))).await;
    assert_eq!(rows.expect("it waits for others").unwrap().len(), 3);
    locker.batch_execute("rollback").await.unwrap();
    for waiting in waiting {
        assert_eq!(waiting.await.unwrap().unwrap(), []);
    }
}

async fn a_question_that_takes_too_long_is_refused(cluster: &Cluster) {
    let mut config = config(cluster, "questions");
    config.read_timeout = Duration::from_millis(200);
    let store = PostgresStore::new(config);
    let locker = cluster.connect("questions").await;
    locker
        .batch_execute("begin; lock table sweep")
        .await
        .unwrap();
    let refused = store.history(&youngest(IA)).await.unwrap_err();
    assert!(
        matches!(refused, StoreError::TooLarge { .. }),
        "{refused:?}"
    );
    assert!(refused.to_string().contains("shorter range"), "{refused}");
    wait_for(cluster, RUNNING, "0").await;
    locker.batch_execute("rollback").await.unwrap();
}

async fn a_connection_that_broke_is_replaced(cluster: &Cluster) {
    let store = cluster.open("questions");
    let ask = async || store.history(&youngest(IA)).await;
    ask().await.unwrap();
    let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
               where application_name = 'gridos'";
    rows(cluster, "questions", end).await;
    let answering = async {
        while ask().await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, answering)
        .await
        .expect("it never answers again");
}

/// However large the tables, a question looks at what it asks for.
async fn ranges_are_walked_along_indexes(cluster: &Cluster) {
    let tables = "from pg_stat_user_tables where relname like 'sweep%' or relname like 'event%'";
    let store = cluster.open("questions");
    for analyze in ["", "analyze"] {
        rows(cluster, "questions", analyze).await;
        let scans = format!("select sum(seq_scan) {tables}");
        let fetched = format!("select sum(idx_tup_fetch) {tables}");
        let count =
            async |sql: &str| -> i64 { rows(cluster, "questions", sql).await[0].parse().unwrap() };
        let (scans_before, fetched_before) = (count(&scans).await, count(&fetched).await);
        let (from, until) = (at(600_000), at(660_000));
        let query = ReadingsQuery {
            points: vec![IA.to_owned(), STATE.to_owned()],
            from,
            until,
            limit: 1_000,
            youngest: false,
            after: None,
        };
        let page = store.readings(&query).await.unwrap();
        assert_eq!(page.readings.len(), 60 * 4);
        let trend = TrendQuery {
            points: query.points.clone(),
            from,
            until,
            grid: Grid::pixels(from, until, 10),
        };
        let columns = store.trend(&trend).await.unwrap();
        assert_eq!(columns.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10]);
        let last: Vec<ReadingRow> = store.history(&youngest(STATE)).await.unwrap();
        assert_eq!(last[2].time, at(2_999_000));
        drop(store.history(&youngest(IA)).await.unwrap());
        // A backend tells its counts at most once a second, or when it ends.
        let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
                   where application_name = 'gridos'";
        rows(cluster, "questions", end).await;
        wait_for(
            cluster,
            "select count(*) from pg_stat_activity where application_name = 'gridos'",
            "0",
        )
        .await;
        assert_eq!(count(&scans).await, scans_before, "a table was read whole");
        let fetched = count(&fetched).await - fetched_before;
        // Twice a minute of two layouts' sweeps and of packs, and few more: of 9,000 rows.
        assert!((360..450).contains(&fetched), "{fetched} rows");
        drop(store.history(&youngest(IA)).await);
    }
}
