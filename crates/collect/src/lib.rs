//! Sessions that poll devices and put batches into the ring.
//!
//! This crate must not know journals, alarms or databases: it owns sockets and clocks, asks the
//! pure protocol crates what to send and what an answer means, and leaves batches at the
//! [`Intake`](gridos_ring::Intake). When the engine is at its limit it skips scans and counts them.

mod backoff;
mod collector;
pub mod dnp3;
mod link;
pub mod modbus;
mod net;
mod quiet;
mod spread;
mod wall;

pub use backoff::Backoff;
pub use collector::Collector;
