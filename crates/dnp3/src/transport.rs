//! The transport function: fragments in segments (IEEE 1815-2012, clause 8).
//!
//! A [`Reassembler`] joins what a [`Station`](crate::link::Station) delivers to fragments; a
//! [`Segmenter`] cuts a fragment and writes its frames.

mod counters;
mod error;
mod header;
mod limit;
mod reassembler;
mod segmenter;

pub use counters::TransportCounters;
pub use error::TransportError;
pub use header::Header;
pub use limit::{FragmentMax, FragmentMaxError};
pub use reassembler::Reassembler;
pub use segmenter::{SEGMENT_BYTES_MAX, Segmenter, Segments};
