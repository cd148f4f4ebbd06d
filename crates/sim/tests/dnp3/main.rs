//! Simulated outstations as a master on the wire sees them.

#![cfg(test)]

mod bad_lines;
mod calls;
mod feeders;
mod master;
mod numbers;
#[path = "../../../../tests/support/port.rs"]
mod port;
mod wire;
