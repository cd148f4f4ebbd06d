//! What one stream holds on disk, and freeing it: what is stored first, and then, if it must be,
//! what is not.
//!
//! Nothing here needs free space.

use std::fs;
use std::path::{Path, PathBuf};

use crate::appender::lock;
use crate::given_up::{bury, stones};
use crate::segment::{self, Segment};
use crate::storage::Disk;
use crate::{JournalError, Position, Tail};

/// The segments of one stream, with how far they are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The stream's folder.
    pub dir: PathBuf,
    /// How far the database has them; `None` for an ended stream of which it has everything.
    pub stored: Option<Tail>,
}

/// What was given up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sacrifice {
    /// Segments.
    pub segments: u64,
    /// Their bytes on disk.
    pub bytes: u64,
    /// Readings in them that were not stored, as far as their headers tell.
    pub readings: u64,
}

impl Holding {
    /// Bytes of segments that are wholly stored.
    pub fn freeable(&self) -> Result<u64, JournalError> {
        let stored = self.stored_segments()?;
        Ok(stored.iter().map(|path| length(path)).sum())
    }

    /// Deletes what is wholly stored, the oldest first, until `bytes` are freed; returns how many
    /// were. A drained stream goes as a whole, unless somebody holds it.
    pub fn free(&self, bytes: u64) -> Result<u64, JournalError> {
        if bytes == 0 {
            return Ok(0);
        }
        let segments = self.stored_segments()?;
        if self.stored.is_none() {
            let freed = segments.iter().map(|path| length(path)).sum();
            let Ok(_unheld) = lock(&Disk, &self.dir) else {
                return Ok(0);
            };
            fs::remove_dir_all(&self.dir).map_err(JournalError::io("delete", &self.dir))?;
            return Ok(freed);
        }
        let mut freed = 0;
        for path in segments {
            if freed >= bytes {
                break;
            }
            freed += delete(&path)?;
        }
        Ok(freed)
    }

    /// Gives up the oldest segments that are not wholly stored until `bytes` of them are gone, or
    /// only the last one is left: it tells where the stream ends.
    ///
    /// Each hole is marked, see [`crate::GivenUp`].
    pub fn give_up(&self, bytes: u64) -> Result<Sacrifice, JournalError> {
        let mut sacrifice = Sacrifice::default();
        let Some(stored) = self.stored else {
            return Ok(sacrifice);
        };
        let segments = segment::list(&Disk, &self.dir)?;
        let stones = stones(&self.dir)?;
        let mut before = None;
        for pair in segments.windows(2) {
            let [(base, path), (next, next_path)] = pair else {
                continue;
            };
            if *next <= stored.position {
                before = Some(*base);
                continue;
            }
            if sacrifice.bytes >= bytes {
                break;
            }
            let hole = before.unwrap_or(Position::START);
            let is_first = sacrifice.segments == 0
                && !(stored.position < *base
                    && stones
                        .iter()
                        .any(|(stone, _)| (hole..*base).contains(stone)));
            let until = readings_before(next_path);
            let from = readings_before(path).map(|from| from.max(stored.readings));
            let lost = from
                .zip(until)
                .map_or(0, |(from, until)| until.saturating_sub(from));
            sacrifice.bytes += length(path);
            bury(*base, path, is_first)?;
            sacrifice.segments += 1;
            sacrifice.readings += lost;
        }
        if sacrifice.segments > 0 {
            segment::sync_dir(&Disk, &self.dir)?;
        }
        Ok(sacrifice)
    }

    fn stored_segments(&self) -> Result<Vec<PathBuf>, JournalError> {
        let segments = segment::list(&Disk, &self.dir)?;
        let Some(stored) = self.stored else {
            return Ok(segments.into_iter().map(|(_, path)| path).collect());
        };
        let wholly = segments.windows(2).filter_map(|pair| match pair {
            [(_, path), (next, _)] if *next <= stored.position => Some(path.clone()),
            _ => None,
        });
        Ok(wholly.collect())
    }
}

fn readings_before(path: &Path) -> Option<u64> {
    Some(Segment::open(&Disk, path, false).ok()?.header.base.readings)
}

/// A file that is gone already takes no space.
fn length(path: &Path) -> u64 {
    fs::metadata(path).map(|file| file.len()).unwrap_or(0)
}

fn delete(path: &Path) -> Result<u64, JournalError> {
    let bytes = length(path);
    fs::remove_file(path).map_err(JournalError::io("delete", path))?;
    Ok(bytes)
}
