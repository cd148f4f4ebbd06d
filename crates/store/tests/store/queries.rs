//! The queries that people ask every day, from `examples/`, against many days of many devices: they
//! find what they want by index, in the partitions of their time, and as a role that sees views only.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use gridos_model::{
    AlarmAction, AlarmFlags, AlarmKind, AlarmRecord, DeviceId, Gap, GapReason, Quality,
    TimeQuality, Timestamp,
};
use gridos_store::postgres::Access;
use gridos_store::{PostgresStore, Store};

use super::partitions::divide;
use super::postgres::{config, rows};
use crate::support::fixture::{Fixture, raised};
use crate::support::postgres::Cluster;

const DAY: Duration = Duration::from_secs(86_400);
const MINUTE: Duration = Duration::from_secs(60);
/// Days of data before now.
const DAYS: u32 = 40;
/// Readings of a point a day: one each three minutes, as sweep, and the state half as often as event.
const A_DAY: u32 = 480;

fn examples(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples")
        .join(folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_every_day_is_answered_by_index() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    filled(&cluster).await;
    // Partitions that each query may read, of sweeps and events together, as a day may lie in two,
    // and events are looked for ten minutes further; and rows of its answer. For the latest reading
    // a layout that was never swept is looked for in those of a week, and in the days ahead.
    let bounds = [(5, 480), (5, 3), (13, 3), (64, 721), (5, 9)];
    let mut files: Vec<_> = std::fs::read_dir(examples("queries"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert_eq!(files.len(), bounds.len());
    for (file, (partitions, answer)) in files.iter().zip(bounds) {
        let sql = std::fs::read_to_string(file).unwrap();
        let sql = sql
            .replace("substation-1.feeder-01", "sub1.feeder-01")
            .replace("current_a", "ia");
        let found = ask(&cluster, &sql).await;
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(
            (1..=answer).contains(&found.len()),
            "{name}: {} rows",
            found.len()
        );
        if name.starts_with("5_gaps") {
            let reasons = ["device_down", "journal_damaged"];
            let tells = |reason: &&str| {
                found
                    .iter()
                    .any(|row| row.ends_with(&format!("{{{reason}}}")))
            };
            assert!(reasons.iter().all(tells), "{found:?}");
        }
        by_index(&cluster, name, &sql, partitions).await;
    }
}

/// What a reader gets.
async fn ask(cluster: &Cluster, sql: &str) -> Vec<String> {
    rows(cluster, "queries", &format!("set role eye; {sql}")).await
}

/// That a query scans no table of readings that holds any, and reads no more partitions than so many.
async fn by_index(cluster: &Cluster, name: &str, sql: &str, partitions: usize) {
    let explain =
        format!("set role eye; explain (analyze, costs off, timing off, summary off) {sql}");
    let plan = rows(cluster, "queries", &explain).await;
    let tables = [" on sweep_", " on event_", " on minute_"];
    let on_data = |line: &&String| tables.iter().any(|table| line.contains(table));
    let is_scan = |line: &&String| line.contains("Scan") && !line.contains("Bitmap Index Scan");
    let read: Vec<_> = plan
        .iter()
        .filter(on_data)
        .filter(is_scan)
        .filter(|line| !line.contains("never executed"))
        .collect();
    let text = plan.join("\n");
    assert!(
        !read.is_empty() && read.len() <= partitions,
        "{name}: {} of {text}",
        read.len()
    );
    // What is empty may be read as it comes: the past, and the days to come.
    let has_data = |line: &&&String| {
        let place = line.split("_d").nth(1).unwrap_or_default();
        let day = place
            .split(' ')
            .next()
            .and_then(|day| day.parse::<u32>().ok());
        day.is_some_and(|day| day <= DAYS + 1)
    };
    let scanned = read.iter().filter(|line| line.contains("Seq Scan"));
    assert_eq!(scanned.filter(has_data).count(), 0, "{name}: {text}");
}

async fn filled(cluster: &Cluster) {
    cluster.create_database("queries").await;
    let store = PostgresStore::new(config(cluster, "queries"));
    store.migrate().await.unwrap();
    rows(cluster, "queries", "create role eye login").await;
    store.grant("eye", Access::Read).await.unwrap();
    let ends: Vec<i64> = (-i64::from(DAYS)..5).collect();
    for table in ["event", "sweep", "minute"] {
        divide(cluster, "queries", table, &ends).await;
    }
    let now = Timestamp::from(SystemTime::now());
    let mut fixture = Fixture::new();
    let (pair, whole) = (fixture.pair(), fixture.whole());
    for n in (1..DAYS * A_DAY).rev() {
        let time = now.saturating_sub(n * 3 * MINUTE);
        let doubt = if n % 100 == 0 {
            Quality::STALE
        } else {
            Quality::GOOD
        };
        let values = [(f64::from(n), doubt), (0.5, Quality::GOOD)];
        fixture.judged_sweep(&pair, time, TimeQuality::Synchronised, &values);
        if n % 2 == 0 {
            fixture.events(&[(2, time, 0.5, Quality::GOOD)]);
        }
    }
    fixture.sweep(&whole, now.saturating_sub(MINUTE), &[1.5, 2.5, 0.5]);
    fixture.journal().append_gap(&Gap {
        device: DeviceId::of("sub1.feeder-01"),
        from: now.saturating_sub(60 * MINUTE),
        until: now.saturating_sub(30 * MINUTE),
        reason: GapReason::DeviceDown,
    });
    fixture.journal().append_gap(&Gap {
        device: DeviceId::WHOLE_ENGINE,
        from: now.saturating_sub(90 * MINUTE),
        until: now.saturating_sub(80 * MINUTE),
        reason: GapReason::JournalDamaged,
    });
    alarms(&mut fixture, now);
    let chunk = fixture.all();
    store
        .write(fixture.stream(), &chunk, fixture.book())
        .await
        .unwrap();
    // Other devices, thrice as much in each partition.
    let others = "insert into sweep select 1000 + n, ts, received, null, value \
                  from sweep, generate_series(1, 3) as n; \
                  insert into event select 1000 + n, ts_first, ts_last, received, point, lag, value \
                  from event, generate_series(1, 3) as n; \
                  insert into device select n, 'd' || n from generate_series(1, 500) as n; \
                  insert into point select n * 10 + p, n, 'd' || n || '.p' || p, '' \
                  from generate_series(1, 500) as n, generate_series(0, 9) as p; \
                  insert into layout select n, n from generate_series(1, 500) as n; \
                  insert into layout_point select n, p, n * 10 + p \
                  from generate_series(1, 500) as n, generate_series(0, 9) as p; \
                  insert into latest_event select n, p, now(), 1, 0 \
                  from generate_series(1, 500) as n, generate_series(0, 9) as p; analyze";
    rows(cluster, "queries", others).await;
    dashboards_are_answered(cluster).await;
}

/// An alarm that came and was acknowledged.
fn alarms(fixture: &mut Fixture, now: Timestamp) {
    let told = now.saturating_sub(30 * MINUTE);
    let raised = raised(1, "sub1.feeder-01.ia", AlarmKind::Limit, told);
    let mut acknowledged = AlarmRecord {
        sequence: 2,
        action: AlarmAction::Acknowledged,
        is_annunciated: false,
        from: raised.after.level,
        received: now.saturating_sub(20 * MINUTE),
        ..raised.clone()
    };
    acknowledged.after.flags = AlarmFlags::empty();
    fixture.journal().append_alarms(&[raised, acknowledged]);
}

/// The SQL of all dashboards, with what Grafana puts in for its macros and variables.
async fn dashboards_are_answered(cluster: &Cluster) {
    let mut asked = 0;
    for file in std::fs::read_dir(examples("grafana/dashboards")).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let dashboard: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mut all = Vec::new();
        questions(&dashboard, &mut all);
        asked += all.len();
        for sql in all {
            // A chart of some hours, and one of so many that it takes minutes.
            for interval in [20, 60] {
                is_answered(cluster, sql, interval).await;
            }
        }
    }
    assert_eq!(asked, 11);
}

async fn is_answered(cluster: &Cluster, sql: &str, interval: u32) {
    let asked = expanded(sql, interval);
    assert!(!asked.contains('$'), "{asked}");
    let found = ask(cluster, &asked).await;
    assert!(!found.is_empty(), "{asked}");
    if sql.contains("reading(") {
        by_index(cluster, "dashboard", &asked, 5).await;
    }
}

/// Everything in a dashboard that is asked of PostgreSQL: what has a source of that type, and SQL.
fn questions<'a>(part: &'a serde_json::Value, found: &mut Vec<&'a str>) {
    use serde_json::Value::{Array, Object};
    if part["datasource"]["type"] == "grafana-postgresql-datasource" {
        let own = ["rawSql", "query"].map(|name| part[name].as_str());
        found.extend(own.into_iter().flatten());
    }
    match part {
        Array(parts) => parts.iter().for_each(|part| questions(part, found)),
        Object(parts) => parts.values().for_each(|part| questions(part, found)),
        _ => {}
    }
}

fn expanded(sql: &str, interval: u32) -> String {
    let now = Timestamp::from(SystemTime::now());
    let (from, to) = (format!("'{}'", now.saturating_sub(DAY)), format!("'{now}'"));
    let mut sql = sql
        .replace("$__timeFrom()", &from)
        .replace("$__timeTo()", &to)
        .replace("$__interval_ms", &format!("{}", interval * 1_000))
        .replace("$__interval", &format!("'{interval}s'"))
        .replace("${device:sqlstring}", "'sub1.feeder-01'")
        .replace("${point:sqlstring}", "'sub1.feeder-01.ia'");
    while let Some(start) = sql.find("$__timeFilter(") {
        let end = start + sql[start..].find(')').unwrap();
        let column = sql[start + "$__timeFilter(".len()..end].to_owned();
        sql.replace_range(start..=end, &format!("{column} BETWEEN {from} AND {to}"));
    }
    while let Some(start) = sql.find("$__timeGroup(") {
        let end = start + sql[start..].find(')').unwrap();
        let column = sql[start + "$__timeGroup(".len()..end]
            .split(',')
            .next()
            .unwrap()
            .to_owned();
        sql.replace_range(
            start..=end,
            &format!("floor(extract(epoch from {column})/{interval})*{interval}"),
        );
    }
    sql
}
