//! The data link layer: frames, addresses, and the state of a pair of stations (IEEE 1815-2012,
//! clause 9).
//!
//! A [`Reader`] finds the [`Frame`]s in what a socket delivers.

mod address;
mod control;
mod counters;
mod crc;
mod fault;
mod frame;
mod payload;
mod reader;
mod scan;

pub use address::{Address, AddressError};
pub use control::{Control, ControlError, Function, Primary, Secondary};
pub use counters::ReaderCounters;
pub use crc::crc;
pub use fault::{Fault, LinkError};
pub use frame::{
    EncodeError, FRAME_BYTES_MAX, Frame, HEADER_BYTES, PAYLOAD_BYTES_MAX, encode, frame_bytes,
};
pub use payload::Payload;
pub use reader::Reader;
pub use scan::Recovery;
