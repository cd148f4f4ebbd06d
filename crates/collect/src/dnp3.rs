//! DNP3: sessions that listen to outstations and ask them, one per connection.
//!
//! A session moves bytes between a socket and the pure machines of [`gridos_dnp3`], and puts what
//! they deliver into the ring. What an outstation forgets once it is confirmed is only confirmed
//! when it is durable; what it then offers again is known by its [`Recent`] events and not taken
//! twice. While the engine can keep nothing, nothing is read and nothing confirmed.

mod begun;
mod channel;
mod device;
mod diary;
mod letter;
mod listener;
mod moment;
mod offer;
mod outstation;
mod overheard;
mod pace;
mod pause;
mod pending;
mod permits;
mod point_map;
mod quality;
mod recent;
mod refresh;
mod session;
mod sorting;
mod start;
mod tally;
mod unit;
mod unmapped;
mod void;

pub use device::Dnp3Device;
pub use listener::{Guest, Listener, listen};
pub use overheard::{Heard, Overheard};
pub use point_map::{MappedPoint, PointKind, PointMap, PointMapError};
pub use recent::Recent;
pub use start::{Dnp3Fleet, StartError, start};

pub use crate::net::{
    Certificate, Credentials, CredentialsError, CredentialsFile, Inbox, Network, NetworkError,
    Peer, TlsClient, TlsServer, Via,
};
