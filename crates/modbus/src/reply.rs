//! The answer to a request that arrived.

use crate::mbap::{FRAME_BYTES_MAX, Frame, HEADER_BYTES};
use crate::{Addresses, Exception, Written};

/// Added to the function code of a request that is refused (V1.1b3, 4.1).
const REFUSED: u8 = 0x80;

/// A whole frame that answers another one; it repeats that one's transaction and unit.
///
/// Functions 5, 6, 15 and 16 are acknowledged by repeating what was asked, so a reply can only be
/// made of the very frame that it answers.
#[derive(Clone, Debug)]
pub struct Reply {
    bytes: [u8; FRAME_BYTES_MAX],
    length: usize,
}

impl Reply {
    /// What was asked is refused.
    pub fn exception(to: &Frame<'_>, exception: Exception) -> Self {
        let mut reply = Self::to(to);
        reply.push(to.function() | REFUSED);
        reply.push(exception.code());
        reply.finished()
    }

    /// What was written is taken (V1.1b3, 6.5, 6.6, 6.11, 6.12).
    pub fn acknowledgement(to: &Frame<'_>, written: &Written<'_>) -> Self {
        let mut reply = Self::to(to);
        reply.push(written.function());
        let single = matches!(written.function(), 5 | 6);
        let last = if single {
            to.pdu.get(3..5).and_then(|pair| pair.try_into().ok())
        } else {
            Some(written.addresses().count().to_be_bytes())
        };
        reply.extend(&written.addresses().start().to_be_bytes());
        reply.extend(&last.unwrap_or_default());
        reply.finished()
    }

    /// The values of `addresses` that are asked back (V1.1b3, 6.1 to 6.4, 6.17); a bit is 0 or 1.
    ///
    /// Values beyond what one frame can hold are left out, which no parsed request asks for.
    pub fn values(
        to: &Frame<'_>,
        addresses: Addresses,
        values: impl IntoIterator<Item = u16>,
    ) -> Self {
        let mut reply = Self::to(to);
        reply.push(to.function());
        let counted_at = reply.length;
        reply.push(0);
        for (at, value) in values
            .into_iter()
            .take(addresses.count().into())
            .enumerate()
        {
            if !addresses.table().is_bits() {
                reply.extend(&value.to_be_bytes());
            } else if at % 8 == 0 {
                reply.push(u8::from(value != 0));
            } else if let Some(byte) = reply.bytes.get_mut(reply.length - 1) {
                *byte |= u8::from(value != 0) << (at % 8);
            }
        }
        let bytes = reply.length - counted_at - 1;
        reply.bytes[counted_at] = u8::try_from(bytes).unwrap_or(u8::MAX);
        reply.finished()
    }

    /// The bytes to send.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    fn to(frame: &Frame<'_>) -> Self {
        let mut reply = Self {
            bytes: [0; FRAME_BYTES_MAX],
            length: HEADER_BYTES,
        };
        reply.bytes[..2].copy_from_slice(&frame.transaction.to_be_bytes());
        reply.bytes[HEADER_BYTES - 1] = frame.unit;
        reply
    }

    fn push(&mut self, byte: u8) {
        self.extend(&[byte]);
    }

    fn extend(&mut self, more: &[u8]) {
        if let Some(place) = self.bytes.get_mut(self.length..self.length + more.len()) {
            place.copy_from_slice(more);
            self.length += more.len();
        }
    }

    /// Writes the length of what follows the length field (3.1.3 of the guide).
    fn finished(mut self) -> Self {
        let length = u16::try_from(self.length - (HEADER_BYTES - 1)).unwrap_or(0);
        self.bytes[4..6].copy_from_slice(&length.to_be_bytes());
        self
    }
}
