//! Frames: a header that says what follows, and a checksum over both.
//!
//! ```text
//!  0  u32  payload length in bytes, 1 to 16 MiB, without padding
//!  4  u32  CRC-32C (Castagnoli, RFC 3720 B.4) of bytes 0..4, 8..48 and the payload
//!  8  u64  position of this frame in the stream
//! 16  u64  id of the segment, so that a stale frame of an older file is not mistaken for this
//! 24  u64  readings in all frames before this one
//! 32  u32  readings in this frame
//! 36  u16  kind of the record
//! 38  u16  format version, 1
//! 40  u64  stream, so that a frame tells where it belongs if its segment's header is lost; 0 if it
//!          was not told: earlier engines wrote 0
//! 48  …    payload, padded with zeros to a multiple of 16
//! ```
//! All numbers are little-endian.

use crate::Position;

/// Bytes of a frame's header.
pub const HEADER_BYTES: usize = 48;
/// The longest payload: what a reader must be ready to hold.
pub const PAYLOAD_BYTES_MAX: usize = 16 << 20;
/// Frames begin at multiples of this, as rkyv's alignment asks.
pub const ALIGN: usize = 16;

const VERSION: u16 = 1;

/// What a frame's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Payload length in bytes, without padding.
    pub length: u32,
    /// Position of the frame.
    pub position: Position,
    /// Id of the segment the frame was written to.
    pub segment: u64,
    /// Readings in all frames before.
    pub readings_before: u64,
    /// Readings in this frame.
    pub readings: u32,
    /// Kind of the record.
    pub kind: u16,
    /// Number of the stream, or 0 if it was not told.
    pub stream: u64,
}

impl Header {
    /// Bytes of the whole frame with padding.
    pub fn frame_bytes(&self) -> usize {
        padded(HEADER_BYTES + self.length as usize)
    }
}

/// Why bytes are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// There are fewer bytes than the header or the length asks for.
    #[error("the frame is cut off")]
    Short,
    /// The length is 0 or more than [`PAYLOAD_BYTES_MAX`].
    #[error("the frame claims {length} bytes")]
    Length {
        /// What it claims.
        length: u32,
    },
    /// The frame belongs to another place or segment.
    #[error("the frame is of another place")]
    Misplaced,
    /// The frame is of a version this engine does not know.
    #[error("the frame has version {version}")]
    Version {
        /// The version.
        version: u16,
    },
    /// The checksum does not match.
    #[error("the frame's checksum does not match")]
    Checksum,
}

/// `bytes` rounded up to the next place where a frame may begin.
pub fn padded(bytes: usize) -> usize {
    bytes.next_multiple_of(ALIGN)
}

/// Fills in the header of the frame that is the end of `buffer`, beginning at `start`: the
/// payload must stand at `start + HEADER_BYTES` already. Returns the header.
pub(crate) fn seal(buffer: &mut [u8], start: usize, mut header: Header) -> Header {
    let frame = &mut buffer[start..];
    header.length = u32::try_from(frame.len() - HEADER_BYTES).unwrap_or(u32::MAX);
    frame[0..4].copy_from_slice(&header.length.to_le_bytes());
    frame[8..16].copy_from_slice(&header.position.get().to_le_bytes());
    frame[16..24].copy_from_slice(&header.segment.to_le_bytes());
    frame[24..32].copy_from_slice(&header.readings_before.to_le_bytes());
    frame[32..36].copy_from_slice(&header.readings.to_le_bytes());
    frame[36..38].copy_from_slice(&header.kind.to_le_bytes());
    frame[38..40].copy_from_slice(&VERSION.to_le_bytes());
    frame[40..48].copy_from_slice(&header.stream.to_le_bytes());
    sign(frame);
    header
}

/// Makes the whole frames in `buffer` frames of `segment`; everything else stays as it is.
pub(crate) fn reseal(buffer: &mut [u8], segment: u64) {
    let mut rest = buffer;
    while let Ok(header) = peek(rest) {
        let length = HEADER_BYTES + header.length as usize;
        let (Some(frame), padded) = (rest.get_mut(..length), header.frame_bytes()) else {
            return;
        };
        frame[16..24].copy_from_slice(&segment.to_le_bytes());
        sign(frame);
        rest = rest.get_mut(padded..).unwrap_or_default();
    }
}

fn sign(frame: &mut [u8]) {
    let checksum = checksum(frame);
    frame[4..8].copy_from_slice(&checksum.to_le_bytes());
}

/// Reads and checks the frame at the beginning of `bytes`, which must stand at `position` of
/// segment `segment`. Nothing the frame says is believed before its checksum is right, except the
/// length, which is bounded.
pub fn check(bytes: &[u8], position: Position, segment: u64) -> Result<Header, FrameError> {
    let header = peek(bytes)?;
    if header.position != position || header.segment != segment {
        return Err(FrameError::Misplaced);
    }
    let frame = bytes
        .get(..HEADER_BYTES + header.length as usize)
        .ok_or(FrameError::Short)?;
    if u32::from_le_bytes(array(frame, 4)) != checksum(frame) {
        return Err(FrameError::Checksum);
    }
    let version = u16::from_le_bytes(array(frame, 38));
    if version != VERSION {
        return Err(FrameError::Version { version });
    }
    if bytes.len() < header.frame_bytes() {
        return Err(FrameError::Short);
    }
    Ok(header)
}

/// Reads a header without checking more than its length.
pub(crate) fn peek(bytes: &[u8]) -> Result<Header, FrameError> {
    let bytes = bytes.get(..HEADER_BYTES).ok_or(FrameError::Short)?;
    let length = u32::from_le_bytes(array(bytes, 0));
    if length == 0 || length as usize > PAYLOAD_BYTES_MAX {
        return Err(FrameError::Length { length });
    }
    Ok(Header {
        length,
        position: Position::new(u64::from_le_bytes(array(bytes, 8))),
        segment: u64::from_le_bytes(array(bytes, 16)),
        readings_before: u64::from_le_bytes(array(bytes, 24)),
        readings: u32::from_le_bytes(array(bytes, 32)),
        kind: u16::from_le_bytes(array(bytes, 36)),
        stream: u64::from_le_bytes(array(bytes, 40)),
    })
}

fn checksum(frame: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&frame[0..4]), &frame[8..])
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[at..at + N]);
    array
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> Vec<u8> {
        let mut buffer = vec![7; HEADER_BYTES + 21];
        let header = Header {
            length: 0,
            position: Position::new(160),
            segment: 9,
            readings_before: 1_000,
            readings: 125,
            kind: 1,
            stream: 3,
        };
        seal(&mut buffer, 0, header);
        buffer.resize(padded(buffer.len()), 0);
        buffer
    }

    #[test]
    fn a_frame_reads_back() {
        let header = check(&frame(), Position::new(160), 9).unwrap();
        assert_eq!(
            (header.length, header.readings_before, header.readings),
            (21, 1_000, 125)
        );
        assert_eq!(header.frame_bytes(), 80);
    }

    #[test]
    fn a_frame_cut_at_any_byte_is_short() {
        let frame = frame();
        for cut in 0..frame.len() {
            assert_eq!(
                check(&frame[..cut], Position::new(160), 9),
                Err(FrameError::Short),
                "{cut}"
            );
        }
    }

    #[test]
    fn any_flipped_bit_is_noticed() {
        let good = frame();
        for byte in 0..HEADER_BYTES + 21 {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[byte] ^= 1 << bit;
                assert!(
                    check(&bad, Position::new(160), 9).is_err(),
                    "byte {byte} bit {bit}"
                );
            }
        }
    }

    #[test]
    fn frames_sealed_anew_differ_in_their_segment_only() {
        let mut two = [frame(), frame()].concat();
        let before = peek(&two).unwrap();
        reseal(&mut two, 77);
        let segment = 77;
        for frame in two.chunks(80) {
            let header = check(frame, Position::new(160), 77).unwrap();
            assert_eq!(header, Header { segment, ..before });
        }
        reseal(&mut two, 9);
        assert_eq!(two, [frame(), frame()].concat());
    }

    #[test]
    fn a_frame_of_another_place_is_misplaced() {
        assert_eq!(
            check(&frame(), Position::new(176), 9),
            Err(FrameError::Misplaced)
        );
        assert_eq!(
            check(&frame(), Position::new(160), 8),
            Err(FrameError::Misplaced)
        );
    }
}
