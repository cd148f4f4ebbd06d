//! Segment files: their names, their headers, and finding them.
//!
//! ```text
//!  0  8 bytes  magic "GRIDOSJ1"
//!  8  u32      format version, 1
//! 12  u32      CRC-32C of bytes 0..12 and 16..64
//! 16  u64      stream
//! 24  u64      segment id, random
//! 32  u64      position of the first frame
//! 40  u64      readings in all frames before
//! 48  i64      created, ns since the Unix epoch
//! 56  u64      reserved, 0
//! 64  …        frames
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gridos_model::Timestamp;

use crate::{JournalError, Position, StreamId, Tail};

/// Bytes of a segment's header.
pub(crate) const HEADER_BYTES: usize = 64;

const MAGIC: &[u8; 8] = b"GRIDOSJ1";
const VERSION: u32 = 1;
const SUFFIX: &str = ".journal";

/// What a segment's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub(crate) stream: StreamId,
    pub(crate) id: u64,
    /// Where its first frame stands.
    pub(crate) base: Tail,
    pub(crate) created: Timestamp,
}

/// A segment file and what its header says.
#[derive(Debug)]
pub(crate) struct Segment {
    /// Shared with the thread that syncs.
    pub(crate) file: Arc<File>,
    pub(crate) path: PathBuf,
    pub(crate) header: SegmentHeader,
}

impl Segment {
    /// Makes a new segment whose name and header survive a power cut from here on.
    ///
    /// Until the name is there an error leaves everything as it was. If the name cannot be made
    /// durable, the error is [`JournalError::Poisoned`]: frames must then go neither to the new
    /// segment nor behind its base in the old one.
    pub(crate) fn create(dir: &Path, header: SegmentHeader) -> Result<Self, JournalError> {
        let path = dir.join(file_name(header.base.position));
        let unfinished = path.with_extension("tmp");
        let names = File::open(dir).map_err(JournalError::io("open", dir))?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&unfinished)
            .map_err(JournalError::io("create", &unfinished))?;
        file.write_all_at(&header.to_bytes(), 0)
            .map_err(JournalError::io("write", &unfinished))?;
        file.sync_all()
            .map_err(JournalError::io("sync", &unfinished))?;
        fs::rename(&unfinished, &path).map_err(JournalError::io("rename", &unfinished))?;
        names.sync_all().map_err(|_| JournalError::Poisoned)?;
        let file = Arc::new(file);
        Ok(Self { file, path, header })
    }

    /// Opens an existing segment, checking its header.
    pub(crate) fn open(path: &Path, writable: bool) -> Result<Self, JournalError> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(writable)
            .open(path)
            .map_err(JournalError::io("open", path))?;
        let mut bytes = [0; HEADER_BYTES];
        file.read_exact(&mut bytes).map_err(|error| {
            if error.kind() == ErrorKind::UnexpectedEof {
                not_a_segment(path, "it is shorter than a header")
            } else {
                JournalError::io("read", path)(error)
            }
        })?;
        let header = SegmentHeader::from_bytes(&bytes).map_err(|why| not_a_segment(path, why))?;
        if Some(header.base.position) != base_of(path) {
            return Err(not_a_segment(path, "its name does not match its header"));
        }
        Ok(Self {
            file: Arc::new(file),
            path: path.to_owned(),
            header,
        })
    }

    /// Where in the file the frame at `position` begins.
    pub(crate) fn offset_of(&self, position: Position) -> u64 {
        HEADER_BYTES as u64 + position.bytes_since(self.header.base.position)
    }

    /// Bytes of the file.
    pub(crate) fn bytes(&self) -> Result<u64, JournalError> {
        Ok(self
            .file
            .metadata()
            .map_err(JournalError::io("measure", &self.path))?
            .len())
    }
}

impl SegmentHeader {
    fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.stream.raw().to_le_bytes());
        bytes[24..32].copy_from_slice(&self.id.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.base.position.get().to_le_bytes());
        bytes[40..48].copy_from_slice(&self.base.readings.to_le_bytes());
        bytes[48..56].copy_from_slice(&self.created.as_nanos().to_le_bytes());
        let checksum = checksum(&bytes);
        bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; HEADER_BYTES]) -> Result<Self, &'static str> {
        let word = |at: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&bytes[at..at + 8]);
            u64::from_le_bytes(word)
        };
        if &bytes[0..8] != MAGIC {
            return Err("it does not begin with GRIDOSJ1");
        }
        if bytes[12..16] != checksum(bytes).to_le_bytes() {
            return Err("its header's checksum does not match");
        }
        if bytes[8..12] != VERSION.to_le_bytes() {
            return Err("it is of another format version");
        }
        Ok(Self {
            stream: StreamId::from_raw(word(16)),
            id: word(24),
            base: Tail {
                position: Position::new(word(32)),
                readings: word(40),
            },
            created: Timestamp::from_nanos(word(48).cast_signed()),
        })
    }
}

/// The segments of `dir` by the position of their first frame, ascending.
pub(crate) fn list(dir: &Path) -> Result<Vec<(Position, PathBuf)>, JournalError> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(dir).map_err(JournalError::io("list", dir))? {
        let path = entry.map_err(JournalError::io("list", dir))?.path();
        segments.extend(base_of(&path).map(|base| (base, path)));
    }
    segments.sort();
    Ok(segments)
}

/// Makes the names in `dir` durable.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), JournalError> {
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(JournalError::io("sync", dir))
}

/// Whether `path` has the name of a segment.
pub(crate) fn is_segment(path: &Path) -> bool {
    base_of(path).is_some()
}

fn file_name(base: Position) -> String {
    format!("{:020}{SUFFIX}", base.get())
}

/// The inverse of [`file_name`]: `None` for any other file.
fn base_of(path: &Path) -> Option<Position> {
    let digits = path.file_name()?.to_str()?.strip_suffix(SUFFIX)?;
    let base = Position::new(digits.parse().ok()?);
    (file_name(base).strip_suffix(SUFFIX) == Some(digits)).then_some(base)
}

fn checksum(bytes: &[u8; HEADER_BYTES]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&bytes[0..12]), &bytes[16..])
}

fn not_a_segment(path: &Path, reason: &'static str) -> JournalError {
    JournalError::NotASegment {
        path: path.to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> SegmentHeader {
        SegmentHeader {
            stream: StreamId::from_raw(7),
            id: 8,
            base: Tail {
                position: Position::new(4_096),
                readings: 99,
            },
            created: Timestamp::from_millis(5),
        }
    }

    #[test]
    fn a_header_reads_back_and_any_flipped_bit_is_noticed() {
        let good = header().to_bytes();
        assert_eq!(SegmentHeader::from_bytes(&good), Ok(header()));
        for byte in 0..HEADER_BYTES {
            let mut bad = good;
            bad[byte] ^= 0x10;
            assert!(SegmentHeader::from_bytes(&bad).is_err(), "byte {byte}");
        }
    }

    #[test]
    fn only_our_own_names_are_segments() {
        let dir = Path::new("d");
        let name = file_name(Position::new(4_096));
        assert_eq!(base_of(&dir.join(name)), Some(Position::new(4_096)));
        for other in [
            "4096.journal",
            "00000000000000004096.tmp",
            "layouts",
            "+0000000000000004096.journal",
        ] {
            assert_eq!(base_of(&dir.join(other)), None, "{other}");
        }
    }
}
