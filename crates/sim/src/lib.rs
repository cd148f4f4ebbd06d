//! Simulated devices, as many as asked, for tests, benchmarks and demonstrations.
//!
//! This crate must not know the engine: it depends on no other crate of the workspace, so a
//! mistake in how the engine reads a protocol is not made here a second time. [`modbus`] serves
//! devices over Modbus TCP, [`substation`] and [`sunspec`] make up what they measure.

pub mod modbus;
mod noise;
pub mod substation;
pub mod sunspec;
