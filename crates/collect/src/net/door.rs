//! The door of one listener: who comes in, and who is sent away.

use std::fmt::Display;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gridos_ring::Intake;
use gridos_telemetry::{ListenerCells, PeerRefusal};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::arrival::{Arrival, Refused, receive};
use super::{Certificate, Crowd, Network, Place, TlsServer};
use crate::quiet::{Quiet, QuietOf, if_any};

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
    /// Those who compute their part of a handshake, which costs a thousand times what a request
    /// costs. Whoever waits for the peer is not among them.
    pub(crate) handshakes: Semaphore,
    /// What was said of each reason to send somebody away.
    refusals: Mutex<[Quiet; PeerRefusal::ALL.len()]>,
    /// What was said of those who came, by their certificates.
    arrivals: Mutex<QuietOf>,
}

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
                handshakes: Semaphore::new(handshakes_at_once()),
                refusals: Mutex::default(),
                arrivals: Mutex::default(),
            }),
        }
    }

    /// Lets in until the stop, then waits for what was taken to be acknowledged.
    pub(crate) async fn run(self) {
        let mut arrivals = JoinSet::new();
        let mut failures: Quiet = Quiet::default();
        loop {
            tokio::select! {
                () = self.hall.stopped() => break,
                accepted = self.socket.accept() => match accepted {
                    Ok((stream, peer)) => self.let_in(stream, peer, &mut arrivals),
                    Err(error) => {
                        if let Some(kept_back) = failures.say(Instant::now()) {
                            let (listener, kept_back) = (&self.hall.name, if_any(kept_back));
                            tracing::warn!(listener, kept_back, %error, "no connection accepted");
                        }
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

/// Handshakes may keep half of the processors busy: the others go on polling.
fn handshakes_at_once() -> usize {
    std::thread::available_parallelism().map_or(1, |all| all.get().div_ceil(2))
}

impl<H> Hall<H> {
    /// Counts whoever is sent away, and says so, but not too often.
    pub(crate) fn refuse(&self, reason: PeerRefusal, peer: SocketAddr, why: &dyn Display) {
        self.cells().refused(reason);
        let said = locked(&self.refusals)[reason as usize].say(Instant::now());
        if let Some(kept_back) = said {
            let (listener, reason, kept_back) = (&self.name, reason.label(), if_any(kept_back));
            tracing::warn!(listener, %peer, reason, kept_back, %why, "connection refused");
        }
    }

    /// Says who has come, but not too often.
    pub(super) fn greet(&self, peer: SocketAddr, certificate: &Certificate) {
        let (subject, role) = (&certificate.subject, certificate.role.as_deref());
        let said = locked(&self.arrivals).say(subject, Instant::now());
        if let Some(kept_back) = said {
            let (listener, kept_back) = (&self.name, if_any(kept_back));
            tracing::info!(listener, %peer, subject, role, kept_back, "connected over TLS");
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

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
