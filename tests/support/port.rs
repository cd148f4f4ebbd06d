//! Ports of servers that are away for a moment, or killed and started again: what the system gives to
//! whoever asks for any would be another connection's or server's by then.
//!
//! Include it with `#[path = "…/tests/support/port.rs"] mod port;`.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

/// A free port of this machine that it gives to nobody by itself.
pub(crate) fn free_port() -> u16 {
    free_ports(1)
}

/// The first of `count` such ports in a row, which nobody else of this process gets.
pub(crate) fn free_ports(count: u16) -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Other processes look for ports at the same moment: each begins elsewhere.
    let begin = std::process::id().wrapping_mul(7_919);
    let place = || {
        let place = NEXT.fetch_add(count.into(), Ordering::Relaxed);
        u16::try_from(place.wrapping_add(begin) % PORTS).unwrap()
    };
    let is_free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    std::iter::repeat_with(place)
        .filter(|place| u32::from(place + count) <= PORTS)
        .map(|place| FIRST_PORT + place)
        .find(|first| (*first..first + count).all(is_free))
        .unwrap()
}

/// Ports that are given out to whoever asks for any begin at 32768.
const FIRST_PORT: u16 = 20_000;
const PORTS: u32 = 12_000;
