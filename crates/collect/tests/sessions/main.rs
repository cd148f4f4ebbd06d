//! Sessions against simulated devices over real sockets.

#![cfg(test)]

mod answers;
mod devices;
mod faults;
mod floods;
#[path = "../lines/mod.rs"]
mod lines;
#[path = "../rig/mod.rs"]
mod rig;
mod values;
