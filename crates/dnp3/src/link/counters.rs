//! What the link layer has seen.

use super::Fault;

/// What a reader has made of its stream.
///
/// Every byte is accounted for: those that arrived are `frame_bytes`, `skipped_bytes`, or still
/// held back as a piece of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReaderCounters {
    /// Good frames.
    pub frames: u64,
    /// Bytes of good frames.
    pub frame_bytes: u64,
    /// Bytes outside of good frames: noise, and broken frames as far as they were passed over.
    pub skipped_bytes: u64,
    /// Start bytes whose header has a wrong checksum.
    pub header_crc_errors: u64,
    /// Frames with a wrong checksum in their user data.
    pub body_crc_errors: u64,
    /// Good headers with a length below 5.
    pub bad_length: u64,
    /// Good headers with a control octet that has no meaning.
    pub bad_control: u64,
    /// Good headers whose function does not agree with having user data or none.
    pub bad_payload: u64,
    /// Good headers whose source is not one station.
    pub bad_source: u64,
    /// Good frames of a secondary station with the reserved bit set. They count as frames.
    pub reserved_bits: u64,
}

impl ReaderCounters {
    /// Frames that were broken, whatever the reason.
    pub fn broken(&self) -> u64 {
        self.header_crc_errors
            + self.body_crc_errors
            + self.bad_length
            + self.bad_control
            + self.bad_payload
            + self.bad_source
    }

    pub(super) fn on_fault(&mut self, fault: &Fault) {
        let counter = match fault {
            Fault::HeaderCrc { .. } => &mut self.header_crc_errors,
            Fault::Length(_) => &mut self.bad_length,
            Fault::Control(_) => &mut self.bad_control,
            Fault::Missing { .. } | Fault::Unwanted { .. } => &mut self.bad_payload,
            Fault::Source(_) => &mut self.bad_source,
            Fault::BodyCrc { .. } => &mut self.body_crc_errors,
        };
        *counter += 1;
    }
}
