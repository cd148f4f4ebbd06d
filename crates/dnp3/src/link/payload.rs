//! The user data of a frame, still in its blocks.

use std::fmt;

use super::frame::{BLOCK_BYTES, CHECKSUM_BYTES};

/// The user data of a frame as they lie in the bytes that arrived: in blocks of up to 16 bytes,
/// each followed by its checksum, which has been found right.
///
/// They are taken out by [`Payload::copy_to`] or block by block: whoever joins frames to fragments
/// copies them only once.
#[derive(Clone, Copy)]
pub struct Payload<'a> {
    /// The first block or what is left of it, without its checksum; or bytes that never had any.
    first: &'a [u8],
    /// The other blocks with their checksums.
    rest: &'a [u8],
}

impl<'a> Payload<'a> {
    /// The user data of a frame whose blocks, with their checksums, are `body`.
    #[inline]
    pub(super) fn of_body(body: &'a [u8]) -> Self {
        let (first, rest) = body
            .split_at_checked(BLOCK_BYTES + CHECKSUM_BYTES)
            .unwrap_or((body, &[]));
        Self {
            first: without_checksum(first),
            rest,
        }
    }

    /// How many bytes.
    #[inline]
    pub fn len(&self) -> usize {
        let checksums = self.rest.len().div_ceil(BLOCK_BYTES + CHECKSUM_BYTES);
        self.first.len() + self.rest.len() - CHECKSUM_BYTES * checksums
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.first.is_empty() && self.rest.is_empty()
    }

    /// The first byte, and the others.
    #[inline]
    pub fn split_first(&self) -> Option<(u8, Self)> {
        let (byte, first) = self.first.split_first()?;
        let rest = Self {
            first,
            rest: self.rest,
        };
        Some((*byte, rest))
    }

    /// Pieces of up to 16 bytes, in order.
    #[inline]
    pub fn blocks(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let rest = self.rest.chunks(BLOCK_BYTES + CHECKSUM_BYTES);
        std::iter::once(self.first).chain(rest.map(without_checksum))
    }

    /// The bytes, in order.
    pub fn bytes(&self) -> impl Iterator<Item = u8> + use<'a> {
        self.blocks().flatten().copied()
    }

    /// Copies all bytes to the beginning of `out` and returns how many; if `out` is shorter,
    /// nothing is copied.
    #[inline]
    pub fn copy_to(&self, out: &mut [u8]) -> Option<usize> {
        let length = self.len();
        let (first, mut out) = out
            .get_mut(..length)?
            .split_at_mut_checked(self.first.len())?;
        first.copy_from_slice(self.first);
        // Whole blocks are copied as such: a length known to the compiler is a move, not a call.
        let (blocks, last) = self.rest.as_chunks::<{ BLOCK_BYTES + CHECKSUM_BYTES }>();
        for block in blocks {
            let (to, behind) = out.split_first_chunk_mut::<BLOCK_BYTES>()?;
            to.copy_from_slice(block.first_chunk::<BLOCK_BYTES>()?);
            out = behind;
        }
        out.copy_from_slice(without_checksum(last));
        Some(length)
    }

    /// A copy of all bytes.
    pub fn to_vec(&self) -> Vec<u8> {
        self.blocks().collect::<Vec<_>>().concat()
    }
}

impl<'a> From<&'a [u8]> for Payload<'a> {
    /// Bytes that need no blocks.
    fn from(bytes: &'a [u8]) -> Self {
        Self {
            first: bytes,
            rest: &[],
        }
    }
}

/// The bytes are the same, however they lie in blocks.
impl PartialEq for Payload<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.bytes().eq(other.bytes())
    }
}

impl Eq for Payload<'_> {}

impl PartialEq<[u8]> for Payload<'_> {
    fn eq(&self, other: &[u8]) -> bool {
        *self == Payload::from(other)
    }
}

impl fmt::Debug for Payload<'_> {
    /// The bytes in hex.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (position, byte) in self.bytes().enumerate() {
            let gap = if position == 0 { "" } else { " " };
            write!(f, "{gap}{byte:02X}")?;
        }
        f.write_str("]")
    }
}

fn without_checksum(block: &[u8]) -> &[u8] {
    let length = block.len().saturating_sub(CHECKSUM_BYTES);
    block.get(..length).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `length` bytes in blocks, each with a checksum that nobody looks at.
    fn body(length: u8) -> (Vec<u8>, Vec<u8>) {
        let plain: Vec<u8> = (0..length).collect();
        let blocks = plain
            .chunks(16)
            .map(|block| [block, &[0xFF, 0xFF]].concat());
        let body = blocks.collect::<Vec<_>>().concat();
        (plain, body)
    }

    #[test]
    fn every_length_loses_its_checksums() {
        for length in 0..=250 {
            let (plain, body) = body(length);
            let payload = Payload::of_body(&body);
            assert_eq!(payload.len(), plain.len());
            assert_eq!(payload.is_empty(), length == 0);
            assert_eq!(payload.to_vec(), plain);
            assert_eq!(payload, Payload::from(&plain[..]));
            let mut out = [0xEE; 251];
            assert_eq!(payload.copy_to(&mut out), Some(plain.len()));
            assert_eq!(out[..plain.len()], plain);
            assert!(out[plain.len()..].iter().all(|byte| *byte == 0xEE));
            assert_eq!(payload.copy_to(&mut out[..plain.len()]), Some(plain.len()));
            if let Some(short) = plain.len().checked_sub(1) {
                assert_eq!(payload.copy_to(&mut out[..short]), None);
                let (byte, rest) = payload.split_first().unwrap();
                assert_eq!((byte, &*rest.to_vec()), (0, &plain[1..]));
                assert_eq!(rest.copy_to(&mut out), Some(short));
                assert_eq!(out[..short], plain[1..]);
            }
        }
    }

    #[test]
    fn bytes_are_shown_in_hex() {
        let payload = Payload::from(&[0xC0, 0x01][..]);
        assert_eq!(format!("{payload:?}"), "[C0 01]");
        assert_eq!(payload, [0xC0, 0x01][..]);
        assert!(payload != [0xC0][..] && payload != [0xC0, 0x02][..]);
    }
}
