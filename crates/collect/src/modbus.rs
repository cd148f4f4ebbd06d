//! Modbus TCP: one session per connection, which polls the units behind it in turn.
//!
//! A connection that timed out, broke the protocol or failed is never used again: a late answer
//! could be taken for the next one. An exception is an answer and keeps the connection.

mod client;
mod device;
mod error;
mod poll;
mod schedule;
mod session;
mod tagged;
mod unit;

pub use device::{ModbusDevice, StartError, start};
pub use error::{ReadError, exception_name};
pub use schedule::{Lane, Next, Schedule, Turn};
