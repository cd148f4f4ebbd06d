//! Simulated devices, as many as asked, for tests, benchmarks and demonstrations.
//!
//! This crate must not know the engine: it depends on no other crate of the workspace but
//! `gridos-dnp3`, so a mistake in how the engine reads Modbus is not made here a second time.
//! [`modbus`] serves devices over Modbus TCP, [`dnp3`] outstations over DNP3; [`substation`] and
//! [`sunspec`] make up what they measure.

pub mod dnp3;
pub mod modbus;
mod noise;
pub mod substation;
pub mod sunspec;
