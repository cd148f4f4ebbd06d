//! The packets of a capture file.

use super::{classic, next_generation};

/// One packet of a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Its number in the file, from 1 on, as other tools count.
    pub number: u64,
    /// When it was captured: nanoseconds since 1970 UTC, if the file says.
    pub time: Option<u64>,
    /// What its octets begin with: a LINKTYPE number.
    pub link: u32,
    /// What was captured of it.
    pub octets: &'a [u8],
}

/// A file that is no capture, or none that is read here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// It begins like no capture.
    #[error("it begins with {0:02x?}, which is neither pcap nor pcapng")]
    Unknown(Vec<u8>),
    /// It is compressed.
    #[error("it is compressed; unpack it first, for example with gunzip or unzstd")]
    Compressed,
    /// It ends within its first header.
    #[error("it ends within its first header; was it copied whole?")]
    Cut,
}

/// The packets of a capture, in the order of the file, up to its end or to where it is cut off.
///
/// # Errors
/// If the file is none that is read here.
pub fn packets(file: &[u8]) -> Result<Vec<Packet<'_>>, FileError> {
    match file {
        [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] => Err(FileError::Compressed),
        [0x0a, 0x0d, 0x0d, 0x0a, ..] => Ok(next_generation::packets(file)),
        _ => classic::packets(file),
    }
}

/// Whether a file begins like a capture, even if it cannot be read here.
pub fn is_capture(file: &[u8]) -> bool {
    !matches!(packets(file), Err(FileError::Unknown(_)))
}

/// How the numbers of a file lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    pub(super) fn u32(self, octets: &[u8], at: usize) -> Option<u32> {
        let octets = octets.get(at..)?.first_chunk()?;
        Some(match self {
            Self::Little => u32::from_le_bytes(*octets),
            Self::Big => u32::from_be_bytes(*octets),
        })
    }

    pub(super) fn u16(self, octets: &[u8], at: usize) -> Option<u16> {
        let octets = octets.get(at..)?.first_chunk()?;
        Some(match self {
            Self::Little => u16::from_le_bytes(*octets),
            Self::Big => u16::from_be_bytes(*octets),
        })
    }

    /// A number of octets or a place in the file.
    pub(super) fn size(self, octets: &[u8], at: usize) -> Option<usize> {
        usize::try_from(self.u32(octets, at)?).ok()
    }
}
