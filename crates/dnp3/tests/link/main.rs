//! The link layer from outside: broken streams, in any pieces.

#![cfg(test)]

mod chunks;
mod hostile;
mod resync;
mod wire;
