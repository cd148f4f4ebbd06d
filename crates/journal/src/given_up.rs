//! What is left of segments that were given up: the header of the first of them.
//!
//! When the disk is full and newer readings matter more, the oldest segments go although nobody
//! has stored them. The first of a row is cut off behind its header and renamed, which needs no
//! free space: whoever comes to the hole later knows from it that the hole was made on purpose, and
//! since when readings are missing. The others of the row are deleted.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use gridos_model::Timestamp;

use crate::segment::{self, HEADER_BYTES, Segment};
use crate::storage::Disk;
use crate::{JournalError, Position, Tail};

const SUFFIX: &str = "given-up";

/// A row of segments that was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GivenUp {
    /// Where it begins.
    pub from: Tail,
    /// When its first segment was begun: no record in it is much older.
    pub since: Timestamp,
}

impl GivenUp {
    /// What is known of the hole in the stream of `dir` at `at`, if it was made by giving up.
    pub fn find(dir: &Path, at: Position) -> Result<Option<Self>, JournalError> {
        let segments = segment::list(&Disk, dir)?;
        let before = segments.partition_point(|(base, _)| *base <= at);
        let left = before
            .checked_sub(1)
            .map_or(Position::START, |last| segments[last].0);
        let right = segments.get(before).map(|(base, _)| *base);
        let in_hole = |base: Position| base >= left && right.is_none_or(|right| base < right);
        let stones = stones(dir)?;
        let mut found = stones.iter().filter(|(base, _)| in_hole(*base));
        let found = found
            .clone()
            .rfind(|(base, _)| *base <= at)
            .or(found.next());
        Ok(found.and_then(|(base, path)| Self::read(*base, path)))
    }

    /// Forgets the rows behind which everything before `position` begins: their story is told.
    pub fn forget(dir: &Path, position: Position) -> Result<(), JournalError> {
        let stones = stones(dir)?;
        if stones.is_empty() {
            return Ok(());
        }
        let segments = segment::list(&Disk, dir)?;
        let bases: Vec<_> = segments
            .iter()
            .chain(&stones)
            .map(|(base, _)| *base)
            .collect();
        for (base, path) in &stones {
            let next = bases.iter().filter(|next| *next > base).min();
            if next.is_some_and(|next| *next <= position) {
                fs::remove_file(path).map_err(JournalError::io("delete", path))?;
            }
        }
        Ok(())
    }

    fn read(base: Position, path: &Path) -> Option<Self> {
        let header = Segment::read_header(&Disk, path).ok()?;
        (header.base.position == base).then_some(Self {
            from: header.base,
            since: header.created,
        })
    }
}

/// Gives up the segment at `path`, which begins at `base`; `is_first` if none before it is given up.
pub(crate) fn bury(base: Position, path: &Path, is_first: bool) -> Result<(), JournalError> {
    // Without a good header there is nothing to remember.
    if !is_first || Segment::open(&Disk, path, false).is_err() {
        return fs::remove_file(path).map_err(JournalError::io("delete", path));
    }
    let file = File::options().write(true).open(path);
    file.and_then(|file| file.set_len(HEADER_BYTES as u64))
        .map_err(JournalError::io("truncate", path))?;
    let stone = path.with_file_name(format!("{:020}.{SUFFIX}", base.get()));
    fs::rename(path, stone).map_err(JournalError::io("rename", path))
}

/// The rows of `dir` by where they begin, ascending.
pub(crate) fn stones(dir: &Path) -> Result<Vec<(Position, PathBuf)>, JournalError> {
    let mut stones = Vec::new();
    for entry in fs::read_dir(dir).map_err(JournalError::io("list", dir))? {
        let path = entry.map_err(JournalError::io("list", dir))?.path();
        if path.extension().is_some_and(|suffix| suffix == SUFFIX)
            && let Some(base) = path
                .file_stem()
                .and_then(|stem| stem.to_str()?.parse().ok())
        {
            stones.push((Position::new(base), path));
        }
    }
    stones.sort();
    Ok(stones)
}
