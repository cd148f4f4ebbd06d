//! InfluxDB line protocol: lines of bytes to measurements, tags and fields.
//!
//! This crate must not know points, devices, units of time and HTTP.

mod lines;
mod number;
#[cfg(test)]
mod tests;

pub use lines::{FieldValue, Line, LineError, Lines};
