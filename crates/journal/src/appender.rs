//! Appending: records into a buffer, the buffer into the segment, the segment onto the disk.

use std::fs::{self, File};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use gridos_model::{DeadLetter, Gap, Readings, Timestamp, Transition};

use crate::segment::{self, Segment, SegmentHeader};
use crate::{Frames, JournalError, Position, Recovery, StreamId, Tail, recovery};

/// The knobs of a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// A segment that has reached this many bytes is followed by a new one; 64 MiB by default.
    ///
    /// Smaller segments free disk sooner, larger ones are begun less often.
    pub segment_bytes: u64,
    /// The most bytes all segments together may hold; beyond it appending is refused.
    ///
    /// It must leave room for a few segments and for what is appended between two writes, or
    /// trimming can never make enough room.
    pub bytes_max: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            bytes_max: 8 << 30,
        }
    }
}

/// The end of the stream that is written to: owned by one thread.
#[derive(Debug)]
pub struct Journal {
    /// The folder whose bytes the budget is for.
    root: PathBuf,
    dir: PathBuf,
    options: Options,
    segment: Segment,
    /// Frames that are not yet in the file.
    frames: Frames,
    /// Why the next segment could not be begun.
    trouble: Option<JournalError>,
    /// Bytes of all other segments, as far as known.
    bytes_before_segment: u64,
    shared: Arc<Shared>,
    /// Held as long as the journal is open, so that no second engine appends.
    _lock: File,
}

#[derive(Debug)]
struct Shared {
    written: AtomicU64,
    poisoned: AtomicBool,
    segment: Mutex<Arc<File>>,
    /// Held from the look at `poisoned` to the end of a sync: a file reports a failed write-back
    /// to one sync only, and nobody may take the next one's success for durability.
    syncing: Mutex<()>,
}

impl Journal {
    /// Opens the journal in `dir`, making the folder and a new stream if there is none, and
    /// recovering from whatever happened before.
    pub fn open(dir: &Path, options: Options) -> Result<(Self, Recovery), JournalError> {
        Self::open_within(dir, dir, options)
    }

    /// The same, with a budget for all that is in the folder `root`.
    pub(crate) fn open_within(
        root: &Path,
        dir: &Path,
        options: Options,
    ) -> Result<(Self, Recovery), JournalError> {
        fs::create_dir_all(dir).map_err(JournalError::io("create", dir))?;
        let lock = lock(dir)?;
        let (segment, recovery) = match segment::list(dir)?.last() {
            Some((_, path)) => {
                let segment = Segment::open(path, true)?;
                let recovery = recovery::recover(&segment)?;
                (segment, recovery)
            }
            None => {
                let stream = StreamId::from_raw(random());
                (create(dir, stream, Tail::default())?, Recovery::default())
            }
        };
        let shared = Shared {
            written: AtomicU64::new(recovery.end.position.get()),
            poisoned: AtomicBool::new(false),
            segment: Mutex::new(Arc::clone(&segment.file)),
            syncing: Mutex::new(()),
        };
        // What a killed process wrote may still be only in the page cache; it counts as durable
        // from here on.
        segment
            .file
            .sync_all()
            .map_err(JournalError::io("sync", &segment.path))?;
        let bytes_before_segment = Self::usage(root)?.0.saturating_sub(segment.bytes()?);
        let frames = Frames::new(segment.header.id, recovery.end);
        let journal = Self {
            root: root.to_owned(),
            dir: dir.to_owned(),
            options,
            segment,
            frames,
            trouble: None,
            bytes_before_segment,
            shared: Arc::new(shared),
            _lock: lock,
        };
        Ok((journal, recovery))
    }

    /// The folder of its segments.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The stream this journal is.
    pub fn stream(&self) -> StreamId {
        self.segment.header.stream
    }

    /// The end of everything appended, written or not.
    pub fn end(&self) -> Tail {
        self.frames.until()
    }

    /// Bytes appended and not yet written.
    pub fn unwritten_bytes(&self) -> usize {
        self.frames.bytes().len()
    }

    /// Appends a batch to what is to be written; returns the position behind it.
    pub fn append_readings(&mut self, readings: &Readings<'_>) -> Position {
        self.frames.append_readings(readings)
    }

    /// Appends alarm transitions to what is to be written; returns the position behind them.
    pub fn append_transitions(&mut self, transitions: &[Transition]) -> Position {
        self.frames.append_transitions(transitions)
    }

    /// Appends a gap to what is to be written; returns the position behind it.
    pub fn append_gap(&mut self, gap: &Gap) -> Position {
        self.frames.append_gap(gap)
    }

    /// Appends a dead letter to what is to be written; returns the position behind it.
    pub fn append_letter(&mut self, letter: &DeadLetter) -> Position {
        self.frames.append_letter(letter)
    }

    /// Writes what was appended to the file, from where readers and the [`Syncer`] see it.
    ///
    /// On an error nothing is lost: what is not written stays in the buffer, and goes to the same
    /// place when this is called again. Frames name their segment, so a new one is begun only
    /// when the buffer is empty; if that fails, the full one goes on growing meanwhile.
    pub fn write(&mut self) -> Result<Tail, JournalError> {
        if self.frames.bytes().is_empty() {
            return Ok(self.end());
        }
        if self.shared.poisoned.load(Ordering::Acquire) {
            return Err(JournalError::Poisoned);
        }
        self.check_budget()?;
        let offset = self.segment.offset_of(self.frames.from().position);
        self.segment
            .file
            .write_all_at(self.frames.bytes(), offset)
            .map_err(JournalError::io("write", &self.segment.path))?;
        self.frames.restart(self.segment.header.id);
        let end = self.end();
        self.shared
            .written
            .store(end.position.get(), Ordering::Release);
        if self.segment_is_full() {
            self.trouble = self.begin_segment().err();
            if self.shared.poisoned.load(Ordering::Acquire) {
                return Err(JournalError::Poisoned);
            }
        }
        Ok(end)
    }

    /// Why the next segment could not be begun at the last write, although that was due; tried
    /// again at the next one.
    pub fn trouble(&self) -> Option<&JournalError> {
        self.trouble.as_ref()
    }

    /// The end of what is in the files.
    pub fn written(&self) -> Tail {
        self.frames.from()
    }

    /// The other end of the way to the disk, for the thread that syncs.
    pub fn syncer(&self) -> Syncer {
        Syncer {
            shared: Arc::clone(&self.shared),
            dir: self.dir.clone(),
        }
    }

    /// Deletes the segments that lie wholly before `position`; returns how many.
    ///
    /// Deleting needs no free space, so this works on a full disk.
    pub fn trim(dir: &Path, position: Position) -> Result<usize, JournalError> {
        let segments = segment::list(dir)?;
        let mut trimmed = 0;
        for pair in segments.windows(2) {
            let [(_, path), (next_base, _)] = pair else {
                continue;
            };
            if *next_base > position {
                break;
            }
            fs::remove_file(path).map_err(JournalError::io("delete", path))?;
            trimmed += 1;
        }
        Ok(trimmed)
    }

    /// Bytes of all segments in `root` and the folders in it, and how many there are.
    pub fn usage(root: &Path) -> Result<(u64, usize), JournalError> {
        let (mut bytes, mut count) = (0, 0);
        for entry in fs::read_dir(root).map_err(JournalError::io("list", root))? {
            let path = entry.map_err(JournalError::io("list", root))?.path();
            let (more_bytes, more) = if path.is_dir() {
                Self::usage(&path)?
            } else if segment::is_segment(&path) {
                // One that was trimmed since it was listed takes no space.
                (fs::metadata(&path).map(|file| file.len()).unwrap_or(0), 1)
            } else {
                (0, 0)
            };
            (bytes, count) = (bytes + more_bytes, count + more);
        }
        Ok((bytes, count))
    }

    fn segment_is_full(&self) -> bool {
        self.segment.offset_of(self.frames.from().position) >= self.options.segment_bytes
    }

    /// Refuses to write beyond the budget; asks the disk only when a whole segment would not fit.
    fn check_budget(&mut self) -> Result<(), JournalError> {
        let own = self.segment.offset_of(self.end().position);
        if self.bytes_before_segment + own <= self.options.bytes_max {
            return Ok(());
        }
        let (bytes, _) = Self::usage(&self.root)?;
        self.bytes_before_segment = bytes.saturating_sub(self.segment.bytes()?);
        if bytes + self.frames.bytes().len() as u64 <= self.options.bytes_max {
            return Ok(());
        }
        Err(JournalError::Budget { bytes })
    }

    /// Begins the next segment. The full one is made durable first, so that only the last segment
    /// of a journal can ever be torn.
    fn begin_segment(&mut self) -> Result<(), JournalError> {
        self.shared.sync(&self.segment.file, &self.segment.path)?;
        let next = create(&self.dir, self.stream(), self.end()).inspect_err(|error| {
            if matches!(error, JournalError::Poisoned) {
                self.shared.poisoned.store(true, Ordering::Release);
            }
        })?;
        *lock_of(&self.shared.segment) = Arc::clone(&next.file);
        self.segment = next;
        self.frames.restart(self.segment.header.id);
        if let Ok((bytes, _)) = Self::usage(&self.root) {
            self.bytes_before_segment = bytes;
        }
        Ok(())
    }
}

/// Makes what was written durable, on a thread of its own.
#[derive(Clone, Debug)]
pub struct Syncer {
    shared: Arc<Shared>,
    dir: PathBuf,
}

impl Syncer {
    /// Everything before this is in the files, durable or not.
    pub fn written(&self) -> Position {
        Position::new(self.shared.written.load(Ordering::Acquire))
    }

    /// Makes everything written so far durable; returns the position before which it is.
    ///
    /// A failed sync is never tried again on the same pages, because the kernel may have dropped
    /// them and would answer well (Rebello et al., USENIX ATC 2020): every later call and every
    /// later write fails with [`JournalError::Poisoned`], and nothing more is acknowledged.
    pub fn sync(&self) -> Result<Position, JournalError> {
        // Read before the file is looked up: a segment that was full by then is durable already.
        let written = self.written();
        let file = Arc::clone(&lock_of(&self.shared.segment));
        self.shared.sync(&file, &self.dir)?;
        Ok(written)
    }
}

impl Shared {
    fn sync(&self, file: &File, path: &Path) -> Result<(), JournalError> {
        let _alone = lock_of(&self.syncing);
        if self.poisoned.load(Ordering::Acquire) {
            return Err(JournalError::Poisoned);
        }
        file.sync_data().map_err(|error| {
            self.poisoned.store(true, Ordering::Release);
            JournalError::io("sync", path)(error)
        })
    }
}

/// What the mutexes here guard is whole at every moment, also after a panic.
fn lock_of<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn create(dir: &Path, stream: StreamId, base: Tail) -> Result<Segment, JournalError> {
    let created = Timestamp::from(SystemTime::now());
    Segment::create(
        dir,
        SegmentHeader {
            stream,
            id: random(),
            base,
            created,
        },
    )
}

/// A number nobody can guess twice: the standard library's hasher is seeded by the system.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

pub(crate) fn lock(dir: &Path) -> Result<File, JournalError> {
    let path = dir.join("lock");
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(JournalError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(JournalError::InUse {
            path: dir.to_owned(),
        }),
        Err(fs::TryLockError::Error(error)) => Err(JournalError::io("lock", &path)(error)),
    }
}
