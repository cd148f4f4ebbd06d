//! What sessions of every protocol share: how connections are made, what protects them, and who
//! may make them.

mod arrival;
mod begun;
mod connect;
mod connects;
mod crowd;
mod door;
mod guests;
mod inbox;
mod network;
mod open;
mod tls;

pub(crate) use arrival::{Arrival, Refused, recognise};
pub(crate) use connect::ConnectError;
pub use connect::Via;
pub(crate) use connect::{Connector, Stream, prepare};
pub(crate) use connects::{Connects, Standing};
pub(crate) use crowd::{Crowd, Place};
pub(crate) use door::{Door, DoorConfig, Hall, Host};
pub(crate) use guests::Packet;
pub use guests::{Guests, Peer};
pub use inbox::Inbox;
pub use network::{Network, NetworkError};
pub(crate) use open::Open;
pub use tls::{Certificate, Credentials, CredentialsError, CredentialsFile, TlsClient, TlsServer};
