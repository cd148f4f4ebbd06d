//! Databases that go back in time: restored backups, and replicas that take over.

use gridos_journal::{Options, Position};
use gridos_telemetry::Telemetry;

use crate::postgres::{Cluster, SUPERUSER, Shutdown};
use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_restored_and_the_journal_reaches_back() {
    let Some(mut scene) = Scene::start(30).await else {
        return;
    };
    scene.store_all(300).await;
    let backup = scene.cluster.back_up().await;
    scene.store_all(300).await;
    for _ in 0..2 {
        scene.cluster.restore(&backup).await;
        let agreement = scene.agree().await;
        assert_eq!(agreement.lost, 0);
        assert!(scene.life.ledger().carried_over > 0);
    }
}

/// A backup from before the engine's first connection has no schema.
#[tokio::test(flavor = "multi_thread")]
async fn an_empty_backup_is_restored() {
    let Some(mut cluster) = Cluster::start().await else {
        return;
    };
    cluster.create_database("scada").await;
    let backup = cluster.back_up().await;
    cluster.run("postgres", "drop database scada").await;
    let mut scene = Scene::on(cluster, 31, Options::default(), SUPERUSER).await;
    scene.store_all(300).await;
    scene.cluster.restore(&backup).await;
    assert_eq!(scene.agree().await.lost, 0);
}

/// Small segments, so that the journal can be trimmed close behind what is stored.
const SMALL_SEGMENTS: Options = Options {
    segment_bytes: 8 << 10,
    bytes_max: 8 << 30,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_restored_and_the_journal_was_trimmed() {
    let Some(mut scene) = Scene::with_options(32, SMALL_SEGMENTS).await else {
        return;
    };
    scene.store_all(300).await;
    let backup = scene.cluster.back_up().await;
    for _ in 0..3 {
        scene.store_all(300).await;
    }
    let stored = scene.life.stored().position;
    assert!(scene.site.trim(stored) > 1);
    scene.store_all(300).await;
    scene.cluster.restore(&backup).await;
    // What neither the database nor the journal has is told, and the rest is stored again.
    let agreement = scene.agree().await;
    assert!(agreement.lost > 0);
    assert_eq!(scene.life.ledger().lost, agreement.lost);
    // The loss is told once, also if the same backup comes again.
    scene.cluster.restore(&backup).await;
    assert_eq!(scene.agree().await.lost, agreement.lost);
}

/// The backup is of an earlier life of the engine, whose journal is still there.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_an_earlier_life_is_restored() {
    let Some(mut scene) = Scene::start(33).await else {
        return;
    };
    scene.store_all(100).await;
    let backup = scene.cluster.back_up().await;
    scene.store_all(100).await;
    scene.restart(true).await;
    scene.store_all(100).await;
    scene.cluster.restore(&backup).await;
    scene.restart(false).await;
    assert_eq!(scene.agree().await.lost, 0);
}

/// The same, and the engine stays up: nobody starts it anew only because a backup was restored.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_an_earlier_life_is_restored_under_a_running_engine() {
    let Some(mut scene) = Scene::start(36).await else {
        return;
    };
    scene.store_all(100).await;
    let backup = scene.cluster.back_up().await;
    scene.store_all(100).await;
    scene.restart(true).await;
    scene.store_all(100).await;
    scene.cluster.restore(&backup).await;
    assert_eq!(scene.agree().await.lost, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_takes_over_without_the_last_commits() {
    let Some(mut scene) = Scene::start(34).await else {
        return;
    };
    scene.store_all(100).await;
    let replica = scene.cluster.replica().await;
    scene.store_all(100).await;
    follows(&scene, &replica).await;
    replica.cut_off().await;
    scene.store_all(100).await;
    scene.work(300);
    scene.cluster.kill();
    scene.life.fails().await;
    // A replica refuses to write as long as it is one.
    scene.proxy.lead_to(replica.port());
    scene.work(100);
    let is_refused = |trouble: String| trouble.contains("recovery") || trouble.contains("standby");
    let store = |t: &Telemetry| t.store.trouble.get().is_some_and(is_refused);
    scene.life.seen(store).await;
    replica.promote().await;
    drop(std::mem::replace(&mut scene.cluster, replica));
    let agreement = scene.agree().await;
    assert_eq!(agreement.lost, 0);
    assert!(scene.life.ledger().carried_over > 0);
}

/// Waits until the replica has what the scene has stored.
pub(crate) async fn follows(scene: &Scene, replica: &Cluster) {
    let sql = "select coalesce(max(position), 0) from stream_position";
    let position = scene.sql(sql).await[0][0].clone().unwrap();
    let client = replica.connect("scada").await;
    loop {
        let row = client.query_one(sql, &[]).await.unwrap();
        if row.get::<_, i64>(0).to_string() == position {
            return;
        }
    }
}

/// The old server comes back, and some connections lead to it again.
#[tokio::test(flavor = "multi_thread")]
async fn an_old_server_comes_back_after_a_replica_took_over() {
    let Some(mut scene) = Scene::start(35).await else {
        return;
    };
    scene.store_all(100).await;
    let mut replica = scene.cluster.replica().await;
    follows(&scene, &replica).await;
    scene.cluster.stop(Shutdown::Immediate);
    replica.promote().await;
    scene.proxy.lead_to(replica.port());
    scene.store_all(100).await;
    scene.cluster.resume().await;
    scene.proxy.lead_to(scene.cluster.port());
    scene.proxy.break_off();
    assert_eq!(scene.agree().await.lost, 0);
    // And the other one, which has not what came meanwhile, is right again when it is asked again.
    scene.proxy.lead_to(replica.port());
    scene.proxy.break_off();
    std::mem::swap(&mut scene.cluster, &mut replica);
    assert_eq!(scene.agree().await.lost, 0);
    assert!(scene.life.stored().position > Position::START);
}
