//! Ways to the server that break at the worst moment.

use std::time::Duration;

use crate::proxy::{Strike, Way};
use crate::scene::Scene;
use crate::wire::Side;

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_to_a_commit_is_lost() {
    let Some(mut scene) = Scene::start(10).await else {
        return;
    };
    scene.store_all(10).await;
    for _ in 0..10 {
        let strikes = scene.proxy.strikes();
        scene
            .proxy
            .strike_at(|message| message.is_committed().then_some(Strike::Reset));
        scene.work(30);
        scene.proxy.struck(strikes + 1).await;
    }
    assert_eq!(scene.agree().await.lost, 0);
    assert!(scene.life.failures() >= 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_does_not_arrive() {
    let Some(mut scene) = Scene::start(11).await else {
        return;
    };
    scene.store_all(10).await;
    for strike in [Strike::Reset, Strike::ResetInside, Strike::ResetBehind] {
        let strikes = scene.proxy.strikes();
        scene
            .proxy
            .strike_at(move |message| message.is_commit().then_some(strike));
        scene.work(30);
        scene.proxy.struck(strikes + 1).await;
    }
    assert_eq!(scene.agree().await.lost, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_breaks_in_the_middle_of_the_rows() {
    let Some(mut scene) = Scene::start(12).await else {
        return;
    };
    scene.store_all(10).await;
    for strike in [Strike::Reset, Strike::ResetInside, Strike::ResetBehind] {
        let strikes = scene.proxy.strikes();
        scene
            .proxy
            .strike_at(move |message| message.is_copy_data().then_some(strike));
        scene.work(200);
        scene.proxy.struck(strikes + 1).await;
    }
    assert_eq!(scene.agree().await.lost, 0);
}

/// From the first message of a connection to the last of a few commits, each in its turn.
#[tokio::test(flavor = "multi_thread")]
async fn connections_break_at_every_message() {
    let Some(mut scene) = Scene::start(13).await else {
        return;
    };
    scene.store_all(10).await;
    // What a new connection takes for one transaction.
    let before = scene.proxy.messages();
    scene.proxy.break_off();
    scene.store_all(30).await;
    let messages = scene.proxy.messages() - before;
    for nth in (0..messages).step_by(4) {
        let strike = [Strike::Reset, Strike::ResetInside, Strike::ResetBehind];
        let strike = strike[usize::try_from(nth % 3).unwrap()];
        let strikes = scene.proxy.strikes();
        scene.proxy.break_off();
        let mut left = nth;
        scene.proxy.strike_at(move |_| {
            left = left.checked_sub(1)?;
            (left == 0).then_some(strike)
        });
        scene.work(10);
        scene.life.settled().await;
        scene.proxy.spare();
        assert!(scene.proxy.strikes() <= strikes + 1);
    }
    assert!(scene.proxy.strikes() > messages / 8);
    assert_eq!(scene.agree().await.lost, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_vanishes_in_a_black_hole() {
    let Some(mut scene) = Scene::start(14).await else {
        return;
    };
    scene.store_all(10).await;
    // In the middle of a transaction, which holds the row of the stream at the server.
    scene
        .proxy
        .strike_at(|message| message.is_copy_data().then_some(Strike::BlackHole));
    scene.work(50);
    scene.proxy.struck(1).await;
    scene.proxy.set(Way::BlackHole);
    scene.work(50);
    scene.life.failed(2).await;
    let trouble = scene.life.trouble();
    assert!(
        trouble.contains("no answer") || trouble.contains("not answer"),
        "{trouble}"
    );
    scene.proxy.set(Way::Open);
    assert_eq!(scene.agree().await.lost, 0);
}

/// The server has committed and says so, and the words vanish.
#[tokio::test(flavor = "multi_thread")]
async fn the_answer_to_a_commit_vanishes() {
    let Some(mut scene) = Scene::start(15).await else {
        return;
    };
    scene.store_all(10).await;
    scene
        .proxy
        .strike_at(|message| message.is_committed().then_some(Strike::BlackHole));
    scene.work(30);
    scene.proxy.struck(1).await;
    scene.life.failed(1).await;
    assert_eq!(scene.agree().await.lost, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_way_only_takes_longer() {
    let Some(mut scene) = Scene::start(16).await else {
        return;
    };
    scene.proxy.set(Way::Slow(Duration::from_millis(3)));
    scene.store_all(100).await;
    assert_eq!(scene.agree().await.lost, 0);
}

/// The server's word comes through, and the engine's does not.
#[tokio::test(flavor = "multi_thread")]
async fn a_way_breaks_in_the_middle_of_an_answer() {
    let Some(mut scene) = Scene::start(17).await else {
        return;
    };
    scene.store_all(10).await;
    for nth in 1..20 {
        let strikes = scene.proxy.strikes();
        let mut left = nth;
        scene.proxy.strike_at(move |message| {
            left -= i32::from(message.side == Side::Server);
            (left == 0).then_some(Strike::ResetInside)
        });
        scene.work(30);
        scene.proxy.struck(strikes + 1).await;
    }
    assert_eq!(scene.agree().await.lost, 0);
}
