//! Sessions against simulated devices over real sockets.

#![cfg(test)]

mod answers;
mod changes;
mod devices;
mod due;
mod faults;
mod floods;
#[path = "../lines/mod.rs"]
mod lines;
mod links;
#[path = "../../../../tests/support/port.rs"]
mod port;
#[path = "../rig/mod.rs"]
mod rig;
mod values;

use std::net::{Ipv4Addr, SocketAddr};

/// Where a device can go away and come back.
fn free_address() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port::free_port()).into()
}
