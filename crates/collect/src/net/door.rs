//! The door of one listener: who comes in, and who is sent away.

use std::fmt::Display;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gridos_ring::Intake;
use gridos_telemetry::{ListenerCells, PeerRefusal};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::arrival::{Arrival, Refused, receive};
use super::{Crowd, Network, Place, TlsServer};

/// One listener while it runs.
#[derive(Debug)]
pub(crate) struct Door<H> {
    socket: TcpListener,
    allow: Vec<Network>,
    crowd: Arc<Crowd>,
    hall: Arc<Hall<H>>,
}

/// Whoever serves those who are let in.
pub(crate) trait Host: Send + Sync + Sized + 'static {
    /// Serves a connection until it ends, or is left to somebody else.
    fn serve(
        hall: &Hall<Self>,
        arrival: Arrival,
        place: &Place,
    ) -> impl Future<Output = Result<(), Refused>> + Send;
}

/// What makes a door.
#[derive(Debug)]
pub(crate) struct DoorConfig {
    /// The name of the listener in logs.
    pub(crate) name: String,
    pub(crate) socket: TcpListener,
    /// The addresses that may connect.
    pub(crate) allow: Vec<Network>,
    pub(crate) tls: Option<TlsServer>,
    /// The roles of which a certificate must have one; empty: any, or none.
    pub(crate) roles: Vec<String>,
    /// How many connections may be open at once.
    pub(crate) connections_max: usize,
}

/// What all connections of a listener share.
#[derive(Debug)]
pub(crate) struct Hall<H> {
    pub(crate) name: String,
    pub(crate) tls: Option<TlsServer>,
    pub(crate) roles: Vec<String>,
    pub(crate) host: H,
    pub(crate) intake: Intake,
    stop: watch::Receiver<bool>,
    /// Handshakes cost a thousand times what a request costs.
    pub(crate) handshakes: Semaphore,
    /// When each reason was last logged.
    said: Mutex<[Option<Instant>; PeerRefusal::ALL.len()]>,
}

/// TLS handshakes under way at once.
const HANDSHAKES_AT_ONCE: usize = 16;
/// One line per reason and this time: whoever scans the network must not fill the log.
const SAID_EVERY: Duration = Duration::from_secs(10);
/// How long to wait if the system gives no connection, for example for want of descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);
/// How long what was taken may still take to be acknowledged after the stop.
const DRAIN_WITHIN: Duration = Duration::from_secs(5);

impl<H: Host> Door<H> {
    /// The door that `host` stands behind.
    pub(crate) fn new(
        config: DoorConfig,
        host: H,
        intake: &Intake,
        stop: watch::Receiver<bool>,
    ) -> Self {
        Self {
            socket: config.socket,
            allow: config.allow,
            crowd: Crowd::new(config.connections_max.max(1)),
            hall: Arc::new(Hall {
                name: config.name,
                tls: config.tls,
                roles: config.roles,
                host,
                intake: intake.clone(),
                stop,
                handshakes: Semaphore::new(HANDSHAKES_AT_ONCE),
                said: Mutex::default(),
            }),
        }
    }

    /// Lets in until the stop, then waits for what was taken to be acknowledged.
    pub(crate) async fn run(self) {
        let mut arrivals = JoinSet::new();
        loop {
            tokio::select! {
                () = self.hall.stopped() => break,
                accepted = self.socket.accept() => match accepted {
                    Ok((stream, peer)) => self.let_in(stream, peer, &mut arrivals),
                    Err(error) => {
                        tracing::warn!(listener = self.hall.name, %error, "no connection accepted");
                        sleep(ACCEPT_AGAIN).await;
                    }
                },
                Some(_) = arrivals.join_next() => {}
            }
        }
        let ending = async { while arrivals.join_next().await.is_some() {} };
        // What is not acknowledged by then is not: the device sends it again.
        let _ = timeout(DRAIN_WITHIN, ending).await;
    }

    fn let_in(&self, stream: TcpStream, peer: SocketAddr, arrivals: &mut JoinSet<()>) {
        self.hall.cells().accepts.increment();
        let address = peer.ip();
        if !self.allow.iter().any(|network| network.contains(address)) {
            self.hall
                .refuse(PeerRefusal::Address, peer, &"its address is not allowed");
            return;
        }
        let Some(place) = self.crowd.enter(address, Instant::now()) else {
            self.hall.refuse(
                PeerRefusal::Displaced,
                peer,
                &"there are too many connections",
            );
            return;
        };
        arrivals.spawn(receive(Arc::clone(&self.hall), stream, peer, place));
    }
}

impl<H> Hall<H> {
    /// Counts whoever is sent away, and says so, but not too often.
    pub(crate) fn refuse(&self, reason: PeerRefusal, peer: SocketAddr, why: &dyn Display) {
        self.cells().refused(reason);
        let now = Instant::now();
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let last = &mut said[reason as usize];
        if last.is_none_or(|last| now.duration_since(last) >= SAID_EVERY) {
            *last = Some(now);
            drop(said);
            let (listener, reason) = (&self.name, reason.label());
            tracing::warn!(listener, %peer, reason, %why, "connection refused");
        }
    }

    /// Ends when the engine stops.
    pub(crate) async fn stopped(&self) {
        // A sender that is gone is a stop as well.
        let _ = self.stop.clone().wait_for(|stop| *stop).await;
    }

    pub(crate) fn cells(&self) -> &ListenerCells {
        &self.intake.telemetry().listeners
    }
}
