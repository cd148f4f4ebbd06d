//! DNP3 (IEEE 1815-2012) as a pure machine: bytes and `now` in, bytes and events out.
//!
//! This crate must not know sockets, clocks, runtimes or the engine's batches. It has the three
//! layers of the protocol ([`link`], [`transport`], [`app`]); a driver above moves the bytes.
//! [`explain`] says to people what the bytes mean.

pub mod app;
pub mod explain;
pub mod link;
pub mod master;
pub mod outstation;
pub mod transport;
