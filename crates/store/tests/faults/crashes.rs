//! Servers that stop, start again and are killed.

use crate::postgres::Shutdown;
use crate::proxy::Strike;
use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn the_server_stops_in_order_and_starts_again() {
    stop_and_start(1, Shutdown::Fast).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_stops_at_once_and_starts_again() {
    stop_and_start(2, Shutdown::Immediate).await;
}

async fn stop_and_start(seed: u64, how: Shutdown) {
    let Some(mut scene) = Scene::start(seed).await else {
        return;
    };
    scene.store_all(200).await;
    scene.work(1_000);
    scene.cluster.stop(how);
    scene.work(200);
    scene.life.fails().await;
    assert_eq!(scene.life.telemetry.store.connected.get(), 0);
    scene.restart(false).await;
    scene.work(200);
    scene.life.fails().await;
    scene.cluster.resume().await;
    assert_eq!(scene.agree().await.lost, 0);
    assert_eq!(scene.life.telemetry.store.connected.get(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_and_all_its_processes_are_killed() {
    let Some(mut scene) = Scene::start(3).await else {
        return;
    };
    for _ in 0..3 {
        scene.work(1_000);
        let stored = scene.life.stored();
        scene
            .life
            .seen(|t| t.store.position.get() > stored.position.get())
            .await;
        scene.cluster.kill();
        scene.life.fails().await;
        scene.cluster.resume().await;
    }
    assert_eq!(scene.agree().await.lost, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_process_of_a_connection_is_killed_in_mid_copy() {
    let Some(mut scene) = Scene::start(4).await else {
        return;
    };
    for _ in 0..3 {
        let failures = scene.life.failures();
        let pid = in_mid_copy(&mut scene).await;
        scene.cluster.kill_process(&pid).await;
        scene.life.failed(failures + 1).await;
        scene.life.settled().await;
    }
    assert_eq!(scene.agree().await.lost, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_terminated_in_mid_copy() {
    let Some(mut scene) = Scene::start(5).await else {
        return;
    };
    for _ in 0..5 {
        let failures = scene.life.failures();
        let pid = in_mid_copy(&mut scene).await;
        let sql = format!("select pg_terminate_backend({pid})");
        assert_eq!(scene.sql(&sql).await, [[Some("t".to_owned())]]);
        scene.life.failed(failures + 1).await;
        scene.life.settled().await;
    }
    assert_eq!(scene.agree().await.lost, 0);
}

/// Lets the engine work until the server waits for the other half of some rows; returns the process
/// that does.
async fn in_mid_copy(scene: &mut Scene) -> String {
    scene.store_all(10).await;
    let strikes = scene.proxy.strikes();
    scene
        .proxy
        .strike_at(|message| message.is_copy_data().then_some(Strike::Mute));
    scene.work(50);
    scene.proxy.struck(strikes + 1).await;
    let copying = "select pid from pg_stat_activity where application_name = 'gridos' \
                   and query like 'copy%' and state = 'active' and wait_event = 'ClientRead'";
    loop {
        if let [row] = &scene.sql(copying).await[..] {
            return row[0].clone().unwrap();
        }
    }
}
