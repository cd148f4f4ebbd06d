//! Disks that are full, and are freed.

use gridos_journal::Options;

use crate::disk::Disk;
use crate::postgres::{Cluster, SUPERUSER};
use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn the_disk_of_the_tables_is_full_and_freed() {
    let Some(cluster) = Cluster::prepare() else {
        return;
    };
    let Some(disk) = Disk::mount(&cluster.data(), 128) else {
        return;
    };
    // The log has a disk of its own.
    let log = cluster.data().with_file_name("log");
    cluster.initialise(&["--waldir", log.to_str().unwrap()]);
    let mut scene = on(cluster).await;
    scene.store_all(200).await;
    disk.fill();
    // The tables have some room in their last pages.
    while scene.life.failures() == 0 {
        scene.work(100);
        tokio::task::yield_now().await;
    }
    scene.life.fails().await;
    let trouble = scene.life.trouble();
    assert!(trouble.contains("No space left"), "{trouble}");
    disk.free();
    assert_eq!(scene.agree().await.lost, 0);
}

/// A server that cannot write its log ends itself; it may not even start again.
#[tokio::test(flavor = "multi_thread")]
async fn the_disk_of_the_log_is_full_and_freed() {
    let Some(cluster) = Cluster::prepare() else {
        return;
    };
    let log = cluster.data().with_file_name("log");
    let Some(disk) = Disk::mount(&log, 24) else {
        return;
    };
    let wal = log.join("wal");
    cluster.initialise(&["--waldir", wal.to_str().unwrap(), "--wal-segsize", "1"]);
    let mut scene = on(cluster).await;
    scene.store_all(200).await;
    disk.fill();
    while scene.life.failures() == 0 {
        scene.work(100);
        tokio::task::yield_now().await;
    }
    scene.life.fails().await;
    assert_eq!(scene.life.telemetry.store.connected.get(), 0);
    disk.free();
    scene.cluster.recovered().await;
    assert_eq!(scene.agree().await.lost, 0);
}

async fn on(mut cluster: Cluster) -> Scene {
    cluster.resume().await;
    Scene::on(cluster, 50, Options::default(), SUPERUSER).await
}
