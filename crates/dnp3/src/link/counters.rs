//! What the link layer has seen.

use super::{Fault, Refusal};

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

/// What a station has made of the frames it was given.
///
/// Every frame is accounted for: `frames` is the sum of `delivered`, `repeated`, `requests`,
/// `replies` and [`StationCounters::refused`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StationCounters {
    /// Frames that were handled.
    pub frames: u64,
    /// Frames whose user data were handed on.
    pub delivered: u64,
    /// Frames of confirmed user data that had been handed on before.
    pub repeated: u64,
    /// Requests of the link layer itself: reset, test and status.
    pub requests: u64,
    /// Frames of a secondary station.
    pub replies: u64,
    /// Replies that say the request for a status is not supported. They count as replies.
    pub not_supported: u64,
    /// Confirmed frames that were accepted though the link states had not been reset.
    pub unreset: u64,
    /// Keep-alives sent.
    pub keep_alives: u64,
    /// Keep-alives that nothing answered in time.
    pub keep_alives_failed: u64,
    /// Frames refused as [`Refusal::WrongDirection`].
    pub wrong_direction: u64,
    /// Frames refused as [`Refusal::Broadcast`].
    pub broadcast: u64,
    /// Frames refused as [`Refusal::SelfAddress`].
    pub self_address: u64,
    /// Frames refused as [`Refusal::UnknownDestination`].
    pub unknown_destination: u64,
    /// Frames refused as [`Refusal::UnknownSource`].
    pub unknown_source: u64,
    /// Frames refused as [`Refusal::NotReset`].
    pub not_reset: u64,
}

impl StationCounters {
    /// Frames refused, whatever the reason.
    pub fn refused(&self) -> u64 {
        self.wrong_direction
            + self.broadcast
            + self.self_address
            + self.unknown_destination
            + self.unknown_source
            + self.not_reset
    }

    /// Counts a frame that no station takes, for a connection that carries several of them.
    pub fn on_refused(&mut self, refusal: Refusal) {
        let counter = match refusal {
            Refusal::WrongDirection => &mut self.wrong_direction,
            Refusal::Broadcast => &mut self.broadcast,
            Refusal::SelfAddress => &mut self.self_address,
            Refusal::UnknownDestination => &mut self.unknown_destination,
            Refusal::UnknownSource => &mut self.unknown_source,
            Refusal::NotReset => &mut self.not_reset,
        };
        *counter += 1;
        self.frames += 1;
    }
}
