//! The PostgreSQL store on a server of the test's own.

use std::sync::Arc;

use gridos_model::{Quality, Timestamp};
use gridos_store::{HistoryQuery, PostgresConfig, PostgresStore, Store, StoreError};
use tokio_postgres::SimpleQueryMessage;

use crate::support::contract::{self, Answer, Kind};
use crate::support::earlier;
use crate::support::fixture::{Fixture, at};
use crate::support::postgres::{Cluster, SUPERUSER};

/// The store in a database of `cluster`, over its Unix socket.
pub(crate) fn config(cluster: &Cluster, database: &str) -> PostgresConfig {
    let mut config = PostgresConfig::new(&cluster.host(), SUPERUSER, database);
    config.port = cluster.port();
    config
}

/// What a superuser's SQL answers, columns joined by `|`.
pub(crate) async fn rows(cluster: &Cluster, database: &str, sql: &str) -> Vec<String> {
    let client = cluster.connect(database).await;
    let messages = client.simple_query(sql).await.unwrap();
    let text = |message: SimpleQueryMessage| match message {
        SimpleQueryMessage::Row(row) => {
            let column = |column| row.get(column).unwrap_or_default();
            let columns: Vec<_> = (0..row.len()).map(column).collect();
            Some(columns.join("|"))
        }
        _ => None,
    };
    messages.into_iter().filter_map(text).collect()
}

impl Kind for Cluster {
    fn create<'a>(&'a self, name: &'a str) -> Answer<'a, ()> {
        Box::pin(self.create_database(name))
    }

    fn earlier<'a>(&'a self, name: &'a str, last: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            self.create_database(name).await;
            rows(self, name, &earlier::postgres(last)).await;
        })
    }

    fn array(&self, numbers: &str) -> String {
        format!("{{{numbers}}}")
    }

    fn open(&self, name: &str) -> Arc<dyn Store> {
        Arc::new(PostgresStore::new(config(self, name)))
    }

    fn sql<'a>(&'a self, name: &'a str, sql: &'a str) -> Answer<'a, Vec<String>> {
        Box::pin(rows(self, name, sql))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_a_store() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    contract::check(&cluster).await;
    over_tcp_with_the_wrong_database(&cluster).await;
    flags_have_the_names_of_the_model(&cluster).await;
    everything_users_see_is_explained(&cluster).await;
    one_point_over_a_time_range_is_an_index_scan(&cluster).await;
    minutes_of_one_point_are_an_index_scan(&cluster).await;
    what_stands_is_found_by_index(&cluster).await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_away() {
    let mut config = PostgresConfig::new("127.0.0.1", "gridos", "gridos");
    config.port = 1;
    let store = PostgresStore::new(config);
    let away = store.migrate().await.unwrap_err();
    assert!(matches!(away, StoreError::Away { .. }), "{away:?}");
    let text = away.to_string();
    assert!(
        text.contains("database 'gridos' at 127.0.0.1:1: "),
        "{text}"
    );
    assert!(text.contains("refused"), "{text}");
}

async fn over_tcp_with_the_wrong_database(cluster: &Cluster) {
    let mut config = config(cluster, "nowhere");
    config.host = "127.0.0.1".to_owned();
    let refused = PostgresStore::new(config).migrate().await.unwrap_err();
    assert!(matches!(refused, StoreError::Refused { .. }), "{refused:?}");
    let text = refused.to_string();
    assert!(
        text.contains("database \"nowhere\" does not exist"),
        "{text}"
    );
    cluster.create_database("empty").await;
    let stream = gridos_journal::StreamId::from_raw(1);
    let unmigrated = cluster.open("empty").position(stream).await.unwrap_err();
    assert!(
        matches!(unmigrated, StoreError::Schema { .. }),
        "{unmigrated:?}"
    );
}

async fn flags_have_the_names_of_the_model(cluster: &Cluster) {
    for flag in Quality::all() {
        let bits = flag.bits();
        let sql = format!("select quality_names({bits})::text, quality_is_bad({bits})");
        let names: Vec<_> = flag.names().collect();
        let bad = if flag.is_bad() { "t" } else { "f" };
        let expected = format!("{{{}}}|{bad}", names.join(","));
        assert_eq!(rows(cluster, "readings", &sql).await, [expected]);
    }
    let all = Quality::all();
    let sql = format!("select cardinality(quality_names({}))", all.bits());
    let count = all.names().count().to_string();
    assert_eq!(rows(cluster, "readings", &sql).await, [count]);
}

async fn everything_users_see_is_explained(cluster: &Cluster) {
    let bare = "select relname from pg_class \
                where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v') \
                and obj_description(oid, 'pg_class') is null";
    assert_eq!(rows(cluster, "readings", bare).await, [""; 0]);
    // A partition's columns are its table's.
    let bare = "select relname, attname from pg_attribute join pg_class on pg_class.oid = attrelid \
                where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v') \
                and not relispartition and attnum > 0 and not attisdropped \
                and col_description(attrelid, attnum) is null";
    assert_eq!(rows(cluster, "readings", bare).await, [""; 0]);
    let bare = "select proname from pg_proc where pronamespace = 'public'::regnamespace \
                and obj_description(oid, 'pg_proc') is null";
    assert_eq!(rows(cluster, "readings", bare).await, [""; 0]);
}

async fn one_point_over_a_time_range_is_an_index_scan(cluster: &Cluster) {
    cluster.create_database("plan").await;
    let store = cluster.open("plan");
    store.migrate().await.unwrap();
    let mut fixture = Fixture::new();
    let (pair, whole) = (fixture.pair(), fixture.whole());
    for n in 0..5_000_i64 {
        fixture.sweep(&pair, at(n * 1_000), &[231.4, 12.03]);
        fixture.sweep(&whole, at(n * 1_000), &[231.4, 12.03, 1.0]);
        fixture.events(&[(2, at(n * 1_000), 0.5, Quality::GOOD)]);
    }
    let chunk = fixture.all();
    store
        .write(fixture.stream(), &chunk, fixture.book())
        .await
        .unwrap();
    let others = "insert into event select 1000 + n % 50, ts, ts, ts, '{1}', '{0}', '{0.5}' \
                  from generate_series(1, 50000) as n, \
                  lateral (select timestamptz '2026-11-23Z' + n * interval '20 ms' as ts) as t; \
                  insert into sweep select layout, ts_first, received, null, value from event \
                  where layout < 1050";
    rows(cluster, "plan", others).await;
    let range = "'2026-11-23 01:10:00Z' and ts < '2026-11-23 01:11:00Z'";
    let view = format!(
        "explain select * from reading where point = 'sub1.feeder-01.state' and ts >= {range}"
    );
    let function = "explain select * from reading('sub1.feeder-01.state', \
                    '2026-11-23 01:10:00Z', '2026-11-23 01:11:00Z')";
    let latest = "explain select * from latest where point = 'sub1.feeder-01.state'";
    for analyze in ["", "analyze"] {
        rows(cluster, "plan", analyze).await;
        let plan = async |sql: &str| rows(cluster, "plan", sql).await.join("\n");
        for sql in [&view, function, latest] {
            let plan = plan(sql).await;
            // The rows are older than the first day. What is empty is read as it comes.
            for table in ["sweep_past", "event_past"] {
                assert!(!plan.contains(&format!("Seq Scan on {table}")), "{plan}");
            }
        }
        let swept = ".layout) AND (ts >= ";
        assert!(plan(&view).await.contains(swept), "{}", plan(&view).await);
        let changed = ".layout) AND (ts_last >= ";
        assert!(
            plan(function).await.contains(changed),
            "{}",
            plan(function).await
        );
    }
    let sql = format!(
        "select count(*) from reading where point = 'sub1.feeder-01.state' and ts >= {range}"
    );
    assert_eq!(rows(cluster, "plan", &sql).await, ["120"]);
    let counted = function.replace("explain select *", "select count(*)");
    assert_eq!(rows(cluster, "plan", &counted).await, ["120"]);
    let query = HistoryQuery {
        point: "sub1.feeder-01.state".to_owned(),
        from: Timestamp::MIN,
        until: Timestamp::MAX,
        limit: 3,
        youngest: true,
    };
    let rows = store.history(&query).await.unwrap();
    let times: Vec<_> = rows.iter().map(|row| row.time).collect();
    assert_eq!(times, [at(4_998_000), at(4_999_000), at(4_999_000)]);
}

async fn minutes_of_one_point_are_an_index_scan(cluster: &Cluster) {
    cluster.create_database("minutes_plan").await;
    let store = cluster.open("minutes_plan");
    store.migrate().await.unwrap();
    let mut fixture = Fixture::new();
    let whole = fixture.whole();
    for n in 0..3_000_i64 {
        fixture.sweep(&whole, at(n * 10_000), &[231.4, 12.03, 1.0]);
        fixture.events(&[(2, at(n * 10_000), 0.5, Quality::GOOD)]);
    }
    let (stream, chunk) = (fixture.stream(), fixture.all());
    store.write(stream, &chunk, fixture.book()).await.unwrap();
    store.turn(stream, chunk.until()).await.unwrap();
    let others = "insert into minute (layout, ts, received, count, lag, last) \
                  select 1000 + n % 50, ts, ts, 1, 0, '{0.5}' from generate_series(1, 50000) as n, \
                  lateral (select timestamptz '2026-11-23Z' + n / 50 * interval '1 minute' as ts)";
    rows(cluster, "minutes_plan", &format!("{others} as t")).await;
    let minutes = "select * from reading_1m where point = 'sub1.feeder-01.state' \
                   and ts >= '2026-11-23 01:10:00Z' and ts < '2026-11-23 01:20:00Z'";
    for analyze in ["", "analyze"] {
        rows(cluster, "minutes_plan", analyze).await;
        let plan = rows(cluster, "minutes_plan", &format!("explain {minutes}")).await;
        let plan = plan.join("\n");
        assert!(!plan.contains("Seq Scan on minute"), "{plan}");
        let found = ".layout) AND (ts >= ";
        assert!(plan.contains(found) && plan.contains("(ts < "), "{plan}");
    }
    let sum = format!("select count(*), sum(count), min(min), max(max) from ({minutes}) as m");
    assert_eq!(rows(cluster, "minutes_plan", &sum).await, ["10|120|0.5|1"]);
}

/// However long the history of alarms, what stands costs what there are of alarms.
async fn what_stands_is_found_by_index(cluster: &Cluster) {
    cluster.create_database("standing").await;
    let store = cluster.open("standing");
    store.migrate().await.unwrap();
    // Fifty alarms that come and go every minute for two days, and stand at the end.
    let filled = "insert into alarm_name select n, 'd' || n || ':link', n, null, 'link' \
                  from generate_series(1, 50) as n; \
                  insert into alarm_event \
                  select 1, t * 50 + n, n, n, null, (t - 1 + t % 2) * 50 + n, \
                  case t % 2 when 1 then 'raised' else 'returned' end, t % 2 = 1, 'normal', \
                  case t % 2 when 1 then 'abnormal' else 'normal' end, 'normal', 'normal', 'low', \
                  t % 2, 0, null, null, at, at, null, 0 \
                  from generate_series(1, 2881) as t, generate_series(1, 50) as n, \
                  lateral (select timestamptz '2026-11-23Z' + t * interval '1 minute' as at) as at";
    rows(cluster, "standing", filled).await;
    for analyze in ["", "analyze"] {
        rows(cluster, "standing", analyze).await;
        rows(cluster, "standing", "select pg_stat_reset()").await;
        let store = cluster.open("standing");
        let standing = store.alarms_standing(at(10 * 86_400_000)).await.unwrap();
        assert_eq!(standing.len(), 50);
        let last = at(2_881 * 60_000);
        assert!(standing.iter().all(|row| row.raised == Some(last)));
        // What a connection has read is told at the latest when it ends.
        drop(store);
        let read = "select idx_tup_fetch, seq_tup_read from pg_stat_user_tables \
                    where relname = 'alarm_event' and idx_tup_fetch > 0";
        let found = loop {
            let found = rows(cluster, "standing", read).await;
            if let Some(found) = found.first() {
                break found.clone();
            }
            tokio::task::yield_now().await;
        };
        let (by_index, as_it_comes) = found.split_once('|').unwrap();
        assert!(by_index.parse::<u64>().unwrap() <= 50 * 10, "{found}");
        assert_eq!(as_it_comes, "0", "{found}");
    }
}
