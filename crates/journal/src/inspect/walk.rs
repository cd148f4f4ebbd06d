//! A walk over one segment file: every octet of it is a frame's or of a span that is none.
//!
//! Memory is bounded by the longest frame, whatever the file claims.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rkyv::util::AlignedVec;

use super::{SegmentFile, SegmentInfo};
use crate::frame::{self, ALIGN, FrameError, HEADER_BYTES, Header};
use crate::segment::HEADER_BYTES as FIRST;
use crate::{JournalError, Position, Record, RecordError, record};

/// Bytes read at once.
const WINDOW_BYTES: usize = 1 << 20;

/// One step of the walk.
#[derive(Debug)]
pub enum Step<'a> {
    /// A whole frame whose checksum is right.
    Frame {
        /// Where it stands in the file.
        offset: u64,
        /// What it says of itself.
        header: Header,
        /// What it holds.
        record: Result<Record<'a>, RecordError>,
    },
    /// No frame.
    Span(Span),
}

/// Octets that are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where they stand in the file.
    pub offset: u64,
    /// How many there are.
    pub bytes: u64,
    /// What they are.
    pub kind: SpanKind,
}

/// What octets are that are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanKind {
    /// Something else than was written, before a good frame or the next segment.
    Damaged,
    /// The file ends before the next segment begins.
    Missing,
    /// The end of the last segment that a crash interrupted, or that is being written.
    Torn,
    /// Room that was never written to.
    Unused,
    /// A frame of a later version.
    Newer {
        /// Its format version.
        version: u16,
    },
}

/// Goes through a segment from its first frame.
#[derive(Debug)]
pub struct Walk {
    file: File,
    path: PathBuf,
    info: SegmentInfo,
    is_last: bool,
    /// Where frames of this segment end at the latest, and where the file ends.
    end: u64,
    file_end: u64,
    at: u64,
    window: AlignedVec<ALIGN>,
    window_at: u64,
    /// What follows when `at` is reached.
    pending: Option<Span>,
}

impl Walk {
    /// A walk over `segment`, whose header says `info`, as long as the file is now.
    pub fn open(segment: &SegmentFile, info: SegmentInfo) -> Result<Self, JournalError> {
        let path = &segment.path;
        let file = File::open(path).map_err(JournalError::io("open", path))?;
        let length = file.metadata().map_err(JournalError::io("measure", path))?;
        let file_end = length.len();
        let next = segment
            .next
            .map(|next| FIRST as u64 + next.bytes_since(info.base.position));
        let end = next.map_or(file_end, |next| next.min(file_end));
        let mut walk = Self {
            file,
            path: path.clone(),
            info,
            is_last: next.is_none(),
            end,
            file_end,
            at: FIRST as u64,
            window: AlignedVec::new(),
            window_at: 0,
            pending: None,
        };
        if let Some(next) = next.filter(|next| *next > file_end) {
            walk.pending = Some(Span {
                offset: file_end.max(walk.at),
                bytes: next - file_end.max(walk.at),
                kind: SpanKind::Missing,
            });
        }
        Ok(walk)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The position of what stands at `offset` of the file.
    pub fn position(&self, offset: u64) -> Position {
        let base = self.info.base.position;
        base.plus(offset.saturating_sub(FIRST as u64))
    }

    /// The next frame or span; `None` at the end of the file.
    pub fn step(&mut self) -> Result<Option<Step<'_>>, JournalError> {
        if self.at >= self.end {
            return Ok(self.rest().map(Step::Span));
        }
        let offset = self.at;
        match self.check(offset)? {
            Ok(header) => {
                self.at += header.frame_bytes() as u64;
                Ok(Some(self.frame(offset, header)))
            }
            Err(FrameError::Version { version }) => {
                // Its checksum is right, so its length is.
                let bytes = self.claimed(offset)?.min(self.end - offset);
                self.at += bytes;
                let kind = SpanKind::Newer { version };
                Ok(Some(Step::Span(Span {
                    offset,
                    bytes,
                    kind,
                })))
            }
            Err(_) => self.span(offset).map(|span| Some(Step::Span(span))),
        }
    }

    fn frame(&self, offset: u64, header: Header) -> Step<'_> {
        let start = usize::try_from(offset - self.window_at).unwrap_or(usize::MAX);
        let payload = start + HEADER_BYTES;
        let payload = payload..payload + header.length as usize;
        let payload = self.window.get(payload).unwrap_or_default();
        let record = record::read(header.kind, payload);
        Step::Frame {
            offset,
            header,
            record: record.and_then(|record| agrees(record, &header)),
        }
    }

    /// The span from `offset` to the next good frame, or to the end.
    fn span(&mut self, offset: u64) -> Result<Span, JournalError> {
        // Behind the last octet that is not zero.
        let mut written = offset;
        let mut next = offset;
        while next < self.end {
            if next > offset && self.is_frame(next)? {
                self.at = next;
                let (bytes, kind) = (next - offset, SpanKind::Damaged);
                return Ok(Span {
                    offset,
                    bytes,
                    kind,
                });
            }
            let bytes = self.load(next, ALIGN)?;
            if let Some(last) = bytes.iter().take(ALIGN).rposition(|byte| *byte != 0) {
                written = next + last as u64 + 1;
            }
            next += ALIGN as u64;
        }
        self.at = self.end;
        let unused = Span {
            offset: written,
            bytes: self.end - written,
            kind: SpanKind::Unused,
        };
        if !self.is_last {
            let (bytes, kind) = (self.end - offset, SpanKind::Damaged);
            return Ok(Span {
                offset,
                bytes,
                kind,
            });
        }
        if written == offset {
            return Ok(unused);
        }
        self.pending = Some(unused).filter(|unused| unused.bytes > 0);
        Ok(Span {
            offset,
            bytes: written - offset,
            kind: SpanKind::Torn,
        })
    }

    /// What stands behind the frames.
    fn rest(&mut self) -> Option<Span> {
        if let Some(pending) = self.pending.take() {
            return Some(pending);
        }
        let beyond = self
            .file_end
            .checked_sub(self.end)
            .filter(|beyond| *beyond > 0)?;
        let offset = std::mem::replace(&mut self.end, self.file_end);
        self.at = self.file_end;
        Some(Span {
            offset,
            bytes: beyond,
            kind: SpanKind::Unused,
        })
    }

    fn is_frame(&mut self, offset: u64) -> Result<bool, JournalError> {
        let checked = self.check(offset)?;
        Ok(matches!(checked, Ok(_) | Err(FrameError::Version { .. })))
    }

    fn check(&mut self, offset: u64) -> Result<Result<Header, FrameError>, JournalError> {
        let (position, id) = (self.position(offset), self.info.id);
        let claimed = match frame::peek(self.load(offset, HEADER_BYTES)?) {
            Ok(header) if header.position == position && header.segment == id => header,
            Ok(_) => return Ok(Err(FrameError::Misplaced)),
            Err(error) => return Ok(Err(error)),
        };
        let bytes = self.load(offset, claimed.frame_bytes())?;
        Ok(frame::check(bytes, position, id))
    }

    fn claimed(&mut self, offset: u64) -> Result<u64, JournalError> {
        let header = frame::peek(self.load(offset, HEADER_BYTES)?);
        Ok(header.map_or(ALIGN, |header| header.frame_bytes()) as u64)
    }

    /// The octets from `offset` on, `wanted` at least unless the frames end before.
    fn load(&mut self, offset: u64, wanted: usize) -> Result<&[u8], JournalError> {
        let left = usize::try_from(self.end - offset).unwrap_or(usize::MAX);
        let wanted = wanted.min(left);
        let start = offset.checked_sub(self.window_at);
        let start = start.and_then(|start| usize::try_from(start).ok());
        if let Some(start) = start
            && start + wanted <= self.window.len()
        {
            return Ok(&self.window[start..]);
        }
        self.window.resize(wanted.max(WINDOW_BYTES).min(left), 0);
        self.window_at = offset;
        let mut loaded = 0;
        while loaded < self.window.len() {
            match self
                .file
                .read_at(&mut self.window[loaded..], offset + loaded as u64)
            {
                // It became shorter meanwhile.
                Ok(0) => break,
                Ok(count) => loaded += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(JournalError::io("read", &self.path)(error)),
            }
        }
        self.window[loaded..].fill(0);
        Ok(&self.window)
    }
}

/// A record whose count of readings is not that of its frame is none.
fn agrees<'a>(record: Record<'a>, header: &Header) -> Result<Record<'a>, RecordError> {
    match &record {
        Record::Readings(readings) if readings.len() != header.readings as usize => {
            let reason = "count of readings differs from the frame's".to_owned();
            Err(RecordError::Malformed { reason })
        }
        Record::Readings(_)
        | Record::Transitions(_)
        | Record::Gap(_)
        | Record::Letter(_)
        | Record::Alarms(_)
        | Record::Audit(_) => Ok(record),
    }
}
