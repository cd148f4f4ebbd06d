//! The link layer from outside: broken streams, stations in fake time.

#![cfg(test)]

mod chunks;
mod hostile;
mod resync;
mod station;
mod wire;
