//! Databases of before there were partitions: divided by a step of the schema, whoever uses them meanwhile.

use std::time::Duration;

use gridos_store::StoreError;

use super::partitions::{row, spans};
use super::postgres::rows;
use crate::support::contract::{Kind, earlier};
use crate::support::fixture::{Fixture, at};
use crate::support::postgres::Cluster;

const BEFORE: [&str; 3] = [
    include_str!("../../src/postgres/migrations/before_0005/1_bound.sql"),
    include_str!("../../src/postgres/migrations/before_0005/2_aside.sql"),
    include_str!("../../src/postgres/migrations/before_0005/3_proof.sql"),
];

#[tokio::test(flavor = "multi_thread")]
async fn earlier_databases_are_divided() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    an_earlier_database_is_divided(&cluster).await;
    a_division_that_was_broken_off_is_finished(&cluster).await;
    a_step_that_was_killed_is_taken_again(&cluster).await;
    who_reads_is_not_broken_off_by_a_step(&cluster).await;
}

/// What an earlier version stored is all there, and goes on.
async fn an_earlier_database_is_divided(cluster: &Cluster) {
    let mut fixture = Fixture::new();
    let first = earlier(cluster, "divided", "dead_letters", &mut fixture).await;
    let wild = "insert into sweep select layout, t, now(), null, value \
                from sweep, unnest(array['1677-09-22Z', '1970-01-01Z', '2038-01-19Z', \
                '2262-04-11Z', now() + interval '1 hour', now() + interval '3 days']::timestamptz[]) as t; \
                insert into event select layout, t, t, now(), '{0}', '{0}', '{7.5}' \
                from sweep, unnest(array['1970-01-01Z', '2262-04-11Z']::timestamptz[]) as t limit 2; \
                create role looker; grant select on sweep to looker; grant select on reading to looker";
    rows(cluster, "divided", wild).await;
    let all = "select ts, value, quality from reading where point like '%ia' order by 1, 2";
    let before = rows(cluster, "divided", all).await;
    assert_eq!(before.len(), 7 + 2);
    let store = cluster.open("divided");
    store.migrate().await.unwrap();
    assert_eq!(rows(cluster, "divided", all).await, before);
    let spans = spans(cluster, "divided", "sweep").await;
    assert_eq!(spans, ["..2", "2..3", "3..4", "4.."]);
    let far = "select count(*) from sweep_ahead";
    assert_eq!(rows(cluster, "divided", far).await, ["2"]);
    let left = "select count(*) from pg_constraint where conname like '%before_partitions'";
    assert_eq!(rows(cluster, "divided", left).await, ["0"]);
    fixture.sweep(&fixture.pair(), at(1_000), &[3.5, 4.5]);
    let next = fixture.chunk(first.until());
    store
        .write(fixture.stream(), &next, fixture.book())
        .await
        .unwrap();
    assert_eq!(rows(cluster, "divided", all).await.len(), before.len() + 1);
    let looks = "set role looker; select count(*) > 0 from sweep";
    assert_eq!(rows(cluster, "divided", looks).await, ["t"]);
}

/// Killed between the parts of the step, and the earlier version writes on before the next try.
async fn a_division_that_was_broken_off_is_finished(cluster: &Cluster) {
    for parts in 1..=3 {
        let name = format!("broken{parts}");
        let mut fixture = Fixture::new();
        earlier(cluster, &name, "dead_letters", &mut fixture).await;
        rows(cluster, &name, &row(7, "'2038-01-19Z'")).await;
        for part in &BEFORE[..parts] {
            rows(cluster, &name, part).await;
        }
        rows(cluster, &name, &row(8, "now()")).await;
        let store = cluster.open(&name);
        store.migrate().await.unwrap();
        let count = "select count(*) from sweep";
        assert_eq!(rows(cluster, &name, count).await, ["3"]);
        assert_eq!(
            spans(cluster, &name, "sweep").await,
            ["..2", "2..3", "3..4", "4.."]
        );
    }
}

/// A step that the server breaks off leaves nothing of itself, and the next try takes it.
async fn a_step_that_was_killed_is_taken_again(cluster: &Cluster) {
    let mut fixture = Fixture::new();
    earlier(cluster, "killed", "dead_letters", &mut fixture).await;
    // Somebody uses the table, so that the step waits; then its connection is ended.
    let user = cluster.connect("killed").await;
    user.batch_execute("begin; select count(*) from sweep")
        .await
        .unwrap();
    let store = cluster.open("killed");
    let migrating = tokio::spawn(async move { store.migrate().await });
    let kill = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
                where datname = 'killed' and wait_event_type = 'Lock'";
    while rows(cluster, "killed", kill).await == ["0"] {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let killed = migrating.await.unwrap().unwrap_err();
    assert!(matches!(killed, StoreError::Away { .. }), "{killed:?}");
    user.batch_execute("commit").await.unwrap();
    let versions = "select max(version) from schema_migration";
    assert_eq!(rows(cluster, "killed", versions).await, ["4"]);
    cluster.open("killed").migrate().await.unwrap();
    assert_eq!(
        rows(cluster, "killed", "select count(*) from sweep").await,
        ["1"]
    );
}

/// Who has read one table asks for the next, while a step has that one and waits for the first: were the step to wait
/// on, the server would break one of the two off.
async fn who_reads_is_not_broken_off_by_a_step(cluster: &Cluster) {
    let mut fixture = Fixture::new();
    earlier(cluster, "crossed", "dead_letters", &mut fixture).await;
    // The server breaks off whoever looks for a deadlock first: here the reader, were there one by then.
    let user = cluster.connect("crossed").await;
    user.batch_execute("set deadlock_timeout = '900ms'; begin; select count(*) from sweep")
        .await
        .unwrap();
    let store = cluster.open("crossed");
    let migrating = tokio::spawn(async move { store.migrate().await });
    let waits = "select count(*) from pg_locks where not granted and relation = 'sweep'::regclass";
    while rows(cluster, "crossed", waits).await == ["0"] {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    user.batch_execute("select count(*) from event; commit")
        .await
        .unwrap();
    migrating.await.unwrap().unwrap();
    let versions = "select max(version) > 4 from schema_migration";
    assert_eq!(rows(cluster, "crossed", versions).await, ["t"]);
}
