//! Modbus TCP: one session per connection, which polls the units behind it in turn.
//!
//! A connection that timed out, broke the protocol or failed is never used again: a late answer
//! could be taken for the next one. An exception is an answer and keeps the connection.

mod client;
mod connect;
mod demotion;
mod device;
mod dial_in;
mod error;
mod isolation;
mod listener;
mod network;
mod patience;
mod poll;
mod probe;
mod read;
mod schedule;
mod session;
mod tagged;
mod tls;
mod unit;

pub use connect::Via;
pub use device::{ModbusDevice, StartError, start};
pub use dial_in::Inbox;
pub use error::{ReadError, exception_name};
pub use isolation::{Ask, Isolation};
pub use listener::{Confirm, Guests, Listener, Peer, PushedDevice, Service, listen};
pub use network::{Network, NetworkError};
pub use probe::{Probe, Probed};
pub use schedule::{Lane, Next, Schedule, Turn};
pub use tls::{
    Certificate, Credentials, CredentialsError, CredentialsFile, TLS_PORT, TlsClient, TlsServer,
};
