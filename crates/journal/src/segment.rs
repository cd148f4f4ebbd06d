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
//! 64  …        frames, and then zeros up to the size that was reserved
//! ```
//! A segment whose header is lost is still read: its name says where it begins, and each frame
//! names the segment and the stream.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gridos_model::Timestamp;

use crate::scan::Scan;
use crate::storage::{Storage, StoredFile};
use crate::{JournalError, Position, StreamId, Tail};

/// Bytes of a segment's header.
pub(crate) const HEADER_BYTES: usize = 64;

const MAGIC: &[u8; 8] = b"GRIDOSJ1";
const VERSION: u32 = 1;
const SUFFIX: &str = ".journal";
/// A segment that has no name yet: prepared ahead, or not durable so far.
const SPARE: &str = "spare";

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
    pub(crate) file: Arc<dyn StoredFile>,
    pub(crate) path: PathBuf,
    pub(crate) header: SegmentHeader,
    /// Whether the header is lost, and was made up from the name and the frames: then it says the
    /// readings before the first good frame, not before the base.
    pub(crate) is_guessed: bool,
}

impl Segment {
    /// What the header of the file at `path` says, whatever the file is called.
    pub(crate) fn read_header(
        storage: &dyn Storage,
        path: &Path,
    ) -> Result<SegmentHeader, JournalError> {
        let opened = storage.open(path, false);
        let file = opened.map_err(JournalError::io("open", path))?;
        let mut bytes = [0; HEADER_BYTES];
        let loaded = file.read_at(&mut bytes, 0);
        if loaded.map_err(JournalError::io("read", path))? < HEADER_BYTES {
            return Err(not_a_segment(path, "it is shorter than a header"));
        }
        SegmentHeader::from_bytes(&bytes).map_err(|error| match error {
            HeaderError::Damaged(why) => not_a_segment(path, why),
            HeaderError::Version => not_a_segment(path, "it is of another format version"),
        })
    }

    /// Opens an existing segment, checking its header.
    pub(crate) fn open(
        storage: &dyn Storage,
        path: &Path,
        writable: bool,
    ) -> Result<Self, JournalError> {
        let opened = storage.open(path, writable);
        let file = opened.map_err(JournalError::io("open", path))?;
        let mut bytes = [0; HEADER_BYTES];
        let loaded = file.read_at(&mut bytes, 0);
        if loaded.map_err(JournalError::io("read", path))? < HEADER_BYTES {
            return Err(not_a_segment(path, "it is shorter than a header"));
        }
        let base = base_of(path).ok_or_else(|| not_a_segment(path, "its name is no position"))?;
        let (header, is_guessed) = match SegmentHeader::from_bytes(&bytes) {
            Ok(header) => (header, false),
            Err(HeaderError::Damaged(why)) => match guess_header(&*file, path, base)? {
                Some(header) => (header, true),
                None => return Err(not_a_segment(path, why)),
            },
            Err(HeaderError::Version) => {
                return Err(not_a_segment(path, "it is of another format version"));
            }
        };
        if header.base.position != base {
            return Err(not_a_segment(path, "its name does not match its header"));
        }
        Ok(Self {
            file,
            path: path.to_owned(),
            header,
            is_guessed,
        })
    }

    /// Where in the file the frame at `position` begins.
    pub(crate) fn offset_of(&self, position: Position) -> u64 {
        HEADER_BYTES as u64 + position.bytes_since(self.header.base.position)
    }

    /// Bytes of the file.
    pub(crate) fn bytes(&self) -> Result<u64, JournalError> {
        let bytes = self.file.bytes();
        bytes.map_err(JournalError::io("measure", &self.path))
    }
}

/// What the first good frame tells of the segment in `file`.
fn guess_header(
    file: &dyn StoredFile,
    path: &Path,
    base: Position,
) -> Result<Option<SegmentHeader>, JournalError> {
    let mut scan = Scan::of_file(file, path, HEADER_BYTES as u64, base, None)?;
    Ok(scan.next_known(base)?.map(|found| SegmentHeader {
        stream: StreamId::from_raw(found.header.stream),
        id: found.header.segment,
        base: Tail {
            position: base,
            readings: found.header.readings_before,
        },
        created: Timestamp::EPOCH,
    }))
}

/// Why bytes are no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderError {
    Damaged(&'static str),
    Version,
}

impl SegmentHeader {
    pub(crate) fn to_bytes(self) -> [u8; HEADER_BYTES] {
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

    pub(crate) fn from_bytes(bytes: &[u8; HEADER_BYTES]) -> Result<Self, HeaderError> {
        let word = |at: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&bytes[at..at + 8]);
            u64::from_le_bytes(word)
        };
        if &bytes[0..8] != MAGIC {
            return Err(HeaderError::Damaged("it does not begin with GRIDOSJ1"));
        }
        if bytes[12..16] != checksum(bytes).to_le_bytes() {
            let why = "its header's checksum does not match";
            return Err(HeaderError::Damaged(why));
        }
        if bytes[8..12] != VERSION.to_le_bytes() {
            return Err(HeaderError::Version);
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
pub(crate) fn list(
    storage: &dyn Storage,
    dir: &Path,
) -> Result<Vec<(Position, PathBuf)>, JournalError> {
    let paths = storage.list(dir).map_err(JournalError::io("list", dir))?;
    let mut segments = Vec::new();
    for path in paths {
        segments.extend(base_of(&path).map(|base| (base, path)));
    }
    segments.sort();
    Ok(segments)
}

/// Makes the folder `dir` and those above it, if they are not there, so that their names survive a
/// power cut.
pub(crate) fn make_dir(storage: &dyn Storage, dir: &Path) -> Result<(), JournalError> {
    let above = match dir.parent() {
        None => return Ok(()),
        Some(above) if above == Path::new("") => Path::new("."),
        Some(above) => above,
    };
    // If it is no folder, what is made in it fails, and is named.
    if storage.stat(dir).is_ok() {
        // A process that was killed may not have come to it. Who must not look into the folder
        // above has got the folder from somebody who may.
        let _ = storage.sync_dir(above);
        return Ok(());
    }
    if above != Path::new(".") {
        make_dir(storage, above)?;
    }
    let made = storage.create_dir(dir);
    made.map_err(JournalError::io("create", dir))?;
    sync_dir(storage, above)
}

/// Makes the names in `dir` durable.
pub(crate) fn sync_dir(storage: &dyn Storage, dir: &Path) -> Result<(), JournalError> {
    storage.sync_dir(dir).map_err(JournalError::io("sync", dir))
}

/// Makes a file that can become the next segment in `dir`, with `reserved` bytes if the file system
/// reserves any: writing into them needs no space and changes no more than their content.
pub(crate) fn prepare(
    storage: &dyn Storage,
    dir: &Path,
    reserved: u64,
) -> Result<Arc<dyn StoredFile>, JournalError> {
    remove_spare(storage, dir)?;
    let path = spare_path(dir);
    let file = storage
        .create(&path)
        .map_err(JournalError::io("create", &path))?;
    if reserved > 0 {
        reserve(&*file, &path, reserved)?;
    }
    file.sync_all().map_err(JournalError::io("sync", &path))?;
    Ok(file)
}

/// Reserves the first `bytes` bytes of a file, where that can be done.
pub(crate) fn reserve(file: &dyn StoredFile, path: &Path, bytes: u64) -> Result<(), JournalError> {
    match file.allocate(bytes) {
        Err(error) if is_full(&error) => Err(JournalError::io("reserve", path)(error)),
        // Not every file system reserves; one that is broken is found by the next sync.
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Removes what was to become the next segment in `dir`.
pub(crate) fn remove_spare(storage: &dyn Storage, dir: &Path) -> Result<(), JournalError> {
    let path = spare_path(dir);
    match storage.remove(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(JournalError::io("delete", path)(error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Whether there is no space: what was refused can be tried again, and nothing written is in doubt.
pub(crate) fn is_full(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded
    )
}

/// Where a segment is until it gets its name.
pub(crate) fn spare_path(dir: &Path) -> PathBuf {
    dir.join(SPARE)
}

/// Where the segment is whose first frame stands at `base`.
pub(crate) fn path(dir: &Path, base: Position) -> PathBuf {
    dir.join(file_name(base))
}

/// Whether `path` has the name of a segment.
pub(crate) fn is_segment(path: &Path) -> bool {
    base_of(path).is_some()
}

/// Whether `path` has the name of what may become a segment.
pub(crate) fn is_spare(path: &Path) -> bool {
    path.file_name() == Some(OsStr::new(SPARE))
}

fn file_name(base: Position) -> String {
    format!("{:020}{SUFFIX}", base.get())
}

/// The inverse of [`file_name`]: `None` for any other file.
pub(crate) fn base_of(path: &Path) -> Option<Position> {
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
    fn headers_are_written_as_ever() {
        let fixtures: [&[u8]; 2] = [
            include_bytes!("../tests/fixtures/v1-plain/00000000000000000000.journal"),
            include_bytes!("../tests/fixtures/v1-reserved/00000000000000000000.journal"),
        ];
        for fixture in fixtures {
            let golden = fixture.first_chunk().unwrap();
            let header = SegmentHeader::from_bytes(golden).unwrap();
            assert_eq!(header.base, Tail::default());
            assert!(header.created > Timestamp::EPOCH);
            assert_eq!(&header.to_bytes(), golden);
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
