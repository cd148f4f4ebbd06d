//! Whoever may not be there, says nothing, or speaks something else.

use std::time::Duration;

use gridos_collect::modbus::Peer;
use gridos_telemetry::{ListenerAnswer, PeerRefusal};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::AsyncWriteExt as _;

use crate::push::plc;
use crate::rig::{Rig, Setup, Terms, adu};

#[tokio::test]
async fn an_address_that_is_not_allowed_is_sent_away() {
    let terms = Terms {
        allow: "127.1.0.0/16",
        ..Terms::default()
    };
    let rig = Rig::start(vec![plc()], terms).await;
    assert_eq!(rig.client().await.closed().await, []);
    assert_eq!(rig.refusals(PeerRefusal::Address), 1);
    rig.stop().await;
}

#[tokio::test]
async fn an_allowed_address_without_a_device_is_sent_away() {
    let device = Setup {
        peer: Peer::Network("127.0.0.9".parse().unwrap()),
        ..plc()
    };
    let rig = Rig::start(vec![device], Terms::default()).await;
    assert_eq!(rig.client().await.closed().await, []);
    assert_eq!(rig.refusals(PeerRefusal::Unknown), 1);
    rig.stop().await;
}

#[tokio::test]
async fn what_is_no_modbus_ends_the_connection_and_no_other() {
    let mut rig = Rig::start(vec![plc()], Terms::default()).await;
    let mut sound = rig.client().await;
    let too_long = [0, 1, 0, 0, 0xff, 0xff, 1];
    let too_short = [0, 1, 0, 0, 0, 1, 1];
    let beyond = [0, 1, 0, 0, 0, 255, 1];
    let foreign: [&[u8]; 4] = [b"GET / HTTP/1.1\r\n\r\n", &too_long, &too_short, &beyond];
    for (nth, bytes) in (1..).zip(foreign) {
        let mut client = rig.client().await;
        client.send(bytes).await;
        assert_eq!(client.closed().await, []);
        rig.until(|telemetry| telemetry.listeners.refusals(PeerRefusal::Malformed) == nth)
            .await;
    }
    // Ended within a frame.
    let mut client = rig.client().await;
    client.send(&adu(1, 1, &[6, 0, 12, 0, 25])[..9]).await;
    client.0.shutdown().await.unwrap();
    assert_eq!(client.closed().await, []);
    assert_eq!(rig.refusals(PeerRefusal::Malformed), 5);
    assert_eq!(sound.ask(&[6, 0, 12, 0, 25]).await, [6, 0, 12, 0, 25]);
    rig.next().await;
    rig.stop().await;
}

/// The clock stands still unless everybody waits: no time passes in this test.
#[tokio::test(start_paused = true)]
async fn whoever_stops_within_a_frame_or_drips_is_sent_away() {
    let rig = Rig::start(vec![plc()], Terms::default()).await;
    let mut half = rig.client().await;
    half.send(&[0, 1, 0]).await;
    assert_eq!(half.closed().await, []);
    rig.until(|telemetry| telemetry.listeners.refusals(PeerRefusal::Silent) == 1)
        .await;
    let mut drip = rig.client().await;
    for byte in adu(1, 1, &[6, 0, 12, 0, 25]) {
        // Whoever has been sent away cannot send.
        let _ = drip.0.write_all(&[byte]).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(drip.closed().await, []);
    assert_eq!(rig.refusals(PeerRefusal::Silent), 2);
    assert_eq!(rig.answers(ListenerAnswer::Taken), 0);
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_silent_for_too_long_is_closed() {
    let terms = Terms {
        idle_timeout: Duration::from_secs(60),
        ..Terms::default()
    };
    let rig = Rig::start(vec![plc()], terms).await;
    assert_eq!(rig.client().await.closed().await, []);
    assert_eq!(rig.refusals(PeerRefusal::Silent), 1);
    rig.stop().await;
}

#[tokio::test]
async fn a_thousand_silent_strangers_keep_no_device_out() {
    const STRANGERS: u64 = 1_000;
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, raised).unwrap();
    let mut rig = Rig::start(vec![plc()], Terms::default()).await;
    let mut first = rig.client().await;
    assert_eq!(first.ask(&[6, 0, 12, 0, 25]).await.len(), 5);
    rig.next().await;
    let mut strangers = Vec::new();
    for _ in 0..STRANGERS {
        strangers.push(rig.client().await);
    }
    rig.until(|telemetry| telemetry.listeners.accepts.get() == STRANGERS + 1)
        .await;
    rig.until(|telemetry| telemetry.listeners.connections.get() <= 64)
        .await;
    // Who was there before is still served, and who comes now is served at once.
    assert_eq!(first.ask(&[6, 0, 12, 0, 26]).await.len(), 5);
    let mut late = rig.client().await;
    assert_eq!(late.ask(&[6, 0, 12, 0, 27]).await.len(), 5);
    // 64 places, of which one is not a stranger's; the latecomer needed one as well.
    assert_eq!(rig.refusals(PeerRefusal::Displaced), STRANGERS - 63 + 1);
    rig.next().await;
    rig.next().await;
    drop(strangers);
    rig.stop().await;
}

#[tokio::test]
async fn one_address_with_all_places_keeps_no_other_out() {
    const PLACES: usize = 8;
    let terms = Terms {
        connections_max: PLACES,
        ..Terms::default()
    };
    let mut rig = Rig::start(vec![plc()], terms).await;
    let mut many = Vec::new();
    for _ in 0..PLACES {
        let mut client = rig.client_from([127, 0, 0, 2]).await;
        assert_eq!(client.ask(&[6, 0, 12, 0, 25]).await.len(), 5);
        rig.next().await;
        many.push(client);
    }
    // Each of the others takes one of its places, and keeps it.
    let mut others = Vec::new();
    for last in 3..6 {
        let mut client = rig.client_from([127, 0, 0, last]).await;
        assert_eq!(client.ask(&[6, 0, 12, 0, 26]).await.len(), 5);
        rig.next().await;
        others.push(client);
    }
    for client in &mut others {
        assert_eq!(client.ask(&[6, 0, 12, 0, 27]).await.len(), 5);
        rig.next().await;
    }
    for client in &mut many[..3] {
        assert_eq!(client.closed().await, []);
    }
    assert_eq!(rig.refusals(PeerRefusal::Displaced), 3);
    rig.stop().await;
}

#[tokio::test]
async fn frames_for_nobody_do_not_make_a_stranger_known() {
    let terms = Terms {
        connections_max: 2,
        ..Terms::default()
    };
    let mut rig = Rig::start(vec![plc()], terms).await;
    let mut strangers = Vec::new();
    for last in 2..4 {
        let mut client = rig.client_from([127, 0, 0, last]).await;
        client.send(&adu(7, 9, &[6, 0, 12, 0, 25])).await;
        assert_eq!(client.receive().await, (7, 9, vec![0x86, 0x0a]));
        strangers.push(client);
    }
    let mut good = rig.client_from([127, 0, 0, 4]).await;
    assert_eq!(good.ask(&[6, 0, 12, 0, 26]).await.len(), 5);
    rig.next().await;
    assert_eq!(strangers[0].closed().await, []);
    rig.stop().await;
}
