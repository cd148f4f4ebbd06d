//! What is read back from the engine's own disk.

use gridos_journal::frame::{self, ALIGN, HEADER_BYTES};
use gridos_journal::{Chunk, Position, Tail};

use super::bytes::Bytes;

const SEGMENT: u64 = 7;

/// Any bytes of a segment are whole frames up to the first that is none; a frame whose checksum
/// is right may still hold anything.
pub fn frames(bytes: &[u8]) {
    let _ = frame::check(bytes, Position::new(0), SEGMENT);
    let mut chunk = Chunk::default();
    chunk.load_bytes(bytes, Tail::default(), SEGMENT);
    read(&chunk);
    let sealed = sealed(bytes);
    chunk.load_bytes(&sealed, Tail::default(), SEGMENT);
    assert!(chunk.bytes() <= sealed.len());
    read(&chunk);
}

fn read(chunk: &Chunk) {
    for (position, record) in chunk.records() {
        assert!(position.get() < chunk.bytes() as u64);
        if let Ok(record) = record {
            assert!(!format!("{record:?}").is_empty());
        }
    }
}

/// A frame with a right checksum around what the bytes say.
fn sealed(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = Bytes::new(bytes);
    let (kind, readings) = (bytes.word(), u32::from_be_bytes(bytes.array()));
    let before = u64::from_be_bytes(bytes.array());
    let payload = bytes.rest();
    let length = u32::try_from(payload.len()).unwrap_or(0);
    let mut sealed = vec![0; HEADER_BYTES];
    sealed[0..4].copy_from_slice(&length.to_le_bytes());
    sealed[16..24].copy_from_slice(&SEGMENT.to_le_bytes());
    sealed[24..32].copy_from_slice(&before.to_le_bytes());
    sealed[32..36].copy_from_slice(&readings.to_le_bytes());
    sealed[36..38].copy_from_slice(&(kind % 9).to_le_bytes());
    sealed[38..40].copy_from_slice(&1_u16.to_le_bytes());
    sealed.extend(payload);
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&sealed[0..4]), &sealed[8..]);
    sealed[4..8].copy_from_slice(&checksum.to_le_bytes());
    sealed.resize(sealed.len().next_multiple_of(ALIGN), 0);
    sealed
}
