//! Outstations that are expected to connect by themselves.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use gridos_collect::dnp3::{Guest, Inbox, Listener, Peer, TlsServer, Via, listen};
use gridos_dnp3::link::Address;
use tokio::net::TcpListener;

use super::rig::{Rig, Setup};

/// Listens for outstations, each with whom it is recognised by.
pub(crate) async fn expect(
    guests: Vec<(Setup, Peer)>,
    ask_after: Duration,
    tls: Option<TlsServer>,
) -> (Rig, SocketAddr) {
    let mut setups = Vec::new();
    let mut known = Vec::new();
    for (setup, peer) in guests {
        let inbox = Arc::new(Inbox::default());
        known.push(Guest {
            peer,
            master: Address::from_raw(1),
            outstation: Address::from_raw(setup.outstation),
            inbox: Arc::clone(&inbox),
        });
        setups.push(Setup {
            via: Via::DialIn(inbox),
            ..setup
        });
    }
    let mut rig = Rig::start(setups);
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    let listener = Listener {
        name: "test".to_owned(),
        socket,
        allow: vec!["127.0.0.0/8".parse().unwrap()],
        tls,
        roles: Vec::new(),
        connections_max: 8,
        ask_after,
        introduced_within: Duration::from_secs(600),
        guests: known,
    };
    listen(
        vec![listener],
        &rig.intake,
        &mut rig.collector,
        &rig.stopped,
    );
    (rig, address)
}
