//! Outstations behind stunnel, which makes plain TCP into TLS with certificates on both sides.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use gridos_collect::dnp3::{Peer, Via};
use gridos_collect::modbus::Credentials;
use gridos_telemetry::PeerRefusal;

use crate::authority::{Authority, Wish};
use crate::guests::expect;
use crate::outstation::{Mode, Outstation, brisk, setup};
use crate::rig::{Rig, Setup};
use crate::stunnel::{Secures, Stunnel};
use crate::takings::{Told, events, no_more_events};
use crate::unasked::some_of_each;

/// Puts events in, which must arrive.
async fn is_collected(outstation: &mut Outstation, rig: &mut Rig) {
    rig.until(|t| t.dnp3.integrity_polls.get() >= 1).await;
    let puts = some_of_each();
    outstation.put(&puts, Mode::Always);
    let expected: Vec<_> = puts.iter().map(Told::untimed).collect();
    assert_eq!(events(rig, puts.len()).await, expected);
    outstation.until_empty(rig).await;
    no_more_events(rig, puts.len() as u64);
}

#[tokio::test]
async fn an_outstation_behind_stunnel_is_collected_over_tls() {
    if !Stunnel::is_installed() {
        return;
    }
    let Some(mut outstation) = Outstation::start(&["--unsolicited"]) else {
        return;
    };
    let authority = Authority::new("grid");
    let rtu = authority.issue("rtu", Wish::default());
    let stunnel = Stunnel::start(Secures::Callers, outstation.address(), &authority, &rtu);
    let engine = authority.issue("engine", Wish::default());
    let client = authority.credentials(&engine).client("127.0.0.1").unwrap();
    let over_tls = |via| Setup {
        via,
        ..setup("rtu", stunnel.address, brisk())
    };
    let mut rig = Rig::start(vec![over_tls(Via::Tls(client))]);
    is_collected(&mut outstation, &mut rig).await;
    rig.stop().await;
    // Who is not known to stunnel does not get through, and who knows it not does not go.
    let opened = outstation.report()["opened"].clone();
    let other = Authority::new("grid");
    let stranger = other.issue("engine", Wish::default());
    let (ca, own) = (authority.pem(), stranger.certificate.as_bytes());
    let unknown = Credentials::read(ca.as_bytes(), own, stranger.key.as_bytes()).unwrap();
    for credentials in [unknown, other.credentials(&stranger)] {
        let client = credentials.client("127.0.0.1").unwrap();
        let rig = Rig::start(vec![over_tls(Via::Tls(client))]);
        rig.until(|t| t.dnp3.io_errors.get() >= 2).await;
        assert_eq!(rig.telemetry.dnp3.frames.get(), 0);
        rig.stop().await;
    }
    assert_eq!(outstation.report()["opened"], opened);
}

#[tokio::test]
async fn an_outstation_that_connects_through_stunnel_is_known_by_its_certificate() {
    if !Stunnel::is_installed() {
        return;
    }
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let authority = Authority::new("grid");
    let engine = authority.issue("engine", Wish::default());
    let guest = setup("rtu", nowhere, brisk());
    let peer = Peer::Subject("rtu".to_owned());
    let tls = authority.credentials(&engine).server();
    let long = Duration::from_secs(600);
    let (mut rig, address) = expect(vec![(guest, peer)], long, Some(tls)).await;
    // A stranger first: it is not let in.
    let forged = Authority::new("grid").issue("rtu", Wish::default());
    let stranger = Stunnel::start(Secures::Called, address, &authority, &forged);
    let port = stranger.address.port().to_string();
    let Some(caller) = Outstation::start(&["--connect", &port, "--unsolicited"]) else {
        return;
    };
    rig.until(|t| t.listeners.refusals(PeerRefusal::Tls) >= 1)
        .await;
    assert_eq!(rig.telemetry.dnp3.connects.get(), 0);
    drop((caller, stranger));
    let rtu = authority.issue("rtu", Wish::default());
    let stunnel = Stunnel::start(Secures::Called, address, &authority, &rtu);
    let port = stunnel.address.port().to_string();
    let mut outstation = Outstation::start(&["--connect", &port, "--unsolicited"]).unwrap();
    is_collected(&mut outstation, &mut rig).await;
    rig.stop().await;
}
