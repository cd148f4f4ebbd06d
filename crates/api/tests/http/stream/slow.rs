//! Clients that do not take what they are sent.

use std::time::Duration;

use tokio::time::Instant;

use super::{Table, connect};
use crate::rig::Rig;
use crate::sse::Follower as _;

/// The piece stays in the client's hands, as it would in the socket's queue.
#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_is_cut() {
    let rig = Rig::new();
    let router = rig.router();
    let mut client = connect(&router, "points=sub1.f1.ia").await;
    let began = Instant::now();
    let held = client.piece().await;
    assert!(held.is_some());
    assert!(client.piece().await.is_none());
    assert_eq!(began.elapsed().as_secs(), 30);
    drop(client);
    let cells = &rig.state.telemetry.http;
    assert_eq!((cells.streams_cut.get(), cells.streams.get()), (1, 0));
    drop(held);
}

#[tokio::test(start_paused = true)]
async fn a_slow_client_gets_the_newest_and_no_queue() {
    let rig = Rig::new();
    let router = rig.router();
    let mut table = Table::default();
    let mut client = connect(&router, "points=sub1.f1.ia").await;
    client.fill(&mut table).await;
    for round in 0..5 {
        rig.plant.read("sub1.f1.ia", f64::from(round * 100));
        // In the client's hands, as it would be in the socket's queue.
        let held = client.piece().await.unwrap();
        table.feed(&held);
        let before = table.deltas;
        for n in 1..50 {
            rig.plant.read("sub1.f1.ia", f64::from(round * 100 + n));
            client.pass(Duration::from_millis(100), &mut table).await;
        }
        assert_eq!(table.deltas, before);
        drop(held);
        client.fill(&mut table).await;
        assert_eq!(table.deltas - before, 1);
        assert_eq!(
            table.points["sub1.f1.ia"]["value"],
            f64::from(round * 100 + 49)
        );
    }
    assert!(rig.state.telemetry.http.streams_conflated.get() >= 5);
    assert_eq!(rig.state.telemetry.http.streams_cut.get(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_goes_away_is_not_cut() {
    let rig = Rig::new();
    let router = rig.router();
    let mut table = Table::default();
    let mut client = connect(&router, "overview=true").await;
    client.pass(Duration::from_secs(20), &mut table).await;
    drop(client);
    assert_eq!(rig.state.telemetry.http.streams_cut.get(), 0);
    assert_eq!(rig.state.telemetry.http.streams.get(), 0);
}
