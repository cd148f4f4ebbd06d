//! Modbus TCP: one session per connection, which polls the units behind it in turn.
//!
//! A connection that timed out, broke the protocol or failed is never used again: a late answer
//! could be taken for the next one. An exception is an answer and keeps the connection.

mod client;
mod demotion;
mod device;
mod error;
mod fleet;
mod isolation;
mod listener;
mod orders;
mod overheard;
mod pace;
mod patience;
mod poll;
mod probe;
mod read;
mod round;
mod scans;
mod schedule;
mod session;
mod unit;
mod wariness;

pub use device::{ModbusDevice, StartError, TLS_PORT, start};
pub use error::{ReadError, exception_name};
pub use fleet::ModbusFleet;
pub use isolation::{Ask, Isolation};
pub use listener::{Confirm, Listener, PushedDevice, Service, listen};
pub use overheard::{Content, Overheard, Question};
pub use probe::{Probe, Probed};
pub use schedule::{Lane, Next, Schedule, Turn};

pub use crate::net::{
    Certificate, Credentials, CredentialsError, CredentialsFile, Guests, Inbox, Network,
    NetworkError, Peer, TlsClient, TlsServer, Via,
};
