//! Outstations that connect by themselves.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use gridos_collect::dnp3::Peer;
use gridos_collect::dnp3::PointKind;
use serde_json::json;

use crate::guests::expect;
use crate::outstation::{Mode, Outstation, PATIENCE, Put, brisk, setup};
use crate::rig::Setup;
use crate::takings::{Told, events, next, until};

#[tokio::test]
async fn outstations_that_connect_are_known_by_their_address() {
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let network = || Peer::Network("127.0.0.0/8".parse().unwrap());
    let guests = [("speaks", 10), ("is-silent", 11)].map(|(name, outstation)| {
        let setup = Setup {
            outstation,
            ..setup(name, nowhere, brisk())
        };
        (setup, network())
    });
    // Who says nothing unasked is asked who it is.
    let ask_after = Duration::from_millis(50);
    let (mut rig, address) = expect(guests.into(), ask_after, None).await;
    let port = address.port().to_string();
    let place = ["--connect", &port, "--outstation"];
    let speaks = [&place[..], &["10", "--unsolicited"]].concat();
    let is_silent = [&place[..], &["11"]].concat();
    let Some(mut speaks) = Outstation::start(&speaks) else {
        return;
    };
    let mut is_silent = Outstation::start(&is_silent).unwrap();
    rig.until(|t| t.dnp3.integrity_polls.get() >= 2).await;
    for (outstation, name, value) in [
        (&mut speaks, "speaks", 17.0),
        (&mut is_silent, "is-silent", 18.0),
    ] {
        // Events that are told by an answer; the silent one has nothing else to tell them by.
        let put = Put::new(PointKind::Analog, 1, value);
        outstation.put(&[put], Mode::Always);
        outstation.cut();
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < PATIENCE, "nothing comes of {name}");
            let batch = next(&mut rig).await;
            if !batch.is_sweep {
                assert_eq!(
                    (&*batch.device, batch.values()),
                    (name, vec![("a1", value)])
                );
                break;
            }
        }
        outstation.until_empty(&mut rig).await;
    }
    rig.stop().await;
}

#[tokio::test]
async fn an_outstation_that_connects_again_goes_on() {
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let guest = setup("rtu", nowhere, brisk());
    let network = Peer::Network("127.0.0.0/8".parse().unwrap());
    let long = Duration::from_secs(600);
    let (mut rig, address) = expect(vec![(guest, network)], long, None).await;
    let port = address.port().to_string();
    let Some(mut outstation) = Outstation::start(&["--connect", &port, "--unsolicited"]) else {
        return;
    };
    for round in 1..=3 {
        until("it should connect", || {
            outstation.report()["opened"] == json!(round)
        })
        .await;
        let put = Put::new(PointKind::Counter, 1, f64::from(round));
        outstation.put(&[put], Mode::Always);
        assert_eq!(events(&mut rig, 1).await, [Told::untimed(&put)]);
        outstation.until_empty(&mut rig).await;
        outstation.cut();
    }
    rig.stop().await;
}
