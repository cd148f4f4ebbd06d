//! Partitions of PostgreSQL: made ahead, filled in, dropped when old, and made of a database that had none.

use std::time::Duration;

use gridos_model::{Quality, Timestamp};
use gridos_store::{
    HistoryQuery, Maintain, PartitionWidth, PostgresStore, Store, StoreError, Upkeep, Upkept,
};

use super::postgres::{config, rows};
use crate::support::fixture::{Fixture, at};
use crate::support::postgres::Cluster;

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test(flavor = "multi_thread")]
async fn partitions_come_and_go() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    days_are_made_ahead_and_filled_in(&cluster).await;
    what_has_no_day_moves_when_it_gets_one(&cluster).await;
    a_long_pause_is_one_piece(&cluster).await;
    what_is_old_goes_and_the_rest_stays(&cluster).await;
    who_reads_is_not_waited_for(&cluster).await;
    the_latest_and_a_day_cost_the_same_with_sixty_days(&cluster).await;
}

async fn fresh(cluster: &Cluster, name: &str) -> PostgresStore {
    cluster.create_database(name).await;
    let store = PostgresStore::new(config(cluster, name));
    store.migrate().await.unwrap();
    store
}

async fn upkeep(store: &PostgresStore, wanted: &Upkeep) -> Upkept {
    let mut done = Upkept::default();
    store.upkeep(wanted, &mut done).await.unwrap();
    done
}

/// The partitions of a table, in order of time, the days counted from today.
pub(crate) async fn spans(cluster: &Cluster, name: &str, table: &str) -> Vec<String> {
    let day = |column: &str| {
        format!(
            "case when isfinite({column}) \
             then ({column}::date - (now() at time zone 'UTC')::date)::text else '' end"
        )
    };
    let sql = format!(
        "set timezone = 'UTC'; select {} || '..' || {} from partition_span \
         where table_name = '{table}' order by from_ts",
        day("from_ts"),
        day("until_ts")
    );
    rows(cluster, name, &sql).await
}

const FRESH: [&str; 6] = ["..0", "0..1", "1..2", "2..3", "3..4", "4.."];

async fn days_are_made_ahead_and_filled_in(cluster: &Cluster) {
    let store = fresh(cluster, "days").await;
    for table in ["event", "sweep"] {
        assert_eq!(spans(cluster, "days", table).await, FRESH);
    }
    let nothing = upkeep(&store, &Upkeep::default()).await;
    let expected = Upkept {
        ahead: Some(3),
        ..Upkept::default()
    };
    assert_eq!(nothing, expected);
    // Somebody drops the present day, an open end, or the lot.
    let name = "select name from partition_span where table_name = 'sweep' \
                and now() >= from_ts and now() < until_ts";
    let today = rows(cluster, "days", name).await.remove(0);
    for drop in [
        today.as_str(),
        "event_ahead",
        "sweep_past, event_past",
        "sweep_ahead",
    ] {
        rows(cluster, "days", &format!("drop table {drop}")).await;
        let done = upkeep(&store, &Upkeep::default()).await;
        assert_eq!(done.made, drop.split(',').count() as u64, "{drop}");
        for table in ["event", "sweep"] {
            assert_eq!(spans(cluster, "days", table).await, FRESH, "{drop}");
        }
    }
    let all = "select string_agg(name, ', ') from partition_span where table_name = 'event'";
    let all = rows(cluster, "days", all).await.remove(0);
    rows(cluster, "days", &format!("drop table {all}")).await;
    upkeep(&store, &Upkeep::default()).await;
    assert_eq!(spans(cluster, "days", "event").await, FRESH);
    // Hours follow the days that are there, and days the hours.
    rows(cluster, "days", "drop table sweep_past").await;
    let hours = Upkeep {
        partition: PartitionWidth::Hour,
        ..Upkeep::default()
    };
    assert_eq!(upkeep(&store, &hours).await.made, 1);
    let width = "select width from upkeep_rule";
    assert_eq!(rows(cluster, "days", width).await, ["hour"]);
}

/// A sweep row of a layout that is none, with its time in SQL.
pub(crate) fn row(layout: i32, time: &str) -> String {
    format!("insert into sweep values ({layout}, {time}, now(), null, '{{1.5}}')")
}

async fn what_has_no_day_moves_when_it_gets_one(cluster: &Cluster) {
    let store = fresh(cluster, "moves").await;
    let day = "date_trunc('day', now() at time zone 'UTC') at time zone 'UTC'";
    for (layout, days) in [(1, 2), (2, 3), (3, 3), (4, 9)] {
        rows(
            cluster,
            "moves",
            &row(layout, &format!("{day} + interval '{days} days'")),
        )
        .await;
    }
    // As if no upkeep had run for two days.
    for table in ["event", "sweep"] {
        let sql = format!(
            "begin; create temp table old as select * from {table} where false; \
             select string_agg(format('insert into old select * from %I; drop table %I', name, name), ';') \
             from partition_span where table_name = '{table}' \
                 and from_ts >= {day} + interval '2 days'"
        );
        let moving = rows(cluster, "moves", &sql).await.remove(0);
        let sql = format!(
            "create temp table old as select * from {table} where false; {moving}; \
             create table {table}_ahead partition of {table} for values from \
             ('infinity') to (maxvalue)"
        );
        // The open end from the second day on, with all the rows.
        let sql = sql.replace("'infinity'", "'BOUND'");
        let bound = format!("select ({day} + interval '2 days')::text");
        let bound = rows(cluster, "moves", &bound).await.remove(0);
        let sql = format!(
            "{}; insert into {table} select * from old",
            sql.replace("BOUND", &bound)
        );
        rows(cluster, "moves", &sql).await;
    }
    assert_eq!(
        spans(cluster, "moves", "sweep").await,
        ["..0", "0..1", "1..2", "2.."]
    );
    let done = upkeep(&store, &Upkeep::default()).await;
    assert_eq!((done.made, done.ahead), (4, Some(3)));
    let sql = "select tableoid::regclass = 'sweep_ahead'::regclass, layout from sweep order by 2";
    let places = rows(cluster, "moves", sql).await;
    assert_eq!(places, ["f|1", "f|2", "f|3", "t|4"]);
    assert_eq!(spans(cluster, "moves", "sweep").await, FRESH);
}

/// Makes the partitions of a table those that end so many days from now, without any row.
pub(crate) async fn divide(cluster: &Cluster, name: &str, table: &str, ends: &[i64]) {
    let bound = |days: i64| {
        format!(
            "date_trunc('day', now() at time zone 'UTC') at time zone 'UTC' + interval '{days} days'"
        )
    };
    let mut sql = format!(
        "do $$ declare piece text; begin for piece in select name from partition_span \
         where table_name = '{table}' loop execute format('drop table %I', piece); end loop;"
    );
    let mut lower = "minvalue".to_owned();
    let last = "maxvalue".to_owned();
    for (n, upper) in (0..).zip(ends.iter().map(Some).chain([None])) {
        let piece = match (n, upper) {
            (0, _) => format!("{table}_past"),
            (_, None) => format!("{table}_ahead"),
            _ => format!("{table}_d{n}"),
        };
        let quoted = |bound: &str| match bound {
            "minvalue" | "maxvalue" => format!("'{bound}'"),
            bound => format!("quote_literal({bound})"),
        };
        let upper = upper.map_or(last.clone(), |days| bound(*days));
        sql += &format!(
            "execute format('create table {piece} partition of {table} for values from (%s) to (%s)', {}, {});",
            quoted(&lower),
            quoted(&upper)
        );
        lower = upper;
    }
    rows(cluster, name, &format!("{sql} end $$")).await;
}

async fn a_long_pause_is_one_piece(cluster: &Cluster) {
    let store = fresh(cluster, "pause").await;
    for table in ["event", "sweep"] {
        divide(cluster, "pause", table, &[-1_000, -999]).await;
    }
    upkeep(&store, &Upkeep::default()).await;
    let mut expected = vec![
        "..-1000".to_owned(),
        "-1000..-999".to_owned(),
        "-999..-7".to_owned(),
    ];
    expected.extend((-7..4).map(|day| format!("{day}..{}", day + 1)));
    expected.push("4..".to_owned());
    assert_eq!(spans(cluster, "pause", "sweep").await, expected);
}

async fn what_is_old_goes_and_the_rest_stays(cluster: &Cluster) {
    let store = fresh(cluster, "old").await;
    for table in ["event", "sweep"] {
        divide(
            cluster,
            "old",
            table,
            &[-9, -8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4],
        )
        .await;
    }
    let ago = |days: f64| format!("now() - {days} * interval '24 hours'");
    for (layout, days) in [(1, 20_000.0), (2, 8.6), (3, 5.01), (4, 4.99), (5, 0.0)] {
        rows(cluster, "old", &row(layout, &ago(days))).await;
    }
    let insert = |table: &str, values: &str| format!("insert into {table} values ({values})");
    for days in [6.0, 4.0] {
        let ago = ago(days);
        for sql in [
            insert(
                "alarm_transition",
                &format!("1, {ago}, {ago}, 'normal', 'high', 1, 0, 1"),
            ),
            insert(
                "alarm_event",
                &format!(
                    "1, 1, 1, null, null, 1, 'raised', true, 'normal', 'high', 'high', \
                     'unacknowledged', 'low', 1, 0, null, null, '2000-01-01', {ago}, 1, 0"
                ),
            ),
            insert("gap", &format!("1, '2000-01-01', {ago}, 'device_down'")),
            insert("message_rest", &format!("1, {ago}, 'why', '', 0")),
            insert("quarantine", &format!("1, 0, 1, 'why', null, null, {ago}")),
            insert(
                "text_event",
                &format!("1, {ago}, {ago}, 0, 'younger follows', 0"),
            ),
            insert(
                "text_event",
                &format!("1, {ago} - interval '9 days', now(), 1, 'last', 0"),
            ),
        ] {
            rows(cluster, "old", &sql).await;
        }
    }
    // Nobody said that anything goes.
    assert_eq!(upkeep(&store, &Upkeep::default()).await.dropped, 0);
    let store = PostgresStore::new(config(cluster, "old"));
    let wanted = Upkeep {
        keep: Some(5 * DAY),
        ..Upkeep::default()
    };
    let done = upkeep(&store, &wanted).await;
    // The past, and the days that ended five days ago and more; of two tables.
    assert_eq!(done.dropped, 2 * 5);
    // One of each of six tables, and the text that was not the last of its place.
    assert_eq!(done.deleted, 5 + 1 + 1);
    let kept = "select layout from sweep order by 1";
    let kept = rows(cluster, "old", kept).await;
    assert!(["3", "4", "5"].ends_with(&kept.iter().map(String::as_str).collect::<Vec<_>>()[..]));
    let spans = spans(cluster, "old", "sweep").await;
    assert_eq!(spans[..2], ["..-5", "-5..-4"]);
    let texts = "select count(*), min(text) from text_event where position = 1";
    assert_eq!(rows(cluster, "old", texts).await, ["1|last"]);
    // Late ones go to the past, and from there too.
    rows(cluster, "old", &row(9, "'1970-01-01Z'")).await;
    assert_eq!(
        upkeep(&store, &wanted).await.deleted,
        0,
        "it looks every hour"
    );
    let store = PostgresStore::new(config(cluster, "old"));
    let done = upkeep(&store, &wanted).await;
    assert_eq!((done.dropped, done.deleted), (0, 1));
    let late = "select count(*) from sweep where layout = 9";
    assert_eq!(rows(cluster, "old", late).await, ["0"]);
    assert_eq!(upkeep(&store, &wanted).await.made, 0);
}

/// A long question about the past delays a new day, and nobody else for long.
async fn who_reads_is_not_waited_for(cluster: &Cluster) {
    let store = fresh(cluster, "reads").await;
    for table in ["event", "sweep"] {
        divide(cluster, "reads", table, &[0, 1]).await;
    }
    let reader = cluster.connect("reads").await;
    reader
        .batch_execute("begin; select count(*) from reading")
        .await
        .unwrap();
    let mut done = Upkept::default();
    let waited = store
        .upkeep(&Upkeep::default(), &mut done)
        .await
        .unwrap_err();
    assert!(matches!(&waited, StoreError::Busy { .. }), "{waited}");
    let mut fixture = Fixture::new();
    fixture.sweep(&fixture.pair(), at(0), &[1.5, 2.5]);
    let chunk = fixture.all();
    store
        .write(fixture.stream(), &chunk, fixture.book())
        .await
        .unwrap();
    reader.batch_execute("commit").await.unwrap();
    assert_eq!(upkeep(&store, &Upkeep::default()).await.ahead, Some(3));
    let patience = "select count(*) from pg_proc where proconfig @> '{lock_timeout=1s}'";
    assert_eq!(rows(cluster, "reads", patience).await, ["2"]);
    // Two at once do the work of one.
    for table in ["event", "sweep"] {
        divide(cluster, "reads", table, &[-2, 1]).await;
    }
    let other = PostgresStore::new(config(cluster, "reads"));
    let (mut mine, mut theirs) = (Upkept::default(), Upkept::default());
    let wanted = Upkeep::default();
    let (first, second) = tokio::join!(
        store.upkeep(&wanted, &mut mine),
        other.upkeep(&wanted, &mut theirs)
    );
    first.unwrap();
    second.unwrap();
    let rest = upkeep(&store, &wanted).await.made;
    assert_eq!(mine.made + theirs.made + rest, 2 * 3);
}

async fn the_latest_and_a_day_cost_the_same_with_sixty_days(cluster: &Cluster) {
    let store = fresh(cluster, "sixty").await;
    let ends: Vec<i64> = (-60..5).collect();
    for table in ["event", "sweep"] {
        divide(cluster, "sixty", table, &ends).await;
    }
    let now = Timestamp::from(std::time::SystemTime::now());
    let mut fixture = Fixture::new();
    let (pair, whole) = (fixture.pair(), fixture.whole());
    for day in 1..60 {
        for minute in 0..100 {
            let time = now.saturating_sub(day * DAY - minute * Duration::from_secs(60));
            fixture.sweep(&pair, time, &[1.5, 2.5]);
            fixture.sweep(&whole, time, &[1.5, 2.5, 0.5]);
            fixture.events(&[(2, time, 0.5, Quality::GOOD)]);
        }
    }
    let chunk = fixture.all();
    store
        .write(fixture.stream(), &chunk, fixture.book())
        .await
        .unwrap();
    rows(cluster, "sixty", "analyze").await;
    let explain = async |sql: &str| {
        let sql = format!("explain (analyze, costs off, timing off, summary off) {sql}");
        rows(cluster, "sixty", &sql).await
    };
    // The youngest row is found in the first partition that has one; the others are never asked.
    let latest = explain("select * from latest where point = 'sub1.feeder-01.ia'").await;
    let on_sweeps = |line: &&String| line.contains("Scan") && line.contains(" on sweep_");
    let asked = latest
        .iter()
        .filter(on_sweeps)
        .filter(|line| !line.contains("never executed"));
    assert!(asked.clone().count() <= 7, "{}", latest.join("\n"));
    let day = explain(
        "select * from reading('sub1.feeder-01.ia', now() - interval '5 days', now() - interval '4 days')",
    )
    .await;
    let touched = |line: &&String| {
        line.contains("Scan") && (line.contains(" on sweep_d") || line.contains(" on event_d"))
    };
    let touched = day
        .iter()
        .filter(touched)
        .filter(|line| !line.contains("Bitmap Index"));
    assert!(touched.count() <= 4 + 2, "{}", day.join("\n"));
    let query = HistoryQuery {
        point: "sub1.feeder-01.ia".to_owned(),
        from: Timestamp::MIN,
        until: Timestamp::MAX,
        limit: 3,
        youngest: true,
    };
    let history = store.history(&query).await.unwrap();
    assert_eq!(history.len(), 3);
}
