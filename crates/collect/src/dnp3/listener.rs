//! Where outstations connect to by themselves.

mod host;
mod introduction;

use std::sync::Arc;
use std::time::Duration;

use gridos_dnp3::link::Address;
use gridos_ring::Intake;
use gridos_telemetry::Protocol;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::Collector;
use crate::net::{Door, DoorConfig, Inbox, Network, Peer, TlsServer};
use host::Host;

/// One address that outstations connect to.
#[derive(Debug)]
pub struct Listener {
    /// Its name in logs.
    pub name: String,
    /// Where it listens.
    pub socket: TcpListener,
    /// The addresses that may connect; empty: none.
    pub allow: Vec<Network>,
    /// Its certificates, if it speaks TLS.
    pub tls: Option<TlsServer>,
    /// The roles of which a certificate must have one; empty: any, or none.
    pub roles: Vec<String>,
    /// How many connections may wait to be recognised at once; at least 1.
    pub connections_max: usize,
    /// After how much silence those who may have connected are asked for the status of their link,
    /// if more than one may.
    pub ask_after: Duration,
    /// How long a connection may take until it is known whose it is; more than 0.
    pub introduced_within: Duration,
    /// Who may connect.
    pub guests: Vec<Guest>,
}

/// An outstation that connects by itself.
///
/// Who alone has an address or a certificate is recognised by that; several who share one are told
/// apart by the link addresses of the first frame. These must be said as well, without a certificate,
/// by whoever takes the place of a connection on which the outstation is heard.
#[derive(Clone, Debug)]
pub struct Guest {
    /// The network it comes from, or the name in its certificate, or its registration packet.
    pub peer: Peer,
    /// The link address of the engine towards it.
    pub master: Address,
    /// Its own link address.
    pub outstation: Address,
    /// Where its session waits for its connection; outstations behind one connection share one.
    pub inbox: Arc<Inbox>,
}

impl Listener {
    /// Silence before it is asked who is there, unless said otherwise.
    pub const ASK_AFTER: Duration = Duration::from_secs(2);
    /// How long it may take to be recognised unless said otherwise.
    pub const INTRODUCED_WITHIN: Duration = Duration::from_secs(30);
}

/// Starts `listeners` on the current tokio runtime, until `stop` becomes true.
///
/// An outstation that connects again has given its earlier connection up: the newest is used.
pub fn listen(
    listeners: Vec<Listener>,
    intake: &Intake,
    collector: &mut Collector,
    stop: &watch::Receiver<bool>,
) {
    let intake = &intake.speaking(Protocol::Dnp3);
    for listener in listeners {
        let host = Host::new(
            listener.guests,
            listener.ask_after,
            listener.introduced_within,
        );
        let config = DoorConfig {
            name: listener.name,
            socket: listener.socket,
            allow: listener.allow,
            tls: listener.tls,
            roles: listener.roles,
            connections_max: listener.connections_max,
        };
        let door = Door::new(config, host, intake, stop.clone());
        collector.spawn_to_its_end(door.run());
    }
}
