//! The data link layer: frames, addresses, and the state of a pair of stations (IEEE 1815-2012,
//! clause 9).
//!
//! A [`Reader`] finds the [`Frame`]s in what a socket delivers; a [`Station`] takes those that are
//! for it, answers for the link layer and hands the user data to the [transport
//! function](crate::transport). Confirmed user data are accepted, never sent: over TCP they only
//! cost time.

mod address;
mod control;
mod counters;
mod crc;
mod fault;
mod frame;
mod keep_alive;
mod pair;
mod payload;
mod reader;
mod refusal;
mod scan;
mod station;

pub use address::{Address, AddressError};
pub use control::{Control, ControlError, Function, Primary, Secondary};
pub use counters::{ReaderCounters, StationCounters};
pub use crc::crc;
pub use fault::{Fault, LinkError};
pub(crate) use frame::encode_segment;
pub use frame::{
    EncodeError, FRAME_BYTES_MAX, Frame, HEADER_BYTES, PAYLOAD_BYTES_MAX, encode, frame_bytes,
};
pub use keep_alive::KeepAlive;
pub use pair::{Pair, Role};
pub use payload::Payload;
pub use reader::Reader;
pub use refusal::Refusal;
pub use scan::Recovery;
pub use station::{Received, Station, StationConfig, UserData, request_link_status};
