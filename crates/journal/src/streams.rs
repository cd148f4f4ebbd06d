//! All streams of one journal folder: one for each life of the engine.
//!
//! A stream is never continued by another process. What a crash, a bad disk or a restored backup
//! did to its end therefore cannot bring a later reading to a position that the database already
//! counts as stored, and two engines that were given copies of one folder cannot take each
//! other's positions for their own. What an earlier life left is read to its end and no further.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::appender::lock;
use crate::segment::{self, Segment};
use crate::{Journal, JournalError, Options, Recovery, StreamId, recovery};

/// A journal folder, held by one engine.
#[derive(Debug)]
pub struct Streams {
    root: PathBuf,
    earlier: Vec<EarlierStream>,
    next: u64,
    _lock: File,
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
        fs::create_dir_all(root).map_err(JournalError::io("create", root))?;
        let lock = lock(root)?;
        let mut streams = Self {
            root: root.to_owned(),
            earlier: Vec::new(),
            next: 1,
            _lock: lock,
        };
        for (number, dir) in numbered(root)? {
            streams.next = number + 1;
            match EarlierStream::open(&dir) {
                Ok(Some(earlier)) => streams.earlier.push(earlier),
                Ok(None) => remove(&dir)?,
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

    /// Begins the stream of this life, in a folder of its own. The budget of `options` is for all
    /// streams together.
    pub fn begin(&self, options: Options) -> Result<Journal, JournalError> {
        let dir = self.root.join(format!("{:06}", self.next));
        let (journal, _) = Journal::open_within(&self.root, &dir, options)?;
        segment::sync_dir(&self.root)?;
        Ok(journal)
    }

    /// Deletes the streams of `root` that no engine holds, whose newest segment is older than
    /// `is_old` says and that `is_needed` does not claim; returns how many.
    pub fn trim(
        root: &Path,
        is_needed: impl Fn(&Path) -> bool,
        is_old: impl Fn(std::time::SystemTime) -> bool,
    ) -> Result<usize, JournalError> {
        let mut trimmed = 0;
        for (_, dir) in numbered(root)? {
            if is_needed(&dir) {
                continue;
            }
            let Ok(_unheld) = lock(&dir) else { continue };
            let changed = segment::list(&dir)?.last().and_then(|(_, path)| {
                let file = fs::metadata(path).ok()?;
                file.modified().ok()
            });
            if changed.is_none_or(&is_old) {
                remove(&dir)?;
                trimmed += 1;
            }
        }
        Ok(trimmed)
    }
}

impl EarlierStream {
    /// `None` if there is no frame in it.
    fn open(dir: &Path) -> Result<Option<Self>, JournalError> {
        let _held = lock(dir)?;
        let mut damaged = Vec::new();
        for (base, path) in segment::list(dir)?.into_iter().rev() {
            match Segment::open(&path, true) {
                Ok(segment) => {
                    let mut recovery = recovery::recover(&segment)?;
                    let end = recovery.end.position;
                    recovery.damaged.extend(damaged.pop().map(|to| (end, to)));
                    if end.get() == 0 && recovery.damaged.is_empty() {
                        return Ok(None);
                    }
                    return Ok(Some(Self {
                        dir: dir.to_owned(),
                        stream: segment.header.stream,
                        recovery,
                    }));
                }
                // Its header is damaged, and with it the name of the stream: the one before knows.
                Err(JournalError::NotASegment { .. }) => damaged.push(base),
                Err(error) => return Err(error),
            }
        }
        match damaged.is_empty() {
            true => Ok(None),
            false => Err(JournalError::NoStream {
                path: dir.to_owned(),
            }),
        }
    }
}

/// The numbered folders in `root`, ascending.
fn numbered(root: &Path) -> Result<Vec<(u64, PathBuf)>, JournalError> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(root).map_err(JournalError::io("list", root))? {
        let path = entry.map_err(JournalError::io("list", root))?.path();
        let number = path
            .file_name()
            .and_then(|name| name.to_str()?.parse().ok());
        folders.extend(
            number
                .filter(|_| path.is_dir())
                .map(|number| (number, path)),
        );
    }
    folders.sort();
    Ok(folders)
}

fn remove(dir: &Path) -> Result<(), JournalError> {
    fs::remove_dir_all(dir).map_err(JournalError::io("delete", dir))
}
