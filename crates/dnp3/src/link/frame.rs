//! Frames: a header of ten bytes and up to 250 bytes of user data in blocks.
//!
//! ```text
//!  0  05 64  start
//!  2  u8     length: control, addresses and user data, without checksums: 5 to 255
//!  3  u8     control
//!  4  u16    destination
//!  6  u16    source
//!  8  u16    checksum of bytes 0..8
//! 10  …      user data in blocks of 16 bytes, the last one of 1 to 16, a checksum after each
//! ```
//! All numbers are little-endian (IEEE 1815-2012, 9.2.4).

use super::crc::crc;
use super::{Address, Control, Function, Pair, Payload, Primary};

/// What a frame begins with.
pub(super) const START: [u8; 2] = [0x05, 0x64];
/// Bytes of the header with its checksum.
pub const HEADER_BYTES: usize = 10;
/// Bytes of a whole block without its checksum.
pub(super) const BLOCK_BYTES: usize = 16;
/// Bytes of a checksum.
pub(super) const CHECKSUM_BYTES: usize = 2;
/// What the length counts besides user data: control and two addresses.
pub(super) const LENGTH_MIN: u8 = 5;
/// The most user data a frame can carry.
pub const PAYLOAD_BYTES_MAX: usize = u8::MAX as usize - LENGTH_MIN as usize;
/// The largest frame: 292 bytes.
pub const FRAME_BYTES_MAX: usize = frame_bytes(PAYLOAD_BYTES_MAX);

const _: () = assert!(FRAME_BYTES_MAX == 292);

/// One frame, borrowed from the bytes it arrived in. Its checksums are right, its control octet
/// has a meaning, its source is individual, and it has user data if and only if its function
/// carries some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Direction and function.
    pub control: Control,
    /// To whom: any address, the reserved ones included.
    pub destination: Address,
    /// From whom: an individual address.
    pub source: Address,
    /// The user data: 0 to 250 bytes.
    pub payload: Payload<'a>,
}

/// What the caller wants to send is no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// There is more user data than [`PAYLOAD_BYTES_MAX`].
    #[error("{0} bytes of user data are more than a frame can carry; at most 250 can")]
    Long(usize),
    /// The function carries user data and there is none.
    #[error("{0} needs user data")]
    Missing(Function),
    /// The function carries no user data and there is some.
    #[error("{0} cannot carry user data")]
    Unwanted(Function),
    /// The source is not individual.
    #[error("{0} cannot be the source of a frame")]
    Source(Address),
}

/// Bytes of the frame that carries `payload` bytes of user data.
pub const fn frame_bytes(payload: usize) -> usize {
    HEADER_BYTES + payload + CHECKSUM_BYTES * payload.div_ceil(BLOCK_BYTES)
}

/// Appends a frame to `out`.
///
/// # Errors
/// If it would be none; then nothing is appended.
pub fn encode(
    control: Control,
    destination: Address,
    source: Address,
    payload: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let length = u8::try_from(payload.len())
        .ok()
        .and_then(|bytes| bytes.checked_add(LENGTH_MIN))
        .ok_or(EncodeError::Long(payload.len()))?;
    match (control.has_user_data(), payload.is_empty()) {
        (true, true) => return Err(EncodeError::Missing(control.function)),
        (false, false) => return Err(EncodeError::Unwanted(control.function)),
        (true, false) | (false, true) => {}
    }
    if !source.is_individual() {
        return Err(EncodeError::Source(source));
    }
    out.reserve(frame_bytes(payload.len()));
    push_header(length, control, destination, source, out);
    payload
        .chunks(BLOCK_BYTES)
        .for_each(|block| push_block(block, out));
    Ok(())
}

/// Appends a frame without user data from the local station of `pair`, whose function must not
/// carry any.
pub(super) fn encode_bare(pair: &Pair, function: Function, out: &mut Vec<u8>) {
    let control = Control {
        from_master: pair.from_master(),
        function,
    };
    debug_assert!(!control.has_user_data(), "{function} needs user data");
    push_header(LENGTH_MIN, control, pair.remote(), pair.local(), out);
}

/// Appends a frame of unconfirmed user data from the local station of `pair`: `first`, and `rest`,
/// of which at most 249 bytes are taken.
pub(crate) fn encode_segment(pair: &Pair, first: u8, rest: &[u8], out: &mut Vec<u8>) {
    let rest = rest.get(..PAYLOAD_BYTES_MAX - 1).unwrap_or(rest);
    let length = u8::try_from(rest.len()).map_or(u8::MAX, |bytes| bytes + LENGTH_MIN + 1);
    let function = Function::Primary {
        function: Primary::UnconfirmedUserData,
        fcb: false,
    };
    let control = Control {
        from_master: pair.from_master(),
        function,
    };
    out.reserve(frame_bytes(1 + rest.len()));
    push_header(length, control, pair.remote(), pair.local(), out);
    let (head, rest) = rest
        .split_at_checked(BLOCK_BYTES - 1)
        .unwrap_or((rest, &[]));
    let mut block = [0; BLOCK_BYTES];
    block[0] = first;
    block[1..=head.len()].copy_from_slice(head);
    push_block(&block[..=head.len()], out);
    rest.chunks(BLOCK_BYTES)
        .for_each(|block| push_block(block, out));
}

fn push_header(
    length: u8,
    control: Control,
    destination: Address,
    source: Address,
    out: &mut Vec<u8>,
) {
    let [destination_low, destination_high] = destination.raw().to_le_bytes();
    let [source_low, source_high] = source.raw().to_le_bytes();
    let header = [
        START[0],
        START[1],
        length,
        control.encode(),
        destination_low,
        destination_high,
        source_low,
        source_high,
    ];
    push_block(&header, out);
}

fn push_block(block: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(block);
    out.extend_from_slice(&crc(block).to_le_bytes());
}
