//! Connections to NATS servers: where they are, how one comes in, and how patient one is.
//!
//! This crate must not know what is said over them.

mod connect;
mod options;

pub use connect::{ANSWER_TIMEOUT, ConnectError, connect, connect_later};
pub use options::{Credentials, ServerOptions};
