//! The tip of the stream: what is written and not yet durable, between the thread that writes and
//! the one that syncs.
//!
//! A segment is written to before it has a name. It gets its name when all before it is durable and
//! what it holds so far, so whatever a power cut leaves, only the last segment can be torn.
//!
//! When the disk fails to take something, nothing is known of what was written and not durable, and
//! asking again would be answered well (Rebello et al., USENIX ATC 2020). So the segments that hold
//! it are given up, and all of it is written again, from the durable end on, to another file:
//!
//! ```text
//! …0100.journal   durable up to 0180, then in doubt      readers stop at 0180, where the next begins
//! …0180.journal   the same records, durable               named when synced, acknowledged when named
//! ```

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::segment::{self, HEADER_BYTES};
use crate::storage::{Storage, StoredFile};
use crate::{JournalError, Options, Position, Tail, usage};

/// Less room than this is none: a segment that cannot reserve its size begins with as much left.
const ROOM_MIN: u64 = 64 << 10;

/// What is written and not yet durable.
#[derive(Debug)]
pub(crate) struct Tip {
    storage: Arc<dyn Storage>,
    /// The folder whose bytes the budget is for.
    root: PathBuf,
    dir: PathBuf,
    options: Options,
    state: Mutex<State>,
    /// Held while the disk works for the tip: a file reports a failed write-back to one sync only,
    /// and nobody may take the next one's success for durability.
    working: Mutex<()>,
}

#[derive(Debug)]
struct State {
    /// Those that hold something not durable, and last the one that is written to.
    segments: Vec<Open>,
    written: Tail,
    durable: Tail,
    /// What is to be the next segment.
    spare: Option<Spare>,
    /// Whether the disk failed since the last segment was begun.
    is_poisoned: bool,
    /// How often the disk failed since it last made something durable.
    failures: u32,
    /// How often everything was written again.
    renewals: u64,
    /// Named segments given up, until they are no longer in the way.
    given_up: Vec<Open>,
    /// Segments that may be longer than their frames.
    uncut: Vec<(Open, Position)>,
}

/// A segment that is written to.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    pub(crate) file: Arc<dyn StoredFile>,
    pub(crate) base: Position,
    pub(crate) is_named: bool,
}

/// A file without a name of its own, prepared to become a segment.
#[derive(Clone, Debug)]
pub(crate) struct Spare {
    pub(crate) file: Arc<dyn StoredFile>,
    /// Bytes reserved for it on the disk.
    pub(crate) reserved: u64,
}

/// Whether a spare is to be made.
enum Wanted {
    Nothing,
    Ahead,
    Now,
}

/// What one sync is to make durable.
struct Round {
    segments: Vec<Open>,
    written: Tail,
    renewals: u64,
    given_up: Vec<Open>,
}

impl Tip {
    /// The tip of a stream whose end `tail` is durable; nothing can be written before a segment is
    /// begun.
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        root: &Path,
        dir: &Path,
        options: Options,
        tail: Tail,
    ) -> Self {
        let state = State {
            segments: Vec::new(),
            written: tail,
            durable: tail,
            spare: None,
            is_poisoned: false,
            failures: 0,
            renewals: 0,
            given_up: Vec::new(),
            uncut: Vec::new(),
        };
        Self {
            storage,
            root: root.to_owned(),
            dir: dir.to_owned(),
            options,
            state: Mutex::new(state),
            working: Mutex::new(()),
        }
    }

    pub(crate) fn storage(&self) -> &dyn Storage {
        &*self.storage
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn options(&self) -> Options {
        self.options
    }

    pub(crate) fn written(&self) -> Tail {
        self.state().written
    }

    pub(crate) fn durable(&self) -> Tail {
        self.state().durable
    }

    pub(crate) fn is_poisoned(&self) -> bool {
        self.state().is_poisoned
    }

    pub(crate) fn failures(&self) -> u32 {
        self.state().failures
    }

    pub(crate) fn renewals(&self) -> u64 {
        self.state().renewals
    }

    // === for the thread that writes ===

    /// Everything up to `tail` is in the last segment now.
    pub(crate) fn on_written(&self, tail: Tail) {
        self.state().written = tail;
    }

    /// The disk refused a write for another reason than space: what it holds is in doubt.
    pub(crate) fn on_write_failed(&self) {
        self.state().poison();
    }

    /// The file that is prepared for the next segment; it stays where it is until it is entered.
    pub(crate) fn spare(&self) -> Option<Spare> {
        self.state().spare.clone()
    }

    /// The file that was prepared is of no use.
    pub(crate) fn discard_spare(&self) {
        let mut state = self.state();
        state.spare = None;
        state.on_refused();
    }

    /// An earlier segment, which is durable and has its name, is written to.
    pub(crate) fn enter(&self, file: Arc<dyn StoredFile>, base: Position) {
        let is_named = true;
        self.state().segments.push(Open {
            file,
            base,
            is_named,
        });
    }

    /// From now on the spare is written to, as the segment that begins at `base`; returns whether
    /// that is so, which it is not if the disk failed meanwhile.
    pub(crate) fn advance(&self, base: Position) -> bool {
        let mut state = self.state();
        if state.is_poisoned {
            return false;
        }
        let next = state.take_spare(base);
        state.segments.extend(next);
        true
    }

    /// From now on the spare is written to, which holds all that is not durable from `base` to
    /// `written`: the segments that hold it as well are given up.
    pub(crate) fn renew(&self, base: Position, written: Tail) {
        let mut state = self.state();
        let next = state.take_spare(base);
        let old = std::mem::replace(&mut state.segments, next.into_iter().collect());
        let named = old.into_iter().filter(|open| open.is_named);
        state.given_up.extend(named);
        state.written = written;
        state.is_poisoned = false;
        state.renewals += 1;
    }

    // === for the thread that syncs ===

    /// Makes everything written durable; returns the end of it.
    pub(crate) fn sync(&self) -> Result<Tail, JournalError> {
        let _alone = lock_of(&self.working);
        let round = self.begin_round()?;
        match self.make_durable(&round) {
            Ok(()) => self.end_round(round),
            Err(error) => {
                let mut state = self.state();
                // Otherwise it is of segments that are given up already.
                if state.renewals == round.renewals {
                    state.poison();
                }
                Err(error)
            }
        }
    }

    fn begin_round(&self) -> Result<Round, JournalError> {
        let state = self.state();
        if state.is_poisoned {
            return Err(JournalError::Poisoned);
        }
        Ok(Round {
            segments: state.segments.clone(),
            written: state.written,
            renewals: state.renewals,
            given_up: state.given_up.clone(),
        })
    }

    fn make_durable(&self, round: &Round) -> Result<(), JournalError> {
        for segment in &round.segments {
            let synced = segment.file.sync_data();
            synced.map_err(JournalError::io("sync", self.path_of(segment)))?;
            if !segment.is_named {
                self.name(segment, &round.given_up)?;
            }
        }
        Ok(())
    }

    /// Gives a segment that is durable its name, so that readers find it.
    fn name(&self, segment: &Open, given_up: &[Open]) -> Result<(), JournalError> {
        // One that was begun behind this one, and got its name before the disk failed, would hide
        // the end of it.
        for behind in given_up.iter().filter(|open| open.base > segment.base) {
            let path = segment::path(&self.dir, behind.base);
            match self.storage.remove(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(JournalError::io("delete", path)(error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        let (from, to) = (segment::spare_path(&self.dir), self.path_of(segment));
        let renamed = self.storage.rename(&from, &to);
        renamed.map_err(JournalError::io("rename", from))?;
        for open in &mut self.state().segments {
            open.is_named |= Arc::ptr_eq(&open.file, &segment.file);
        }
        segment::sync_dir(&*self.storage, &self.dir)
    }

    fn end_round(&self, round: Round) -> Result<Tail, JournalError> {
        let mut state = self.state();
        if state.is_poisoned || state.renewals != round.renewals {
            return Err(JournalError::Poisoned);
        }
        state.durable = round.written;
        state.failures = 0;
        let done = round.segments.len().saturating_sub(1);
        let done: Vec<_> = state.segments.drain(..done).collect();
        let begins = round.segments.iter().map(|open| open.base).skip(1);
        state.uncut.extend(done.into_iter().zip(begins));
        if let Some(first) = round.segments.first() {
            let given_up = std::mem::take(&mut state.given_up);
            let before = given_up.into_iter().filter(|open| open.base < first.base);
            state.uncut.extend(before.map(|open| (open, first.base)));
        }
        Ok(state.durable)
    }

    /// Does what receipts need not wait for: cuts complete segments to their frames, and prepares
    /// the file that is to be the next one, if there is none.
    pub(crate) fn prepare(&self) -> Result<(), JournalError> {
        let _alone = lock_of(&self.working);
        self.cut_complete();
        let wanted = self.state().wants_spare();
        match wanted {
            Wanted::Nothing => Ok(()),
            Wanted::Ahead => self.make_spare(self.room()?),
            // Nothing can be written without it: it is made whatever room there is.
            Wanted::Now => {
                let made = match self.room() {
                    Ok(reserved) => self.make_spare(reserved),
                    Err(error) => Err(error),
                };
                let made = match made {
                    Err(error) if error.is_full() => self.make_spare(0),
                    made => made,
                };
                made.inspect_err(|_| self.state().on_refused())
            }
        }
    }

    fn make_spare(&self, reserved: u64) -> Result<(), JournalError> {
        let file = segment::prepare(&*self.storage, &self.dir, reserved)?;
        self.state().spare = Some(Spare { file, reserved });
        Ok(())
    }

    /// What the next segment may reserve within the budget: nothing if only less than its size is
    /// left.
    fn room(&self) -> Result<u64, JournalError> {
        let (bytes, _) = usage::of(&*self.storage, &self.root)?;
        let Options {
            segment_bytes,
            bytes_max,
        } = self.options;
        let left = bytes_max.saturating_sub(bytes);
        match left {
            left if left >= segment_bytes => Ok(segment_bytes),
            left if left >= ROOM_MIN => Ok(0),
            _ => Err(JournalError::Budget { bytes }),
        }
    }

    /// Cuts what was reserved for complete segments and not used, and what is in doubt of those
    /// given up. Where that fails readers know the end all the same, by where the next one begins.
    fn cut_complete(&self) {
        let uncut = std::mem::take(&mut self.state().uncut);
        for (open, end) in uncut {
            let bytes = HEADER_BYTES as u64 + end.bytes_since(open.base);
            if open.file.bytes().is_ok_and(|found| found > bytes) {
                let _ = open.file.cut(bytes);
            }
        }
    }

    /// Gives back what was reserved and not used. Nothing more must be written.
    pub(crate) fn close(&self) {
        let _alone = lock_of(&self.working);
        let spare = {
            let mut state = self.state();
            let end = state.written.position;
            let is_whole = !state.is_poisoned && state.written == state.durable;
            let last = state.segments.last().filter(|_| is_whole).cloned();
            state.uncut.extend(last.map(|last| (last, end)));
            state.spare.take()
        };
        self.cut_complete();
        if spare.is_some() {
            // One that stays is removed at the next start.
            let _ = segment::remove_spare(&*self.storage, &self.dir);
        }
    }

    fn path_of(&self, segment: &Open) -> PathBuf {
        segment::path(&self.dir, segment.base)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock_of(&self.state)
    }
}

impl State {
    fn poison(&mut self) {
        if !self.is_poisoned {
            self.is_poisoned = true;
            self.failures += 1;
        }
    }

    /// A segment that is written to and has no name yet stands where a spare would.
    fn wants_spare(&self) -> Wanted {
        let last = self.segments.last();
        match self.spare {
            Some(_) => Wanted::Nothing,
            None if self.is_poisoned || last.is_none() => Wanted::Now,
            None if last.is_some_and(|open| open.is_named) => Wanted::Ahead,
            None => Wanted::Nothing,
        }
    }

    fn take_spare(&mut self, base: Position) -> Option<Open> {
        self.spare.take().map(|spare| Open {
            file: spare.file,
            base,
            is_named: false,
        })
    }

    /// No segment could be prepared: that matters only when one is needed.
    fn on_refused(&mut self) {
        if self.is_poisoned {
            self.failures = self.failures.saturating_add(1);
        }
    }
}

/// What the mutexes here guard is whole at every moment, also after a panic.
fn lock_of<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
