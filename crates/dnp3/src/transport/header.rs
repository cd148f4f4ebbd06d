//! The octet each segment begins with.

use std::fmt;

const FIN: u8 = 0x80;
const FIR: u8 = 0x40;
const SEQUENCE: u8 = 0x3F;

/// Where a segment stands in its fragment (IEEE 1815-2012, clause 8). Every octet is one.
///
/// FIN is the higher bit: in the control octet of the application layer it is the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// FIN: the last segment.
    pub fin: bool,
    /// FIR: the first segment.
    pub fir: bool,
    /// The number of the segment: 0 to 63. Higher bits are not sent.
    pub sequence: u8,
}

impl Header {
    /// Reads the octet.
    pub fn decode(octet: u8) -> Self {
        Self {
            fin: octet & FIN != 0,
            fir: octet & FIR != 0,
            sequence: octet & SEQUENCE,
        }
    }

    /// The octet.
    pub fn encode(self) -> u8 {
        let bit = |set: bool, bit: u8| if set { bit } else { 0 };
        bit(self.fin, FIN) | bit(self.fir, FIR) | self.sequence & SEQUENCE
    }
}

/// The number after `sequence`.
pub(super) fn next(sequence: u8) -> u8 {
    sequence.wrapping_add(1) & SEQUENCE
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fir = if self.fir { "FIR " } else { "" };
        let fin = if self.fin { "FIN " } else { "" };
        write!(f, "{fir}{fin}segment {}", self.sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_reads_back() {
        for octet in 0..=255 {
            assert_eq!(Header::decode(octet).encode(), octet);
        }
    }

    #[test]
    fn fin_is_the_higher_bit() {
        let header = Header::decode(0x80 | 5);
        assert_eq!((header.fin, header.fir, header.sequence), (true, false, 5));
        assert_eq!(header.to_string(), "FIN segment 5");
        assert_eq!(Header::decode(0xFF).to_string(), "FIR FIN segment 63");
    }

    #[test]
    fn numbers_wrap_at_64() {
        assert_eq!((next(0), next(62), next(63)), (1, 63, 0));
    }
}
