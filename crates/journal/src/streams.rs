//! All streams of one journal folder: one for each life of the engine.
//!
//! A stream is never continued by another process. What a crash, a bad disk or a restored backup
//! did to its end therefore cannot bring a later reading to a position that the database already
//! counts as stored, and two engines that were given copies of one folder cannot take each
//! other's positions for their own. What an earlier life left is read to its end and no further.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::appender::lock;
use crate::segment::{self, Segment};
use crate::storage::{Disk, Lock, Storage};
use crate::{Journal, JournalError, Options, Position, Recovery, StreamId, recovery};

/// A journal folder, held by one engine.
#[derive(Debug)]
pub struct Streams {
    storage: Arc<dyn Storage>,
    root: PathBuf,
    earlier: Vec<EarlierStream>,
    next: u64,
    _lock: Lock,
}

/// What an earlier life of the engine left.
#[derive(Clone, Debug)]
pub struct EarlierStream {
    /// The folder of its segments.
    pub dir: PathBuf,
    /// The stream.
    pub stream: StreamId,
    /// Where it ends, and what was found at its end.
    pub recovery: Recovery,
}

impl Streams {
    /// Opens the folder `root`, making it if there is none, and looks at what earlier lives left:
    /// their last segments are read, torn tails are cut off, and streams that hold nothing are
    /// removed. A stream that another engine writes is left alone.
    pub fn open(root: &Path) -> Result<Self, JournalError> {
        Self::open_on(Disk::shared(), root)
    }

    /// The same, on `storage`.
    pub fn open_on(storage: Arc<dyn Storage>, root: &Path) -> Result<Self, JournalError> {
        segment::make_dir(&*storage, root)?;
        let lock = lock(&*storage, root)?;
        let mut streams = Self {
            storage,
            root: root.to_owned(),
            earlier: Vec::new(),
            next: 1,
            _lock: lock,
        };
        let storage = &*streams.storage;
        for (number, dir) in numbered(storage, root)? {
            streams.next = number + 1;
            match EarlierStream::open(storage, &dir) {
                Ok(Some(earlier)) => streams.earlier.push(earlier),
                Ok(None) => remove(storage, &dir)?,
                Err(JournalError::InUse { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(streams)
    }

    /// What earlier lives left, the oldest first.
    pub fn earlier(&self) -> &[EarlierStream] {
        &self.earlier
    }

    /// The folders of all streams of `root`, the oldest first.
    pub fn dirs(root: &Path) -> Result<Vec<PathBuf>, JournalError> {
        Ok(numbered(&Disk, root)?
            .into_iter()
            .map(|(_, dir)| dir)
            .collect())
    }

    /// Begins the stream of this life, in a folder of its own. The budget of `options` is for all
    /// streams together.
    pub fn begin(&self, options: Options) -> Result<Journal, JournalError> {
        let dir = self.root.join(format!("{:06}", self.next));
        let storage = Arc::clone(&self.storage);
        let (journal, _) = Journal::open_within(storage, &self.root, &dir, options)?;
        Ok(journal)
    }

    /// Deletes the streams of `root` that no engine holds, whose newest segment is older than
    /// `is_old` says and that `is_needed` does not claim; returns how many.
    pub fn trim(
        root: &Path,
        is_needed: impl Fn(&Path) -> bool,
        is_old: impl Fn(std::time::SystemTime) -> bool,
    ) -> Result<usize, JournalError> {
        let storage = &Disk;
        let mut trimmed = 0;
        for (_, dir) in numbered(storage, root)? {
            if is_needed(&dir) {
                continue;
            }
            let Ok(_unheld) = lock(storage, &dir) else {
                continue;
            };
            let changed = segment::list(storage, &dir)?
                .last()
                .and_then(|(_, path)| storage.stat(path).ok());
            let changed = changed.map(|found| found.modified);
            if changed.is_none_or(&is_old) {
                remove(storage, &dir)?;
                trimmed += 1;
            }
        }
        Ok(trimmed)
    }
}

impl EarlierStream {
    /// `None` if there is no frame in it.
    fn open(storage: &dyn Storage, dir: &Path) -> Result<Option<Self>, JournalError> {
        let _held = lock(storage, dir)?;
        segment::remove_spare(storage, dir)?;
        let segments = segment::list(storage, dir)?;
        // Where the one behind begins, whose header is damaged and of which no frame is left.
        let mut damaged = None;
        for (base, path) in segments.iter().rev() {
            let segment = match Segment::open(storage, path, true) {
                Ok(segment) => segment,
                Err(JournalError::NotASegment { .. }) => {
                    damaged = Some(*base);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let mut recovery = recovery::recover(&segment, damaged)?;
            let end = recovery.end.position;
            recovery.damaged.extend(damaged.map(|to| (end, to)));
            let is_empty = end.get() == 0 && recovery.torn_bytes == 0;
            if is_empty && recovery.damaged.is_empty() {
                return Ok(None);
            }
            return Ok(Some(Self {
                dir: dir.to_owned(),
                stream: stream_of(storage, &segment, &segments)?,
                recovery,
            }));
        }
        match segments.is_empty() {
            true => Ok(None),
            false => Err(JournalError::NoStream {
                path: dir.to_owned(),
            }),
        }
    }
}

/// The stream of `segment`: where its header is lost and its frames are of an engine that did not
/// tell, another of `segments` knows.
fn stream_of(
    storage: &dyn Storage,
    segment: &Segment,
    segments: &[(Position, PathBuf)],
) -> Result<StreamId, JournalError> {
    if segment.header.stream.raw() != 0 {
        return Ok(segment.header.stream);
    }
    let mut others = segments.iter().filter_map(|(_, path)| {
        let other = Segment::open(storage, path, false).ok()?;
        Some(other.header.stream).filter(|stream| stream.raw() != 0)
    });
    let dir = segment.path.parent().unwrap_or(&segment.path);
    others.next().ok_or_else(|| JournalError::NoStream {
        path: dir.to_owned(),
    })
}

/// The numbered folders in `root`, ascending.
fn numbered(storage: &dyn Storage, root: &Path) -> Result<Vec<(u64, PathBuf)>, JournalError> {
    let mut folders = Vec::new();
    for path in storage.list(root).map_err(JournalError::io("list", root))? {
        let number = path
            .file_name()
            .and_then(|name| name.to_str()?.parse().ok());
        let is_dir = || storage.stat(&path).is_ok_and(|found| found.is_dir);
        let number = number.filter(|_| is_dir());
        folders.extend(number.map(|number| (number, path)));
    }
    folders.sort();
    Ok(folders)
}

fn remove(storage: &dyn Storage, dir: &Path) -> Result<(), JournalError> {
    let removed = storage.remove_dir(dir);
    removed.map_err(JournalError::io("delete", dir))
}
