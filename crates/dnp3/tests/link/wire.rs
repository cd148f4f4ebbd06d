//! Bytes as they stand on the wire, right and wrong ones.

use gridos_dnp3::link::{LinkError, Reader, Recovery, crc};

/// The bytes written in hex, with spaces wherever they help.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// A frame with right checksums, whatever its header says.
pub(crate) fn frame_of_length(
    length: u8,
    control: u8,
    destination: u16,
    source: u16,
    payload: &[u8],
) -> Vec<u8> {
    let mut header = vec![0x05, 0x64, length, control];
    header.extend(destination.to_le_bytes());
    header.extend(source.to_le_bytes());
    let mut bytes = checked(&header);
    payload
        .chunks(16)
        .for_each(|block| bytes.extend(checked(block)));
    bytes
}

/// A frame with right length and checksums, whatever its header says.
pub(crate) fn frame(control: u8, destination: u16, source: u16, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(5 + payload.len()).unwrap();
    frame_of_length(length, control, destination, source, payload)
}

/// A frame read back: control octet, destination, source, user data.
pub(crate) type Seen = (u8, u16, u16, Vec<u8>);

/// Everything a reader makes of a stream that arrives in `pieces`, and the reader.
pub(crate) fn read<'a>(
    recovery: Recovery,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Result<Seen, LinkError>>, Reader) {
    let mut reader = Reader::new(recovery);
    let mut seen = Vec::new();
    for mut piece in pieces {
        while let Some(read) = reader.read(&mut piece) {
            seen.push(read.map(|frame| {
                (
                    frame.control.encode(),
                    frame.destination.raw(),
                    frame.source.raw(),
                    frame.payload.to_vec(),
                )
            }));
        }
        assert!(piece.is_empty());
        assert!(reader.held_bytes() < 292);
    }
    let counters = *reader.counters();
    let frames = seen.iter().filter(|read| read.is_ok()).count();
    assert_eq!(counters.frames, u64::try_from(frames).unwrap());
    let broken = seen.len() - frames;
    assert_eq!(counters.broken(), u64::try_from(broken).unwrap());
    (seen, reader)
}

fn checked(bytes: &[u8]) -> Vec<u8> {
    [bytes, &crc(bytes).to_le_bytes()].concat()
}
