//! DNP3 (IEEE 1815-2012) as a pure machine: bytes and `now` in, bytes and events out.
//!
//! This crate must not know sockets, clocks, runtimes or the engine's batches. It has the three
//! layers of the protocol ([`link`], [`transport`], [`app`]); a driver above moves the bytes.
//! [`explain`] says to people what the bytes mean.
//!
//! # What of IEEE 1815-2012 is not here
//!
//! - Orders to the field: controls, setpoints, freezes, cold and warm restarts, writes but for the
//!   clock and the restart indication. The master has no word for them, on purpose.
//! - Secure authentication (clause 7): its objects are read and explained, its fragments are
//!   ignored and counted. TLS protects connections instead.
//! - Files (g70), data sets (g85 to g88), virtual terminals (g112, g113) and BCD values (g101): their
//!   sizes are known, so that what stands behind them is read; their contents are not used.
//! - Serial lines and UDP (clause 13.3): only byte streams that somebody else connects. Broadcasts by
//!   the master, self-address discovery, and confirmed user data from the master: never sent.
//! - Data link layer confirms are answered, not asked for: a byte stream loses nothing.

pub mod app;
pub mod explain;
pub mod link;
pub mod master;
pub mod outstation;
pub mod transport;
