//! What stands at the beginning of some bytes: a frame, a piece of one, or neither.

use super::crc::{crc, crc_of};
use super::fault::Fault;
use super::frame::{BLOCK_BYTES, CHECKSUM_BYTES, HEADER_BYTES, LENGTH_MIN, START, frame_bytes};
use super::{Address, Control};

/// How to go on behind bytes that began like a frame and are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// For TCP, where no byte is lost: a good header vouches for the length, so the whole frame is
    /// passed over. Bytes inside a broken frame are never taken for another one.
    Stream,
    /// For a serial line, where bytes are lost: the next frame may begin at the very next byte.
    Serial,
}

/// What a good header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) control: Control,
    pub(super) destination: Address,
    pub(super) source: Address,
    /// Whether bit 5 of a secondary frame is set, which should not be.
    pub(super) reserved_bit: bool,
}

/// What stands at the beginning of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// No frame begins in the first `bytes`.
    Nothing { bytes: usize },
    /// A frame may begin here; `bytes` from here on must be there to tell.
    Piece { bytes: usize },
    /// A broken frame begins here; the search goes on `bytes` later.
    Broken { fault: Fault, bytes: usize },
    /// A good frame of `bytes` begins here.
    Frame { header: Header, bytes: usize },
}

/// What stands at the beginning of `bytes`. The answer does not change when more bytes arrive,
/// unless it was [`Found::Piece`].
#[inline]
pub(super) fn scan(bytes: &[u8], recovery: Recovery) -> Found {
    let before = before_start(bytes);
    if before > 0 {
        return Found::Nothing { bytes: before };
    }
    let Some(header) = bytes.first_chunk::<HEADER_BYTES>() else {
        // Half a start is looked at again as soon as the other half could be there.
        let start = START.len();
        let bytes = if bytes.len() < start {
            start
        } else {
            HEADER_BYTES
        };
        return Found::Piece { bytes };
    };
    let [_, _, length, .., crc_low, crc_high] = *header;
    let found = u16::from_le_bytes([crc_low, crc_high]);
    let computed = header.first_chunk::<8>().map_or(!found, crc_of);
    if found != computed {
        // The length is not to be believed: the next frame may begin at the next byte.
        let fault = Fault::HeaderCrc { found, computed };
        return Found::Broken { fault, bytes: 1 };
    }
    let payload = length.saturating_sub(LENGTH_MIN);
    let whole = frame_bytes(usize::from(payload));
    let broken = |fault| {
        let passed = match recovery {
            Recovery::Stream => whole,
            Recovery::Serial => 1,
        };
        if bytes.len() < passed {
            Found::Piece { bytes: passed }
        } else {
            Found::Broken {
                fault,
                bytes: passed,
            }
        }
    };
    let parsed = match parse(header) {
        Ok(parsed) => parsed,
        Err(fault) => return broken(fault),
    };
    let Some(body) = bytes.get(HEADER_BYTES..whole) else {
        return Found::Piece { bytes: whole };
    };
    match check_blocks(body) {
        Ok(()) => Found::Frame {
            header: parsed,
            bytes: whole,
        },
        Err(fault) => broken(fault),
    }
}

/// How many bytes to pass over before a frame may begin: at the start bytes, or at the first of
/// them if it is the last byte.
#[inline]
fn before_start(bytes: &[u8]) -> usize {
    if bytes.starts_with(&START) {
        return 0;
    }
    let mut passed = 0;
    while let Some(rest) = bytes.get(passed..) {
        let Some(position) = rest.iter().position(|byte| *byte == START[0]) else {
            return bytes.len();
        };
        passed += position;
        match bytes.get(passed + 1) {
            Some(next) if *next != START[1] => passed += 1,
            Some(_) | None => return passed,
        }
    }
    bytes.len()
}

/// Reads a header whose checksum is right.
#[inline]
fn parse(header: &[u8; HEADER_BYTES]) -> Result<Header, Fault> {
    let [_, _, length, octet, d0, d1, s0, s1, ..] = *header;
    let Some(bytes) = length.checked_sub(LENGTH_MIN) else {
        return Err(Fault::Length(length));
    };
    let control = Control::decode(octet)?;
    match (control.has_user_data(), bytes > 0) {
        (true, false) => return Err(Fault::Missing { control: octet }),
        (false, true) => {
            let control = octet;
            return Err(Fault::Unwanted { control, bytes });
        }
        (true, true) | (false, false) => {}
    }
    let source = Address::from_raw(u16::from_le_bytes([s0, s1]));
    if !source.is_individual() {
        return Err(Fault::Source(source));
    }
    Ok(Header {
        control,
        destination: Address::from_raw(u16::from_le_bytes([d0, d1])),
        source,
        reserved_bit: Control::sets_reserved_bit(octet),
    })
}

/// Checks the blocks after a header.
#[inline]
fn check_blocks(body: &[u8]) -> Result<(), Fault> {
    let (blocks, last) = body.as_chunks::<{ BLOCK_BYTES + CHECKSUM_BYTES }>();
    for (position, block) in blocks.iter().enumerate() {
        let [data @ .., low, high] = block;
        check(position, crc_of::<BLOCK_BYTES>(data), [*low, *high])?;
    }
    match last {
        [data @ .., low, high] => check(blocks.len(), crc(data), [*low, *high]),
        _ => Ok(()),
    }
}

#[inline]
fn check(position: usize, computed: u16, found: [u8; 2]) -> Result<(), Fault> {
    let found = u16::from_le_bytes(found);
    if found == computed {
        return Ok(());
    }
    Err(Fault::BodyCrc {
        // A frame has at most 16 blocks.
        block: u8::try_from(position).unwrap_or(u8::MAX),
        found,
        computed,
    })
}
