//! A mirror: a part of a stream in memory, put together from pieces that somebody sent, to be read
//! like the journal that they are from.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use gridos_model::Timestamp;

use crate::frame;
use crate::memory::Memory;
use crate::segment::{self, HEADER_BYTES, SegmentHeader};
use crate::storage::{Lock, Stat, Storage, StoredFile};
use crate::{Piece, Position, Reader, StreamId, Tail};

/// A segment in memory takes no further piece from this size on, so that what is stored can go.
const SEGMENT_BYTES: usize = 4 << 20;

/// A part of one stream in memory; cloning shares it.
#[derive(Clone, Debug)]
pub struct Mirror {
    stream: StreamId,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    segments: BTreeMap<Position, Segment>,
    /// Where the next frame must stand.
    next: Position,
    end: Option<Tail>,
}

#[derive(Debug)]
struct Segment {
    id: u64,
    until: Position,
    file: Arc<Memory>,
}

/// What became of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// The mirror has it, up to there.
    Until(Tail),
    /// All of it was there, or is before the beginning.
    Known,
    /// It does not follow on what is there: something between is missing.
    Apart,
    /// It is of another stream.
    Foreign,
}

impl Mirror {
    /// Nothing of `stream` yet; the first frame will be that at `start`.
    pub fn new(stream: StreamId, start: Position) -> Self {
        let inner = Inner {
            segments: BTreeMap::new(),
            next: start,
            end: None,
        };
        Self {
            stream,
            inner: Arc::new(Mutex::new(inner)),
        }
    }

    /// Adds what of a piece is not there yet.
    pub fn add(&self, piece: &Piece) -> Added {
        if piece.stream() != self.stream {
            return Added::Foreign;
        }
        let mut inner = self.lock();
        let (next, until) = (inner.next, piece.until());
        if until.position <= next {
            return Added::Known;
        }
        // A piece that was cut elsewhere may begin before; its frames stand where those stood.
        let Some(header) = piece.chunk.header(next) else {
            return Added::Apart;
        };
        let from = Tail {
            position: next,
            readings: header.readings_before,
        };
        if inner.end.is_some_and(|end| end != from) {
            return Added::Apart;
        }
        let skipped = usize::try_from(next.bytes_since(piece.from().position)).unwrap_or(0);
        let frames = piece.chunk.bytes.get(skipped..).unwrap_or_default();
        let last = inner.segments.last_entry().map(|entry| entry.into_mut());
        let goes_on = |segment: &&mut Segment| {
            segment.id == piece.segment && segment.file.len() < SEGMENT_BYTES
        };
        match last.filter(goes_on) {
            Some(segment) => {
                segment.file.append(frames);
                segment.until = until.position;
            }
            None => {
                let segment = self.begin(piece.segment, from, frames, until.position);
                inner.segments.insert(next, segment);
            }
        }
        inner.next = until.position;
        inner.end = Some(until);
        Added::Until(until)
    }

    fn begin(&self, id: u64, base: Tail, frames: &[u8], until: Position) -> Segment {
        let header = SegmentHeader {
            stream: self.stream,
            id,
            base,
            created: Timestamp::EPOCH,
        };
        let file = Memory::default();
        file.append(&header.to_bytes());
        file.append(frames);
        Segment {
            id,
            until,
            file: Arc::new(file),
        }
    }

    /// Forgets what ends before `until`, by whole segments, but not the last one.
    pub fn forget(&self, until: Position) {
        let mut inner = self.lock();
        while inner.segments.len() > 1
            && let Some(first) = inner.segments.first_entry()
            && first.get().until <= until
        {
            first.remove();
        }
    }

    /// Where it ends; `None` if nothing came yet.
    pub fn end(&self) -> Option<Tail> {
        self.lock().end
    }

    /// Bytes in it.
    pub fn bytes(&self) -> usize {
        let inner = self.lock();
        inner
            .segments
            .values()
            .map(|segment| segment.file.len())
            .sum()
    }

    /// Who reads it.
    pub fn reader(&self) -> Reader {
        Reader::on(Arc::new(self.clone()), Path::new("mirror"))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, path: &Path) -> io::Result<Arc<Memory>> {
        let found = segment::base_of(path).and_then(|base| {
            let inner = self.lock();
            let segment = inner.segments.get(&base)?;
            Some(Arc::clone(&segment.file))
        });
        found.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}

/// It is only read: nobody appends to a mirror but [`Mirror::add`].
impl Storage for Mirror {
    fn create_dir(&self, _: &Path) -> io::Result<()> {
        Err(read_only())
    }

    fn remove_dir(&self, _: &Path) -> io::Result<()> {
        Err(read_only())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<PathBuf>> {
        let inner = self.lock();
        let bases = inner.segments.keys();
        Ok(bases.map(|base| segment::path(dir, *base)).collect())
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn create(&self, _: &Path) -> io::Result<Arc<dyn StoredFile>> {
        Err(read_only())
    }

    fn open(&self, path: &Path, writable: bool) -> io::Result<Arc<dyn StoredFile>> {
        match writable {
            true => Err(read_only()),
            false => Ok(self.find(path)?),
        }
    }

    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        Err(read_only())
    }

    fn remove(&self, _: &Path) -> io::Result<()> {
        Err(read_only())
    }

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        let bytes = self.find(path)?.len() as u64;
        Ok(Stat {
            is_dir: false,
            bytes,
            modified: SystemTime::now(),
        })
    }

    fn lock(&self, _: &Path) -> io::Result<Option<Lock>> {
        Ok(Some(Lock::alone()))
    }
}

fn read_only() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "a mirror is only read")
}

const _: () = assert!(HEADER_BYTES.is_multiple_of(frame::ALIGN));
