//! Servers that answer, and refuse.

use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn statements_take_too_long() {
    let Some(mut scene) = Scene::start(20).await else {
        return;
    };
    scene.store_all(10).await;
    // Nobody can write to the table as long as this transaction lasts.
    let other = scene.cluster.connect("scada").await;
    let lock = "begin; lock table sweep in share mode";
    other.simple_query(lock).await.unwrap();
    scene.work(50);
    let failures = scene.life.failures();
    scene.life.failed(failures + 2).await;
    let trouble = scene.life.trouble();
    assert!(trouble.contains("statement timeout"), "{trouble}");
    other.simple_query("commit").await.unwrap();
    assert_eq!(scene.agree().await.lost, 0);
}

/// What the database is set to by default does not reach a writer that knows what it needs.
#[tokio::test(flavor = "multi_thread")]
async fn the_database_has_settings_of_its_own() {
    let Some(mut scene) = Scene::start(21).await else {
        return;
    };
    scene.store_all(10).await;
    for setting in [
        "statement_timeout = '1ms'",
        "default_transaction_isolation = 'serializable'",
        "idle_in_transaction_session_timeout = '1ms'",
        "timezone = 'Asia/Kathmandu'",
        "extra_float_digits = -5",
        "synchronous_commit = off",
    ] {
        let sql = format!("alter database scada set {setting}");
        scene.cluster.run("postgres", &sql).await;
        scene.proxy.break_off();
        scene.store_all(20).await;
    }
    let sql = "alter database scada reset all";
    scene.cluster.run("postgres", sql).await;
    assert_eq!(scene.agree().await.lost, 0);
}

/// A writer may leave such a database alone or not; if it does, it says so.
#[tokio::test(flavor = "multi_thread")]
async fn the_database_is_read_only_by_default() {
    let Some(mut scene) = Scene::start(26).await else {
        return;
    };
    scene.store_all(10).await;
    let sql = "alter database scada set default_transaction_read_only = on";
    scene.cluster.run("postgres", sql).await;
    scene.proxy.break_off();
    scene.work(20);
    let end = scene.life.durable().position.get();
    scene
        .life
        .seen(|telemetry| {
            let trouble = telemetry.store.trouble.get();
            let is_stored = telemetry.store.position.get() == end;
            is_stored || trouble.is_some_and(|trouble| trouble.contains("read_only"))
        })
        .await;
    let sql = "alter database scada reset all";
    scene.cluster.run("postgres", sql).await;
    assert_eq!(scene.agree().await.lost, 0);
}

/// Nothing of it is quarantined: it is not the readings' fault, and upkeep makes the partition again.
#[tokio::test(flavor = "multi_thread")]
async fn partitions_are_dropped() {
    let Some(mut scene) = Scene::start(27).await else {
        return;
    };
    let is_there = "select to_regclass('minute_past')::text";
    while scene.sql(is_there).await == [[None]] {
        tokio::task::yield_now().await;
    }
    scene
        .sql("drop table sweep_past, event_past, minute_past")
        .await;
    scene.work(50);
    let failures = scene.life.failures();
    scene.life.failed(failures + 2).await;
    let trouble = scene.life.trouble();
    assert!(trouble.contains("no partition"), "{trouble}");
    while scene.sql("select make_partition(3)").await != [[None]] {}
    assert_eq!(scene.agree().await.lost, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_are_revoked_and_granted() {
    let Some(mut scene) = Scene::as_user(22, "engine").await else {
        return;
    };
    scene.store_all(10).await;
    // The engine made the tables itself: it loses its own rights to them.
    for (right, object) in [
        ("insert", "table sweep"),
        ("insert", "table event"),
        ("insert", "table gap"),
        ("update", "table latest_event"),
        ("select, update", "table stream_position"),
        ("insert", "table quarantine"),
        ("select", "table layout"),
        ("usage", "schema public"),
    ] {
        let sql = format!("revoke {right} on {object} from engine, public");
        scene.sql(&sql).await;
        scene.proxy.break_off();
        scene.work(200);
        scene.life.fails().await;
        let trouble = scene.life.trouble();
        assert!(
            trouble.contains("permission denied") || right == "usage",
            "{trouble}"
        );
        let sql = format!("grant {right} on {object} to engine");
        scene.sql(&sql).await;
        scene.life.settled().await;
    }
    assert_eq!(scene.agree().await.lost, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_role_may_not_log_in_any_more() {
    let Some(mut scene) = Scene::as_user(23, "engine").await else {
        return;
    };
    scene.store_all(10).await;
    for (take, give) in [
        ("alter role engine nologin", "alter role engine login"),
        (
            "alter role engine connection limit 0",
            "alter role engine connection limit -1",
        ),
        (
            "alter database scada allow_connections off",
            "alter database scada allow_connections on",
        ),
    ] {
        scene.cluster.run("postgres", take).await;
        scene.proxy.break_off();
        scene.work(20);
        scene.life.fails().await;
        scene.cluster.run("postgres", give).await;
        scene.life.settled().await;
    }
    assert_eq!(scene.agree().await.lost, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_version_of_gridos_was_here() {
    let Some(mut scene) = Scene::start(24).await else {
        return;
    };
    scene.store_all(10).await;
    let ahead = "insert into schema_migration (version, name, checksum) \
                 select max(version) + 1, 'of the future', 0 from schema_migration";
    scene.sql(ahead).await;
    // An engine that is at work goes on; one that starts refuses, in words.
    scene.store_all(10).await;
    scene.restart(false).await;
    scene.work(20);
    scene.life.fails().await;
    let trouble = scene.life.trouble();
    assert!(trouble.contains("a later version of GridOS"), "{trouble}");
    scene
        .sql("delete from schema_migration where name = 'of the future'")
        .await;
    assert_eq!(scene.agree().await.lost, 0);
}

/// A table that somebody moved away, and put back.
#[tokio::test(flavor = "multi_thread")]
async fn tables_are_missing_for_a_while() {
    let Some(mut scene) = Scene::start(25).await else {
        return;
    };
    scene.store_all(10).await;
    for table in ["sweep", "event", "stream_position", "quarantine", "layout"] {
        scene
            .sql(&format!("alter table {table} rename to moved_away"))
            .await;
        scene.proxy.break_off();
        scene.work(200);
        scene.life.fails().await;
        scene
            .sql(&format!("alter table moved_away rename to {table}"))
            .await;
        scene.life.settled().await;
    }
    assert_eq!(scene.agree().await.lost, 0);
}
