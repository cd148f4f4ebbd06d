//! Roles: who writes cannot spoil, and who looks sees the views.

use std::sync::Arc;
use std::time::Duration;

use gridos_model::{AlarmKind, Level, PointId, Quality, Timestamp, Transition};
use gridos_store::postgres::Access;
use gridos_store::{
    AlarmEventsQuery, AlarmsQuery, HistoryQuery, LettersQuery, Maintain, PostgresStore, Store,
    StoreError, Upkeep, Upkept,
};

use super::postgres::{config, rows};
use crate::support::engine::Engine;
use crate::support::fixture::{Fixture, at, raised};
use crate::support::postgres::Cluster;

/// The store as a role sees it.
fn store_of(cluster: &Cluster, role: &str) -> PostgresStore {
    let mut config = config(cluster, "roles");
    config.user = role.to_owned();
    PostgresStore::new(config)
}

/// What a role's statement is refused with, if it is.
async fn refused(cluster: &Cluster, role: &str, sql: &str) -> Option<String> {
    let client = cluster.connect("roles").await;
    client
        .batch_execute(&format!("set role {role}"))
        .await
        .unwrap();
    let error = client.batch_execute(sql).await.err()?;
    Some(error.as_db_error().unwrap().code().code().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_may_what_it_needs() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    cluster.create_database("roles").await;
    let make = "create role keeper login; create role pen login; create role eye login; \
                grant create on schema public to keeper; revoke create on schema public from public";
    rows(&cluster, "roles", make).await;
    who_may_not_make_tables_says_who_should(&cluster).await;
    let keeper = store_of(&cluster, "keeper");
    keeper.migrate().await.unwrap();
    let unmade = keeper
        .grant("nobody there", Access::Write)
        .await
        .unwrap_err();
    assert!(
        unmade
            .to_string()
            .contains("create role \"nobody there\" login"),
        "{unmade}"
    );
    // Many pods start at once.
    let granting: Vec<_> = (0..8)
        .map(|_| {
            let keeper = store_of(&cluster, "keeper");
            tokio::spawn(async move {
                keeper.grant("pen", Access::Write).await?;
                keeper.grant("eye", Access::Read).await
            })
        })
        .collect();
    for granting in granting {
        granting.await.unwrap().unwrap();
    }
    every_table_has_its_rights(&cluster).await;
    who_writes_runs_the_whole_engine(&cluster).await;
    who_writes_cannot_spoil(&cluster).await;
    who_looks_sees_the_views(&cluster).await;
}

async fn who_may_not_make_tables_says_who_should(cluster: &Cluster) {
    let refused = store_of(cluster, "pen").migrate().await.unwrap_err();
    assert!(matches!(refused, StoreError::Schema { .. }), "{refused:?}");
    let text = refused.to_string();
    assert!(text.starts_with("the schema has version 0 of "), "{text}");
    assert!(
        text.ends_with("run gridos migrate as the role that owns the schema"),
        "{text}"
    );
}

async fn every_table_has_its_rights(cluster: &Cluster) {
    let without = "select relname from pg_class where relnamespace = 'public'::regnamespace \
                   and relkind in ('r', 'p', 'v') and not relispartition \
                   and not has_table_privilege('pen', oid, 'select')";
    assert_eq!(rows(cluster, "roles", without).await, [""; 0]);
    let unseen = "select relname from pg_class where relnamespace = 'public'::regnamespace \
                  and has_table_privilege('eye', oid, 'select') <> (relkind = 'v') \
                  and relkind in ('r', 'p', 'v')";
    assert_eq!(rows(cluster, "roles", unseen).await, [""; 0]);
}

async fn who_writes_runs_the_whole_engine(cluster: &Cluster) {
    let store = Arc::new(store_of(cluster, "pen"));
    let mut fixture = Fixture::new();
    let mut engine = Engine::start(&mut fixture, store.clone());
    fixture.events(&[
        (2, at(0), 1.5, Quality::GOOD),
        (2, at(1), 2.5, Quality::GOOD),
    ]);
    fixture.texts(&[(2, at(0), b"v1", Quality::GOOD)]);
    fixture.transitions(&[Transition {
        point: PointId::of("sub1.feeder-01", "ia"),
        from: Level::Normal,
        to: Level::High,
        time: at(0),
        received: at(0),
        value: 1.5,
        quality: Quality::GOOD,
        occurrence: 1,
    }]);
    let alarm = raised(1, "sub1.feeder-01.ia", AlarmKind::Stale, at(0));
    fixture.journal().append_alarms(&[alarm]);
    crate::support::fixture::foreign(&mut fixture);
    let end = engine.work(&mut fixture, 10);
    engine.stored(end).await;
    fixture.events(&[(2, at(2), 3.5, Quality::GOOD)]);
    let end = engine.work(&mut fixture, 10);
    engine.stored(end).await;
    engine.stop().await;
    let (from, until, limit) = (Timestamp::MIN, Timestamp::MAX, 100);
    let point = "sub1.feeder-01.state".to_owned();
    let query = HistoryQuery {
        point: point.clone(),
        from,
        until,
        limit,
        youngest: true,
    };
    assert_eq!(store.history(&query).await.unwrap().len(), 3);
    assert_eq!(store.texts(&query).await.unwrap().len(), 1);
    assert_eq!(store.latest(&[point]).await.unwrap().len(), 1);
    let alarms = AlarmsQuery {
        point: None,
        from,
        until,
        limit,
    };
    assert_eq!(store.alarms(&alarms).await.unwrap().len(), 2);
    let events = AlarmEventsQuery::between(from, until, limit);
    assert_eq!(store.alarm_events(&events).await.unwrap().len(), 1);
    let letters = LettersQuery {
        device: None,
        from,
        until,
        after: None,
        limit,
    };
    assert_eq!(store.letters(&letters).await.unwrap(), []);
    // It makes partitions, but what is kept is not its word.
    rows(cluster, "roles", "drop table event_ahead").await;
    let mut done = Upkept::default();
    let wanted = Upkeep {
        keep: Some(Duration::from_secs(2 * 86_400)),
        ..Upkeep::default()
    };
    store.upkeep(&wanted, &mut done).await.unwrap();
    assert_eq!((done.made, done.ahead, done.deleted), (1, Some(3), 0));
    let advice = done.advice.unwrap();
    assert!(
        advice.contains("for ever, the configuration wants each day and for 2 days"),
        "{advice}"
    );
    assert_eq!(
        store_of(cluster, "keeper").set_rule(&wanted).await.unwrap(),
        None
    );
    let mut done = Upkept::default();
    store.upkeep(&wanted, &mut done).await.unwrap();
    assert_eq!(done.advice, None);
}

async fn who_writes_cannot_spoil(cluster: &Cluster) {
    for sql in [
        "drop table sweep",
        "drop table sweep_past",
        "drop view reading",
        "alter table sweep drop column value",
        "delete from sweep",
        "delete from event",
        "truncate sweep",
        "truncate event_past",
        "insert into sweep_past select * from sweep",
        "update sweep set layout = 0",
        "update device set name = 'x'",
        "update point set name = 'x'",
        "update layout_point set position = 0",
        "delete from stream_position",
        "update stream_position set stream = 0",
        "update quarantine set reason = ''",
        "delete from quarantine",
        "delete from latest_event",
        "delete from alarm_transition",
        "delete from alarm_event",
        "update alarm_event set actor = 'x'",
        "update alarm_name set name = 'x'",
        "delete from gap",
        "update schema_migration set checksum = 0",
        "insert into schema_migration values (99, 'x', 0)",
        "update upkeep_rule set keep = interval '1 day'",
        "insert into partitioned values ('stream_position', 'position')",
        "create table mine (a integer)",
        "select cut_partition('sweep', 'day')",
        "select new_partition('sweep', now(), now())",
        "select attach_partition('sweep', 'sweep_past', now(), now())",
        "copy sweep to '/tmp/x'",
    ] {
        let code = refused(cluster, "pen", sql).await;
        assert_eq!(code.as_deref(), Some("42501"), "{sql}");
    }
    // A warning only, but it gives nothing: who looks is asked below.
    rows(
        cluster,
        "roles",
        "set role pen; grant select on sweep to eye",
    )
    .await;
    // A function that runs as its owner must not be led astray by tables of the caller's.
    let client = cluster.connect("roles").await;
    let trap = "set role pen; create temp table upkeep_rule (width text, keep interval); \
                insert into upkeep_rule values ('day', interval '0'); \
                create temp table partitioned (name text, time_column text, keep interval); \
                insert into partitioned values ('quarantine', 'stored', interval '0')";
    client.batch_execute(trap).await.unwrap();
    let count =
        "select (select count(*) from public.sweep) + (select count(*) from public.quarantine)";
    let before: i64 = client.query_one(count, &[]).await.unwrap().get(0);
    let calls = "set search_path = pg_temp, public; select public.delete_old(100); \
                 select public.drop_partitions(); select public.make_partition(3)";
    client.batch_execute(calls).await.unwrap();
    let after: i64 = client.query_one(count, &[]).await.unwrap().get(0);
    // By the owner's rule what is older than two days went, and not what is of now.
    let young = "select count(*) from public.quarantine where stored < now() - interval '2 days'";
    let old: i64 = client.query_one(young, &[]).await.unwrap().get(0);
    assert_eq!(old, 0);
    let quarantined: i64 = client
        .query_one("select count(*) from public.quarantine", &[])
        .await
        .unwrap()
        .get(0);
    assert!(
        before >= after && quarantined == 1,
        "{before} {after} {quarantined}"
    );
}

async fn who_looks_sees_the_views(cluster: &Cluster) {
    for sql in [
        "select * from reading limit 1",
        "select * from latest",
        "select * from alarm",
        "select * from alarm_history",
        "select * from dead_letter",
        "select * from text_reading",
        "select * from latest_text",
        "select * from partition_span",
        "select quality_names(1), quality_is_bad(1)",
        "select * from reading('sub1.feeder-01.ia', now() - interval '1 day', now())",
    ] {
        assert_eq!(refused(cluster, "eye", sql).await, None, "{sql}");
    }
    for sql in [
        "select * from sweep",
        "select * from stream_position",
        "select * from quarantine",
        "insert into device values (1, 'x')",
        "select make_partition(3)",
        "select delete_old(1)",
        "select drop_partitions()",
        "create table mine (a integer)",
    ] {
        assert_eq!(
            refused(cluster, "eye", sql).await.as_deref(),
            Some("42501"),
            "{sql}"
        );
    }
}
