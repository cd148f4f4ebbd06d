//! Appending: records into a buffer, the buffer into the segment, the segment onto the disk.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use gridos_model::{
    AlarmRecord, AuditRecord, DeadLetter, Epoch, Gap, Readings, Timestamp, Transition,
};

use crate::segment::{self, HEADER_BYTES, Segment, SegmentHeader};
use crate::storage::{Disk, Lock, Storage, StoredFile};
use crate::tip::{Spare, Tip};
use crate::{Frames, JournalError, Position, Recovery, StreamId, Syncer, Tail, recovery, usage};

/// A segment grows to so many times its size while no next one can be prepared.
const SEGMENT_GROWTH_MAX: u64 = 2;

/// The knobs of a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Bytes of a segment, reserved when it is made; 64 MiB by default.
    ///
    /// Smaller segments free disk sooner, larger ones are begun less often. The next one is made
    /// ahead, so that a journal takes at least two.
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
///
/// As long as there is a [`Syncer`], it waits for the disk and this does not; else this does all.
#[derive(Debug)]
pub struct Journal {
    tip: Arc<Tip>,
    stream: StreamId,
    segment: Entered,
    /// What is not durable, and behind it what is not written.
    frames: Frames,
    written: Tail,
    /// Why the next segment could not be begun.
    trouble: Option<JournalError>,
    /// Bytes of all other segments, as far as known.
    bytes_before_segment: u64,
    /// Held as long as the journal is open, so that no second engine appends.
    _lock: Lock,
}

/// The segment that is written to.
#[derive(Debug)]
struct Entered {
    file: Arc<dyn StoredFile>,
    path: PathBuf,
    base: Position,
    /// Bytes of the file that are reserved.
    reserved: u64,
}

impl Journal {
    /// Opens the journal in `dir`, making the folder and a new stream if there is none, and
    /// recovering from whatever happened before.
    pub fn open(dir: &Path, options: Options) -> Result<(Self, Recovery), JournalError> {
        Self::open_on(Disk::shared(), dir, options)
    }

    /// The same, on `storage`.
    pub fn open_on(
        storage: Arc<dyn Storage>,
        dir: &Path,
        options: Options,
    ) -> Result<(Self, Recovery), JournalError> {
        Self::open_within(storage, dir, dir, options)
    }

    /// The same, with a budget for all that is in the folder `root`.
    pub(crate) fn open_within(
        storage: Arc<dyn Storage>,
        root: &Path,
        dir: &Path,
        options: Options,
    ) -> Result<(Self, Recovery), JournalError> {
        segment::make_dir(&*storage, dir)?;
        let lock = lock(&*storage, dir)?;
        segment::remove_spare(&*storage, dir)?;
        let last = segment::list(&*storage, dir)?.pop();
        let tip = |tail| Tip::new(Arc::clone(&storage), root, dir, options, tail);
        match last {
            Some((_, path)) => {
                let segment = Segment::open(&*storage, &path, true)?;
                let recovery = recovery::recover(&segment, None)?;
                let journal = Self::resume(tip(recovery.end), &segment, recovery.end, lock)?;
                Ok((journal, recovery))
            }
            None => {
                let journal = Self::begin(tip(Tail::default()), lock)?;
                Ok((journal, Recovery::default()))
            }
        }
    }

    /// A new stream.
    fn begin(tip: Tip, lock: Lock) -> Result<Self, JournalError> {
        let stream = StreamId::from_raw(random());
        tip.prepare()?;
        let spare = tip.spare().ok_or(JournalError::Poisoned)?;
        let tail = tip.durable();
        let header = header(stream, tail);
        write_header(&tip, &spare, header)?;
        tip.advance(tail.position);
        tip.sync()?;
        Ok(Self::of(tip, spare, header, tail, lock))
    }

    /// An earlier stream, continued.
    fn resume(tip: Tip, segment: &Segment, end: Tail, lock: Lock) -> Result<Self, JournalError> {
        let Options {
            segment_bytes,
            bytes_max,
        } = tip.options();
        let (bytes, _) = usage::of(tip.storage(), tip.root())?;
        let missing = segment_bytes.saturating_sub(segment.bytes()?);
        let mut reserved = 0;
        if missing > 0 && bytes + missing <= bytes_max {
            match segment::reserve(&*segment.file, &segment.path, segment_bytes) {
                Ok(()) => reserved = segment_bytes,
                Err(error) if error.is_full() => {}
                Err(error) => return Err(error),
            }
        }
        // What a killed process wrote may still be only in the page cache; it counts as durable
        // from here on.
        let synced = segment.file.sync_all();
        synced.map_err(JournalError::io("sync", &segment.path))?;
        let file = Arc::clone(&segment.file);
        tip.enter(Arc::clone(&file), segment.header.base.position);
        let spare = Spare { file, reserved };
        Ok(Self::of(tip, spare, segment.header, end, lock))
    }

    fn of(tip: Tip, spare: Spare, header: SegmentHeader, end: Tail, lock: Lock) -> Self {
        let segment = Entered::new(&tip, spare, header.base.position);
        let mut journal = Self {
            tip: Arc::new(tip),
            stream: header.stream,
            segment,
            frames: Frames::of_stream(header.stream, header.id, end),
            written: end,
            trouble: None,
            bytes_before_segment: 0,
            _lock: lock,
        };
        journal.count_others();
        journal
    }

    /// The folder of its segments.
    pub fn dir(&self) -> &Path {
        self.tip.dir()
    }

    /// The stream this journal is.
    pub fn stream(&self) -> StreamId {
        self.stream
    }

    /// The end of everything appended, written or not.
    pub fn end(&self) -> Tail {
        self.frames.until()
    }

    /// Bytes appended and not yet written.
    pub fn unwritten_bytes(&self) -> usize {
        self.unwritten().len()
    }

    /// Appends a batch to what is to be written; returns the position behind it.
    pub fn append_readings(&mut self, readings: &Readings<'_>) -> Position {
        self.frames.append_readings(readings)
    }

    /// Appends a batch whose device is held under `epoch`; returns the position behind it.
    pub fn append_held_readings(&mut self, readings: &Readings<'_>, epoch: Epoch) -> Position {
        self.frames.append_held_readings(readings, epoch)
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

    /// Appends what happened to alarms to what is to be written; returns the position behind it.
    pub fn append_alarms(&mut self, records: &[AlarmRecord]) -> Position {
        self.frames.append_alarms(records)
    }

    /// Appends what somebody did to what is to be written; returns the position behind it.
    pub fn append_audit(&mut self, records: &[AuditRecord]) -> Position {
        self.frames.append_audit(records)
    }

    /// Writes what was appended to the file, from where readers and the [`Syncer`] see it.
    ///
    /// On an error nothing is lost: what is not durable stays in memory, and goes to the same
    /// place of the stream when this is called again; to another file if the disk failed, and
    /// then with everything that is not known to be durable.
    pub fn write(&mut self) -> Result<Tail, JournalError> {
        self.frames.forget_cheaply(self.tip.durable());
        if self.tip.is_poisoned() {
            return self.renew();
        }
        if self.unwritten().is_empty() {
            return Ok(self.written);
        }
        if !self.has_room() {
            self.trouble = self.begin_next().err();
            self.check_growth()?;
        }
        self.check_budget()?;
        let offset = self.offset_of(self.written.position);
        let written = self.segment.file.write_at(self.unwritten(), offset);
        if let Err(error) = written {
            if !segment::is_full(&error) {
                self.tip.on_write_failed();
            }
            return Err(JournalError::io("write", &self.segment.path)(error));
        }
        self.written = self.end();
        self.tip.on_written(self.written);
        Ok(self.written)
    }

    /// Why the next segment could not be begun at the last write, although that was due; tried
    /// again at the next one.
    pub fn trouble(&self) -> Option<&JournalError> {
        self.trouble.as_ref()
    }

    /// The end of what is in the files.
    pub fn written(&self) -> Tail {
        self.written
    }

    /// The end of what survives a power cut, as far as known.
    pub fn durable(&self) -> Tail {
        self.tip.durable()
    }

    /// Whether the disk failed, and what is not known to be durable is to be written again:
    /// [`Journal::write`] does that.
    pub fn is_poisoned(&self) -> bool {
        self.tip.is_poisoned()
    }

    /// How often the disk failed since it last made something durable.
    pub fn failures(&self) -> u32 {
        self.tip.failures()
    }

    /// How often segments were given up, and what they held written again to another.
    pub fn renewals(&self) -> u64 {
        self.tip.renewals()
    }

    /// The other end of the way to the disk, for the thread that syncs.
    pub fn syncer(&self) -> Syncer {
        Syncer::new(Arc::clone(&self.tip))
    }

    /// Deletes the segments that lie wholly before `position`; returns how many.
    ///
    /// Deleting needs no free space, so this works on a full disk.
    pub fn trim(dir: &Path, position: Position) -> Result<usize, JournalError> {
        Self::trim_on(&Disk, dir, position)
    }

    /// The same, on `storage`.
    pub fn trim_on(
        storage: &dyn Storage,
        dir: &Path,
        position: Position,
    ) -> Result<usize, JournalError> {
        let segments = segment::list(storage, dir)?;
        let mut trimmed = 0;
        for pair in segments.windows(2) {
            let [(_, path), (next_base, _)] = pair else {
                continue;
            };
            if *next_base > position {
                break;
            }
            let removed = storage.remove(path);
            removed.map_err(JournalError::io("delete", path))?;
            trimmed += 1;
        }
        Ok(trimmed)
    }

    /// Bytes of all segments in `root` and the folders in it, with what is reserved for them, and
    /// how many there are.
    pub fn usage(root: &Path) -> Result<(u64, usize), JournalError> {
        usage::of(&Disk, root)
    }

    fn unwritten(&self) -> &[u8] {
        self.frames.bytes_from(self.written.position)
    }

    fn offset_of(&self, position: Position) -> u64 {
        HEADER_BYTES as u64 + position.bytes_since(self.segment.base)
    }

    /// Whether the segment has room for what is to be written, or none of the stream yet.
    fn has_room(&self) -> bool {
        self.written.position == self.segment.base
            || self.offset_of(self.end().position) <= self.tip.options().segment_bytes
    }

    /// Refuses to let a segment without a next one take the whole disk: only what is behind it is ever
    /// deleted, and then there would be nothing, however much is stored.
    fn check_growth(&self) -> Result<(), JournalError> {
        let bytes = self.offset_of(self.written.position);
        match self.has_room() || bytes < SEGMENT_GROWTH_MAX * self.tip.options().segment_bytes {
            true => Ok(()),
            false => Err(JournalError::Budget { bytes }),
        }
    }

    fn is_alone(&self) -> bool {
        Arc::strong_count(&self.tip) == 1
    }

    /// Refuses to write beyond the budget; asks the disk only when it might be that near.
    fn check_budget(&mut self) -> Result<(), JournalError> {
        let Options {
            segment_bytes,
            bytes_max,
        } = self.tip.options();
        let end = self.offset_of(self.end().position);
        let own = end.max(self.segment.reserved);
        // There may be a spare that was not counted.
        if self.bytes_before_segment + own + segment_bytes <= bytes_max {
            return Ok(());
        }
        let (bytes, _) = usage::of(self.tip.storage(), self.tip.root())?;
        let length = self.segment.file.bytes();
        let length = length.map_err(JournalError::io("measure", &self.segment.path))?;
        self.bytes_before_segment = bytes.saturating_sub(length);
        let growth = end.saturating_sub(length);
        if growth == 0 || bytes + growth <= bytes_max {
            return Ok(());
        }
        Err(JournalError::Budget { bytes })
    }

    fn count_others(&mut self) {
        let length = self.segment.file.bytes();
        if let (Ok((bytes, _)), Ok(length)) =
            (usage::of(self.tip.storage(), self.tip.root()), length)
        {
            self.bytes_before_segment = bytes.saturating_sub(length);
        }
    }

    /// Begins the next segment with what is to be written, if a file for it is prepared. The full
    /// one goes on growing meanwhile.
    fn begin_next(&mut self) -> Result<(), JournalError> {
        if self.is_alone() {
            self.tip.prepare()?;
        }
        let Some(spare) = self.tip.spare() else {
            return Ok(());
        };
        let header = header(self.stream, self.written);
        write_header(&self.tip, &spare, header)?;
        if !self.tip.advance(self.written.position) {
            return Ok(());
        }
        self.frames.reseal(self.written.position, header.id);
        self.segment = Entered::new(&self.tip, spare, self.written.position);
        self.count_others();
        match self.is_alone() {
            true => self.tip.sync().map(|_| ()),
            false => Ok(()),
        }
    }

    /// Writes all that is not known to be durable to a new segment, which begins where the durable
    /// part ends. Frames name their segment, so they are sealed anew.
    fn renew(&mut self) -> Result<Tail, JournalError> {
        if self.is_alone() {
            self.tip.prepare()?;
        }
        let spare = self.tip.spare().ok_or(JournalError::Poisoned)?;
        let durable = self.tip.durable();
        self.frames.forget(durable);
        let header = header(self.stream, durable);
        self.frames.reseal(durable.position, header.id);
        write_header(&self.tip, &spare, header)?;
        let written = spare
            .file
            .write_at(self.frames.bytes(), HEADER_BYTES as u64);
        if let Err(error) = written {
            self.tip.discard_spare();
            let path = segment::spare_path(self.tip.dir());
            return Err(JournalError::io("write", path)(error));
        }
        self.written = self.end();
        self.tip.renew(durable.position, self.written);
        self.segment = Entered::new(&self.tip, spare, durable.position);
        self.trouble = None;
        self.count_others();
        if self.is_alone() {
            self.tip.sync()?;
        }
        Ok(self.written)
    }
}

impl Entered {
    fn new(tip: &Tip, spare: Spare, base: Position) -> Self {
        Self {
            file: spare.file,
            path: segment::path(tip.dir(), base),
            base,
            reserved: spare.reserved,
        }
    }
}

fn write_header(tip: &Tip, spare: &Spare, header: SegmentHeader) -> Result<(), JournalError> {
    spare.file.write_at(&header.to_bytes(), 0).map_err(|error| {
        tip.discard_spare();
        JournalError::io("write", segment::spare_path(tip.dir()))(error)
    })
}

fn header(stream: StreamId, base: Tail) -> SegmentHeader {
    SegmentHeader {
        stream,
        id: random(),
        base,
        created: Timestamp::from(SystemTime::now()),
    }
}

/// A number nobody can guess twice, and not 0: the standard library's hasher is seeded by the
/// system.
fn random() -> u64 {
    RandomState::new().build_hasher().finish() | 1
}

pub(crate) fn lock(storage: &dyn Storage, dir: &Path) -> Result<Lock, JournalError> {
    let path = dir.join("lock");
    let lock = storage.lock(&path);
    let lock = lock.map_err(JournalError::io("lock", path))?;
    lock.ok_or_else(|| JournalError::InUse {
        path: dir.to_owned(),
    })
}
