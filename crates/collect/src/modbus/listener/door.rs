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

use super::super::device::StartError;
use super::super::dial_in::Inbox;
use super::super::network::Network;
use super::super::tls::{Certificate, TlsServer};
use super::arrival;
use super::crowd::Crowd;
use super::guests::Guests;
use super::pushed::Pusher;
use super::{Confirm, Listener, Service};
use crate::quiet::{Quiet, QuietOf, if_any};

/// One listener while it runs.
#[derive(Debug)]
pub(super) struct Door {
    socket: TcpListener,
    allow: Vec<Network>,
    crowd: Arc<Crowd>,
    hall: Arc<Hall>,
}

/// What all connections of a listener share.
#[derive(Debug)]
pub(super) struct Hall {
    pub(super) name: String,
    pub(super) tls: Option<TlsServer>,
    pub(super) roles: Vec<String>,
    pub(super) idle_timeout: Duration,
    pub(super) purpose: Purpose,
    pub(super) intake: Intake,
    stop: watch::Receiver<bool>,
    /// Those who compute their part of a handshake, which costs a thousand times what a request
    /// costs. Whoever waits for the peer is not among them.
    pub(super) handshakes: Semaphore,
    /// What was said of each reason to send somebody away.
    refusals: Mutex<[Quiet; PeerRefusal::ALL.len()]>,
    /// What was said of those who came, by their certificates.
    arrivals: Mutex<QuietOf>,
}

/// What a listener is for.
#[derive(Debug)]
pub(super) enum Purpose {
    Server {
        guests: Guests<Arc<Pusher>>,
        confirm: Confirm,
        parts_within: Duration,
    },
    DialIn {
        guests: Guests<Arc<Inbox>>,
    },
}

/// How long to wait if the system gives no connection, for example for want of descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);
/// How long what was taken may still take to be acknowledged after the stop.
const DRAIN_WITHIN: Duration = Duration::from_secs(5);

impl Door {
    pub(super) fn new(
        listener: Listener,
        intake: &Intake,
        stop: watch::Receiver<bool>,
    ) -> Result<Self, StartError> {
        let purpose = match listener.service {
            Service::Server {
                guests,
                confirm,
                parts_within,
            } => Purpose::Server {
                guests: guests.try_map(|device| device.pusher(intake))?,
                confirm,
                parts_within,
            },
            Service::DialIn { guests } => Purpose::DialIn { guests },
        };
        Ok(Self {
            socket: listener.socket,
            allow: listener.allow,
            crowd: Crowd::new(listener.connections_max.max(1)),
            hall: Arc::new(Hall {
                name: listener.name,
                tls: listener.tls,
                roles: listener.roles,
                idle_timeout: listener.idle_timeout,
                purpose,
                intake: intake.clone(),
                stop,
                handshakes: Semaphore::new(handshakes_at_once()),
                refusals: Mutex::default(),
                arrivals: Mutex::default(),
            }),
        })
    }

    /// Lets in until the stop, then waits for what was taken to be acknowledged.
    pub(super) async fn run(self) {
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
        arrivals.spawn(arrival::receive(
            Arc::clone(&self.hall),
            stream,
            peer,
            place,
        ));
    }
}

/// Handshakes may keep half of the processors busy: the others go on polling.
fn handshakes_at_once() -> usize {
    std::thread::available_parallelism().map_or(1, |all| all.get().div_ceil(2))
}

impl Hall {
    /// Counts whoever is sent away, and says so, but not too often.
    pub(super) fn refuse(&self, reason: PeerRefusal, peer: SocketAddr, why: &dyn Display) {
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
    pub(super) async fn stopped(&self) {
        // A sender that is gone is a stop as well.
        let _ = self.stop.clone().wait_for(|stop| *stop).await;
    }

    pub(super) fn cells(&self) -> &ListenerCells {
        &self.intake.telemetry().listeners
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
