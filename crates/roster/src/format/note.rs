//! What is noted of a channel for whoever takes it next.
//!
//! ```text
//!  0  [u8; 8]  "GRIDOSN1"
//!  8  u64      the epoch under which the writer had the channel
//! 16  u64      the writer's instance, by which it knows its own after a restart
//! 24  u8 …     what is said: nothing to this crate
//! ```
//! All numbers are little-endian.

use bytes::{BufMut as _, Bytes, BytesMut};
use gridos_fleet::Epoch;

use crate::FormatError;

const MAGIC: &[u8; 8] = b"GRIDOSN1";

/// What one member noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Noted {
    pub(crate) epoch: Epoch,
    pub(crate) by: u64,
    pub(crate) said: Bytes,
}

pub(crate) fn write(noted: &Noted) -> Bytes {
    let mut bytes = BytesMut::with_capacity(24 + noted.said.len());
    bytes.put_slice(MAGIC);
    bytes.put_u64_le(noted.epoch.raw());
    bytes.put_u64_le(noted.by);
    bytes.put_slice(&noted.said);
    bytes.freeze()
}

pub(crate) fn read(key: &str, bytes: &Bytes) -> Result<Noted, FormatError> {
    let words = bytes
        .strip_prefix(MAGIC)
        .map(|body| body.as_chunks::<8>().0);
    let Some([epoch, by, ..]) = words else {
        return Err(FormatError::new(key, "it does not begin as a note"));
    };
    Ok(Noted {
        epoch: Epoch::from_raw(u64::from_le_bytes(*epoch)),
        by: u64::from_le_bytes(*by),
        said: bytes.slice(24..),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_reads_back() {
        for said in ["", "a", "what is known"] {
            let noted = Noted {
                epoch: Epoch::from_raw(u64::MAX),
                by: 7,
                said: said.into(),
            };
            let bytes = write(&noted);
            assert_eq!(read("note.1", &bytes), Ok(noted));
            for cut in 0..24 {
                assert!(read("note.1", &bytes.slice(..cut)).is_err(), "{cut}");
            }
        }
    }
}
