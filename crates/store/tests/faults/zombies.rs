//! Two writers of one stream: a process that was thought dead, a folder that two engines share.

use crate::proxy::Strike;
use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn two_writers_of_one_stream_store_everything_once() {
    let Some(mut scene) = Scene::start(40).await else {
        return;
    };
    let store = scene.store();
    let zombie = scene.life.twin(&mut scene.site, store);
    for _ in 0..20 {
        scene.work(100);
        zombie.announce(scene.site.sync());
    }
    scene.life.settled().await;
    assert_eq!(scene.agree().await.lost, 0);
}

/// The one hangs in the middle of its transaction while the other writes the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_hangs_holds_up_the_other_only_for_a_while() {
    let Some(mut scene) = Scene::start(41).await else {
        return;
    };
    scene.store_all(10).await;
    scene
        .proxy
        .strike_at(|message| message.is_copy_data().then_some(Strike::BlackHole));
    scene.work(50);
    scene.proxy.struck(1).await;
    scene.restart(false).await;
    assert_eq!(scene.agree().await.lost, 0);
}
