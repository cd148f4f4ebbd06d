//! The link layer from outside: frames of the field, broken streams, stations in fake time.

#![cfg(test)]

mod chunks;
mod golden;
mod hostile;
mod resync;
mod station;
mod wire;
