//! Sessions against simulated devices over real sockets.

#![cfg(test)]

mod answers;
mod devices;
mod faults;
mod floods;
#[path = "../rig/mod.rs"]
mod rig;
mod values;
