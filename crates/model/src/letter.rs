//! A dead letter: the end of a message that could not be read, kept as it came.

use crate::{DeviceId, Timestamp};

/// What a device sent and could not be read, behind the part that could.
///
/// The device forgets it once the message is confirmed, so it is kept for people to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    device: DeviceId,
    received: Timestamp,
    reason: Box<str>,
    octets: Box<[u8]>,
    length: u32,
}

/// The longest reason of a [`DeadLetter`], in bytes; what is longer is cut.
pub const LETTER_REASON_BYTES_MAX: usize = 200;

/// The most octets of a [`DeadLetter`]: the longest message of most devices. What is longer is cut.
pub const LETTER_OCTETS_MAX: usize = 2_048;

impl DeadLetter {
    /// What `device` sent and was `received` then, and why it cannot be read.
    pub fn new(device: DeviceId, received: Timestamp, reason: &str, octets: &[u8]) -> Self {
        let reason = &reason[..reason.floor_char_boundary(LETTER_REASON_BYTES_MAX)];
        let kept = octets.get(..LETTER_OCTETS_MAX).unwrap_or(octets);
        Self {
            device,
            received,
            reason: reason.into(),
            octets: kept.into(),
            length: u32::try_from(octets.len()).unwrap_or(u32::MAX),
        }
    }

    /// One that was kept, of which `length` octets had come; `None` if no letter is like that.
    pub fn kept(
        device: DeviceId,
        received: Timestamp,
        reason: &str,
        octets: &[u8],
        length: u32,
    ) -> Option<Self> {
        let letter = Self::new(device, received, reason, octets);
        let is_cut = length as usize > LETTER_OCTETS_MAX;
        let kept = if is_cut {
            LETTER_OCTETS_MAX
        } else {
            length as usize
        };
        let is_one = *letter.reason == *reason && octets.len() == kept;
        is_one.then_some(Self { length, ..letter })
    }

    /// Who sent it.
    pub fn device(&self) -> DeviceId {
        self.device
    }

    /// When its last byte was read.
    pub fn received(&self) -> Timestamp {
        self.received
    }

    /// Why it cannot be read, for people; at most [`LETTER_REASON_BYTES_MAX`] bytes.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The octets, at most [`LETTER_OCTETS_MAX`] of them.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// How many octets came.
    pub fn length(&self) -> u32 {
        self.length
    }

    /// Whether more octets came than are kept.
    pub fn is_cut(&self) -> bool {
        self.length as usize > self.octets.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(reason: &str, octets: &[u8]) -> DeadLetter {
        DeadLetter::new(DeviceId::of("rtu"), Timestamp::EPOCH, reason, octets)
    }

    #[test]
    fn what_is_too_long_is_cut_and_says_so() {
        let whole = letter("why", &[7; LETTER_OCTETS_MAX]);
        assert_eq!((whole.octets().len(), whole.length()), (2_048, 2_048));
        assert!(!whole.is_cut());
        // The 200th byte is the first of two.
        let reason = format!("{}ä", "x".repeat(LETTER_REASON_BYTES_MAX - 1));
        let cut = letter(&reason, &[7; LETTER_OCTETS_MAX + 1]);
        assert_eq!(cut.reason(), "x".repeat(199));
        assert_eq!((cut.octets().len(), cut.length()), (2_048, 2_049));
        assert!(cut.is_cut());
    }

    #[test]
    fn only_what_can_be_one_is_taken_for_one() {
        let again = |reason: &str, octets: &[u8], length| {
            DeadLetter::kept(
                DeviceId::of("rtu"),
                Timestamp::EPOCH,
                reason,
                octets,
                length,
            )
        };
        for octets in [&[][..], &[1, 2, 3], &[7; 2_048], &[7; 5_000]] {
            let first = letter("why", octets);
            let second = again(first.reason(), first.octets(), first.length());
            assert_eq!(second, Some(first));
        }
        assert_eq!(again(&"x".repeat(201), &[1], 1), None);
        assert_eq!(again("why", &[7; 2_049], 2_049), None);
        for length in [0, 1, 3, 2_048, 2_049, u32::MAX] {
            assert_eq!(again("why", &[1, 2], length), None, "{length}");
        }
        for length in [0, 2_047] {
            assert_eq!(again("why", &[7; 2_048], length), None, "{length}");
        }
    }
}
