//! The snapshot: what was known of alarms at a place of the journal, so that a start need not read
//! everything before it.
//!
//! ```text
//!  0  8 bytes  magic "GRIDOSA1"
//!  8  u32      format version, 1
//! 12  u32      CRC-32C of bytes 0..12 and 16..
//! 16  u64      stream
//! 24  u64      position
//! 32  u64      readings in all frames before
//! 40  u64      length of what follows
//! 48  …        what was known, in the words of whoever knew it
//! ```
//! All numbers are little-endian. The file is replaced as a whole or not at all: a power cut leaves
//! the one before or this one. What is in it must not know more than the durable part of the
//! journal does, or a crash leaves it ahead of the records.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::segment::sync_dir;
use crate::storage::{Disk, Storage};
use crate::{JournalError, Position, StreamId, Tail};

const NAME: &str = "alarms.snapshot";
/// What is to replace it.
const NEXT: &str = "alarms.snapshot.new";

const MAGIC: &[u8; 8] = b"GRIDOSA1";
const VERSION: u32 = 1;
const HEADER_BYTES: usize = 48;
/// The longest content: so much is read at most, whatever the file is.
const CONTENT_BYTES_MAX: u64 = 1 << 30;

/// What was known of alarms at a place of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The stream of the place.
    pub stream: StreamId,
    /// The place: all records before it are in the content.
    pub tail: Tail,
    /// What was known; the journal does not look into it.
    pub content: Vec<u8>,
}

impl Snapshot {
    /// The snapshot in the journal folder `root`; `None` if there is none.
    ///
    /// # Errors
    /// If it is damaged or of another format, [`JournalError::NotASnapshot`], or cannot be read.
    pub fn read(root: &Path) -> Result<Option<Self>, JournalError> {
        Self::read_on(&Disk, root)
    }

    /// The same, on `storage`.
    pub fn read_on(storage: &dyn Storage, root: &Path) -> Result<Option<Self>, JournalError> {
        let path = root.join(NAME);
        let file = match storage.open(&path, false) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(JournalError::io("open", &path))?,
        };
        let bytes = file.bytes().map_err(JournalError::io("measure", &path))?;
        if bytes > HEADER_BYTES as u64 + CONTENT_BYTES_MAX {
            return Err(not_a_snapshot(path, "it is longer than any snapshot"));
        }
        let mut whole = vec![0; usize::try_from(bytes).unwrap_or(0)];
        let loaded = file.read_at(&mut whole, 0);
        whole.truncate(loaded.map_err(JournalError::io("read", &path))?);
        let snapshot = Self::from_bytes(whole);
        snapshot.map(Some).map_err(|why| not_a_snapshot(path, why))
    }

    /// Replaces the snapshot in the journal folder `root`, so that this one survives a power cut.
    ///
    /// # Errors
    /// If it cannot be written; the one before is there still, then.
    pub fn write(&self, root: &Path) -> Result<(), JournalError> {
        self.write_on(&Disk, root)
    }

    /// The same, on `storage`.
    pub fn write_on(&self, storage: &dyn Storage, root: &Path) -> Result<(), JournalError> {
        let (path, next) = (root.join(NAME), root.join(NEXT));
        // What an earlier attempt left may hold half of it, or be the one whose sync failed.
        match storage.remove(&next) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(JournalError::io("delete", next)(error));
            }
            Ok(()) | Err(_) => {}
        }
        let file = storage.create(&next);
        let file = file.map_err(JournalError::io("create", &next))?;
        let written = file.write_at(&self.to_bytes(), 0);
        written.map_err(JournalError::io("write", &next))?;
        file.sync_all().map_err(JournalError::io("sync", &next))?;
        let renamed = storage.rename(&next, &path);
        renamed.map_err(JournalError::io("rename", &next))?;
        sync_dir(storage, root)
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES + self.content.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        for word in [
            self.stream.raw(),
            self.tail.position.get(),
            self.tail.readings,
            self.content.len() as u64,
        ] {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        bytes.extend_from_slice(&self.content);
        let checksum = checksum(&bytes);
        bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    fn from_bytes(mut bytes: Vec<u8>) -> Result<Self, &'static str> {
        let Some(header) = bytes.first_chunk::<HEADER_BYTES>() else {
            return Err("it is shorter than a header");
        };
        let word = |at: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&header[at..at + 8]);
            u64::from_le_bytes(word)
        };
        if &header[0..8] != MAGIC {
            return Err("it does not begin with GRIDOSA1");
        }
        if header[12..16] != checksum(&bytes).to_le_bytes() {
            return Err("its checksum does not match");
        }
        if header[8..12] != VERSION.to_le_bytes() {
            return Err("it is of another format version");
        }
        if word(40) != (bytes.len() - HEADER_BYTES) as u64 {
            return Err("its length is not what it says");
        }
        Ok(Self {
            stream: StreamId::from_raw(word(16)),
            tail: Tail {
                position: Position::new(word(24)),
                readings: word(32),
            },
            content: bytes.split_off(HEADER_BYTES),
        })
    }
}

/// Of a file that has a header.
fn checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&bytes[0..12]), &bytes[16..])
}

fn not_a_snapshot(path: PathBuf, reason: &'static str) -> JournalError {
    JournalError::NotASnapshot { path, reason }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    fn snapshot(content: &[u8]) -> Snapshot {
        Snapshot {
            stream: StreamId::from_raw(7),
            tail: Tail {
                position: Position::new(4_096),
                readings: 99,
            },
            content: content.to_vec(),
        }
    }

    fn reason(dir: &TempDir) -> &'static str {
        match Snapshot::read(dir.path()) {
            Err(JournalError::NotASnapshot { reason, .. }) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_last_one_is_read_back() {
        let dir = TempDir::new().unwrap();
        assert_eq!(Snapshot::read(dir.path()).unwrap(), None);
        for content in [&b"long enough to be seen"[..], b"short", b""] {
            // What a process left that was killed.
            fs::write(dir.path().join(NEXT), [1; 100]).unwrap();
            let snapshot = snapshot(content);
            snapshot.write(dir.path()).unwrap();
            assert_eq!(Snapshot::read(dir.path()).unwrap(), Some(snapshot));
            assert!(!dir.path().join(NEXT).exists());
        }
    }

    #[test]
    fn the_format_is_frozen() {
        let bytes = snapshot(b"abc").to_bytes();
        let words: [u64; 4] = [7, 4_096, 99, 3];
        let words = words.map(u64::to_le_bytes).concat();
        assert_eq!(bytes[..12], *b"GRIDOSA1\x01\0\0\0");
        assert_eq!(bytes[12..16], 0x8acf_dcc7_u32.to_le_bytes());
        assert_eq!(bytes[16..48], words);
        assert_eq!(bytes[48..], *b"abc");
    }

    #[test]
    fn one_that_is_cut_or_flipped_is_told_and_none() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join(NAME);
        let good = snapshot(b"what was known").to_bytes();
        for cut in 0..good.len() {
            fs::write(&path, &good[..cut]).unwrap();
            let short = cut < HEADER_BYTES;
            let expected = match short {
                true => "it is shorter than a header",
                false => "its checksum does not match",
            };
            assert_eq!(reason(&dir), expected, "cut at {cut}");
        }
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                fs::write(&path, &bad).unwrap();
                reason(&dir);
            }
        }
        let longer = [&good[..], b"x"].concat();
        fs::write(&path, longer).unwrap();
        assert_eq!(reason(&dir), "its checksum does not match");
    }

    #[test]
    fn one_of_another_version_is_told() {
        let dir = TempDir::new().unwrap();
        let mut bytes = snapshot(b"in other words").to_bytes();
        bytes[8] = 2;
        let checksum = checksum(&bytes);
        bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
        fs::write(dir.path().join(NAME), bytes).unwrap();
        assert_eq!(reason(&dir), "it is of another format version");
    }
}
