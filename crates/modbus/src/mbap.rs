//! Frames as they arrive: the MBAP header and one PDU.
//!
//! Clauses of this file are those of the *MODBUS Messaging on TCP/IP Implementation Guide V1.0b*.

/// Bytes of the header: transaction, protocol, length and unit (3.1.3).
pub(crate) const HEADER_BYTES: usize = 7;
/// The largest frame: the header and a PDU of 253 bytes (3.1.2).
pub const FRAME_BYTES_MAX: usize = 260;

/// What the length field may say: a unit and a PDU of 1 to 253 bytes.
const LENGTHS: std::ops::RangeInclusive<u16> = 2..=254;

/// One whole frame, borrowed from the bytes it arrived in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The number of the request, which the answer repeats.
    pub transaction: u16,
    /// Whom it is for or from, behind the address.
    pub unit: u8,
    /// The function code and its data: 1 to 253 bytes.
    pub pdu: &'a [u8],
}

/// The bytes are no Modbus; where the next frame would begin cannot be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The protocol field is not 0.
    #[error("the protocol identifier is {0:#06x}, not 0: this is no Modbus TCP")]
    Protocol(u16),
    /// The length field says less than 2 or more than 254.
    #[error("the length field is {0}; allowed are 2 to 254")]
    Length(u16),
}

impl<'a> Frame<'a> {
    /// The frame at the start of `bytes` and how many bytes it takes; `None` if its end has not
    /// arrived yet.
    ///
    /// What cannot become a frame is refused at its first wrong byte, so nobody is waited for who
    /// only claims that more will come.
    ///
    /// # Errors
    /// If the header is none; the connection must be given up.
    pub fn parse(bytes: &'a [u8]) -> Result<Option<(Self, usize)>, FrameError> {
        let at = |position: usize| bytes.get(position).copied();
        let word = |position| Some(u16::from_be_bytes([at(position)?, at(position + 1)?]));
        if let Some(high) = at(2) {
            let protocol = u16::from_be_bytes([high, at(3).unwrap_or(0)]);
            if protocol != 0 {
                return Err(FrameError::Protocol(protocol));
            }
        }
        // A high byte above 0 is 256 or more, whatever follows.
        if let Some(high) = at(4).filter(|high| *high > 0) {
            let low = at(5).unwrap_or(0);
            return Err(FrameError::Length(u16::from_be_bytes([high, low])));
        }
        let (Some(transaction), Some(length)) = (word(0), word(4)) else {
            return Ok(None);
        };
        if !LENGTHS.contains(&length) {
            return Err(FrameError::Length(length));
        }
        let end = HEADER_BYTES - 1 + usize::from(length);
        let (Some(unit), Some(pdu)) = (at(6), bytes.get(HEADER_BYTES..end)) else {
            return Ok(None);
        };
        let frame = Self {
            transaction,
            unit,
            pdu,
        };
        Ok(Some((frame, end)))
    }

    /// The function code.
    pub fn function(&self) -> u8 {
        self.pdu.first().copied().unwrap_or(0)
    }
}
