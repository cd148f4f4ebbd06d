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

use super::super::device::StartError;
use super::arrival;
use super::pushed::Pusher;
use super::{Confirm, Listener, Service};
use crate::net::{Crowd, Guests, Inbox, Network, TlsServer};

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
    /// Handshakes cost a thousand times what a request costs.
    pub(super) handshakes: Semaphore,
    /// When each reason was last logged.
    said: Mutex<[Option<Instant>; PeerRefusal::ALL.len()]>,
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

/// TLS handshakes under way at once.
const HANDSHAKES_AT_ONCE: usize = 16;
/// One line per reason and this time: whoever scans the network must not fill the log.
const SAID_EVERY: Duration = Duration::from_secs(10);
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
                handshakes: Semaphore::new(HANDSHAKES_AT_ONCE),
                said: Mutex::default(),
            }),
        })
    }

    /// Lets in until the stop, then waits for what was taken to be acknowledged.
    pub(super) async fn run(self) {
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
        arrivals.spawn(arrival::receive(
            Arc::clone(&self.hall),
            stream,
            peer,
            place,
        ));
    }
}

impl Hall {
    /// Counts whoever is sent away, and says so, but not too often.
    pub(super) fn refuse(&self, reason: PeerRefusal, peer: SocketAddr, why: &dyn Display) {
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
    pub(super) async fn stopped(&self) {
        // A sender that is gone is a stop as well.
        let _ = self.stop.clone().wait_for(|stop| *stop).await;
    }

    pub(super) fn cells(&self) -> &ListenerCells {
        &self.intake.telemetry().listeners
    }
}
