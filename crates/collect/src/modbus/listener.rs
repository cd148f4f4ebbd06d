//! Where devices connect to by themselves: to write their registers, or to be polled.
//!
//! Whoever may not be there is sent away before anything is kept for them, and counted. Everything
//! has a bound: connections, handshakes, the time of a frame, silence.

mod conversation;
mod host;
mod pushed;

use std::sync::Arc;
use std::time::Duration;

use gridos_ring::Intake;
use gridos_telemetry::Protocol;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::device::StartError;
use crate::Collector;
use crate::net::{Door, DoorConfig, Guests, Inbox, Network, TlsServer};
use host::Host;

pub use pushed::PushedDevice;

/// One address that devices connect to.
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
    /// How many connections may be open at once; at least 1.
    pub connections_max: usize,
    /// How long a connection may be silent; more than 0.
    pub idle_timeout: Duration,
    /// What it is for.
    pub service: Service,
}

/// What a listener is for.
#[derive(Debug)]
pub enum Service {
    /// Devices write their registers.
    Server {
        /// Who may, and which devices they are.
        guests: Guests<PushedDevice>,
        /// When a write is acknowledged.
        confirm: Confirm,
        /// How long the parts of one value may be apart; more than 0.
        parts_within: Duration,
    },
    /// Devices dial in to be polled.
    DialIn {
        /// Who may, and where their sessions wait for them.
        guests: Guests<Arc<Inbox>>,
    },
}

/// When a write is acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Confirm {
    /// When it is durable: what is acknowledged survives a power cut. If that takes more than three
    /// seconds, the answer is exception 6 (busy); the values may become durable all the same, and
    /// are then there twice if the device writes them again.
    #[default]
    Durable,
    /// When it is in the ring: faster, but a crash may lose what was acknowledged.
    Received,
}

/// Starts `listeners` on the current tokio runtime, until `stop` becomes true; what was taken by
/// then is still acknowledged.
///
/// # Errors
/// If a device is not among those of the telemetry; then nothing is started.
pub fn listen(
    listeners: Vec<Listener>,
    intake: &Intake,
    collector: &mut Collector,
    stop: &watch::Receiver<bool>,
) -> Result<(), StartError> {
    let intake = &intake.speaking(Protocol::Modbus);
    let doors = listeners
        .into_iter()
        .map(|listener| listener.door(intake, stop.clone()))
        .collect::<Result<Vec<_>, _>>()?;
    for door in doors {
        collector.spawn_to_its_end(door.run());
    }
    Ok(())
}

impl Listener {
    fn door(self, intake: &Intake, stop: watch::Receiver<bool>) -> Result<Door<Host>, StartError> {
        let host = Host::new(self.service, self.idle_timeout, intake)?;
        let config = DoorConfig {
            name: self.name,
            socket: self.socket,
            allow: self.allow,
            tls: self.tls,
            roles: self.roles,
            connections_max: self.connections_max,
        };
        Ok(Door::new(config, host, intake, stop))
    }
}
