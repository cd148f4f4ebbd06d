//! Outstations that connect by themselves.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use gridos_collect::dnp3::{Peer, TlsServer};
use gridos_telemetry::PeerRefusal;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::authority::{Authority, Issued, Wish};
use crate::guests::expect;
use crate::outstation::{
    Heard, Line, OUTSTATION, binary_events, confirm_unsolicited, response, unsolicited,
};
use crate::rig::{Rig, Setup};

/// Outstations that may connect, by whom they are recognised.
async fn start(
    guests: Vec<(&'static str, u16, Peer)>,
    ask_after: Duration,
    tls: Option<TlsServer>,
) -> (Rig, SocketAddr) {
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let guests = guests.into_iter().map(|(name, outstation, peer)| {
        let setup = Setup {
            outstation,
            ..Setup::new(name, nowhere)
        };
        (setup, peer)
    });
    expect(guests.collect(), ask_after, tls).await
}

async fn dial(address: SocketAddr) -> Line<TcpStream> {
    Line::new(TcpStream::connect(address).await.unwrap())
}

fn anybody() -> Peer {
    Peer::Network("127.0.0.0/8".parse().unwrap())
}

const LONG: Duration = Duration::from_secs(600);

#[tokio::test]
async fn who_is_alone_is_known_by_its_address_and_need_not_speak() {
    let (mut rig, address) = start(vec![("rtu", OUTSTATION, anybody())], LONG, None).await;
    let mut line = dial(address).await;
    line.answer(&[1, 1, 0x00, 0, 7, 1]).await;
    assert_eq!(rig.next().await.device, "rtu");
    rig.stop().await;
}

#[tokio::test]
async fn outstations_of_one_network_are_told_apart_by_their_first_frame() {
    let guests = vec![("a", 10, anybody()), ("b", 11, anybody())];
    let (mut rig, address) = start(guests, LONG, None).await;
    let mut stranger = dial(address).await;
    stranger.send_from(12, &unsolicited(0, &[])).await;
    assert_eq!(stranger.try_next().await, None);
    let refusals = rig.telemetry.listeners.refusals(PeerRefusal::Unknown);
    assert_eq!(refusals, 1);
    for (name, outstation) in [("b", 11), ("a", 10)] {
        let mut line = dial(address).await;
        // What is read to tell whose it is, is not lost.
        let events = binary_events(&[(1, true, 5)]);
        line.send_from(outstation, &unsolicited(3, &events)).await;
        let mut batch = rig.next().await;
        assert_eq!((&*batch.device, batch.values()), (name, vec![("b1", 1.0)]));
        batch.keep();
        let mut is_confirmed = false;
        while !is_confirmed {
            let Some(Heard::Fragment(to, fragment)) = line.try_next().await else {
                panic!("a confirm should come");
            };
            assert_eq!(to, outstation);
            is_confirmed = fragment == confirm_unsolicited(3);
        }
    }
    rig.stop().await;
}

#[tokio::test]
async fn who_is_silent_is_asked_who_it_is() {
    let guests = vec![("a", 10, anybody()), ("b", 11, anybody())];
    let (mut rig, address) = start(guests, Duration::from_millis(1), None).await;
    let mut line = dial(address).await;
    let mut asked = Vec::new();
    for _ in 0..2 {
        asked.push(line.try_next().await.unwrap());
    }
    assert_eq!(asked, [Heard::Link(10, 0xC9), Heard::Link(11, 0xC9)]);
    // O LINK_STATUS from 10 to 1.
    line.send_bytes(&[0x05, 0x64, 0x05, 0x0B, 0x01, 0x00, 0x0A, 0x00, 0x6D, 0xED])
        .await;
    line.answer(&[1, 1, 0x00, 0, 7, 1]).await;
    assert_eq!(rig.next().await.device, "a");
    rig.stop().await;
}

#[tokio::test]
async fn a_new_connection_takes_the_place_of_the_old_one() {
    let (mut rig, address) = start(vec![("rtu", OUTSTATION, anybody())], LONG, None).await;
    let mut old = dial(address).await;
    old.read_request().await;
    let mut new = dial(address).await;
    assert_eq!(old.try_next().await, None);
    new.answer(&[1, 1, 0x00, 0, 7, 1]).await;
    assert_eq!(rig.next().await.device, "rtu");
    rig.stop().await;
}

#[tokio::test]
async fn who_says_nothing_takes_no_place_of_an_outstation_that_is_heard() {
    let guests = vec![("rtu", OUTSTATION, anybody())];
    let (mut rig, address) = start(guests, Duration::from_millis(1), None).await;
    let mut old = dial(address).await;
    old.answer(&[1, 1, 0x00, 0, 7, 1]).await;
    assert_eq!(rig.next().await.device, "rtu");
    let mut stranger = dial(address).await;
    assert_eq!(stranger.try_next().await, Some(Heard::Link(10, 0xC9)));
    old.nothing().await;
    drop(stranger);
    // The outstation itself does, as soon as it says who it is.
    let mut new = dial(address).await;
    let events = binary_events(&[(1, true, 5)]);
    new.send(&unsolicited(3, &events)).await;
    assert_eq!(old.try_next().await, None);
    assert_eq!(rig.next().await.values(), [("b1", 1.0)]);
    rig.stop().await;
}

fn connector(authority: &Authority, own: &Issued) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let pem = authority.pem();
    roots
        .add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
        .unwrap();
    let chain = CertificateDer::from_pem_slice(own.certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![chain], key)
        .unwrap();
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn over_tls_the_certificate_tells_who_it_is_and_binds_the_link_address() {
    let authority = Authority::new("grid");
    let own = authority.issue("engine", Wish::default());
    let tls = authority.credentials(&own).server();
    let subject = |name: &str| Peer::Subject(name.to_owned());
    let guests = vec![("a", 10, subject("rtu-a")), ("b", 11, subject("rtu-b"))];
    let (mut rig, address) = start(guests, LONG, Some(tls)).await;
    let issued = authority.issue("rtu-b", Wish::default());
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let stream = connector(&authority, &issued)
        .connect(name, stream)
        .await
        .unwrap();
    let mut line = Line::new(stream);
    // It says that it is another one: nothing is taken of that.
    let events = binary_events(&[(1, true, 5)]);
    line.send_from(10, &unsolicited(1, &events)).await;
    let Some(Heard::Fragment(11, request)) = line.try_next().await else {
        panic!("b is asked");
    };
    let answer = response(request[0] & 0x0F, &[1, 1, 0x00, 0, 7, 1]);
    line.send_from(11, &answer).await;
    assert_eq!(rig.next().await.device, "b");
    assert!(rig.try_next().is_none());
    rig.stop().await;
}
