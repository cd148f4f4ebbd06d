//! Reading behind the appender: from a position, as many whole frames as asked for.

mod span;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::frame;
use crate::scan::Scan;
use crate::segment::{self, Segment};
use crate::storage::{Disk, Storage};
use crate::{Chunk, JournalError, Position, Tail};

/// Follows a journal from any position; several may, beside the appender.
#[derive(Debug)]
pub struct Reader {
    storage: Arc<dyn Storage>,
    dir: PathBuf,
    current: Option<Current>,
}

#[derive(Debug)]
struct Current {
    segment: Segment,
    /// Where the next segment begins, if there is one for certain: this one is complete then.
    next_base: Option<Position>,
}

/// What stands at a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// The chunk holds at least one frame.
    Frames,
    /// Nothing yet: the position is the end that was asked for.
    End,
    /// No frame can be read here; the stream goes on at `resume`, which is the asked end if
    /// nothing good is before it.
    Damaged {
        /// The next good place.
        resume: Tail,
    },
    /// Another number of readings stands before this place than asked for: the place is one of
    /// another history of this stream.
    Foreign,
}

/// Bytes read at once by [`Reader::knows`].
const KNOWS_BYTES: usize = 1 << 20;

impl Reader {
    /// A reader of the journal in `dir`.
    pub fn new(dir: &Path) -> Self {
        Self::on(Disk::shared(), dir)
    }

    /// The same, of a journal on `storage`.
    pub fn on(storage: Arc<dyn Storage>, dir: &Path) -> Self {
        Self {
            storage,
            dir: dir.to_owned(),
            current: None,
        }
    }

    /// Reads whole frames from `from`, none reaching past `until` (an end of the stream at some
    /// moment, no further than what was written), about `bytes_max` bytes but at least one frame.
    pub fn read(
        &mut self,
        from: Tail,
        until: Tail,
        bytes_max: usize,
        chunk: &mut Chunk,
    ) -> Result<Read, JournalError> {
        chunk.restart(from);
        if from.position >= until.position {
            return Ok(Read::End);
        }
        self.seek(from.position, until.position)?;
        let Some(current) = &self.current else {
            return Ok(Read::End);
        };
        let asked = until.position;
        let end = current.next_base.map_or(asked, |base| base.min(asked));
        let bytes = load(&current.segment, from.position, end, bytes_max, chunk)?;
        let before = chunk.keep_whole_frames(bytes, current.segment.header.id);
        let read = match before {
            Some(readings) if readings != from.readings => Read::Foreign,
            Some(_) => Read::Frames,
            None => {
                let resume = self.resume(from.position, end, until)?;
                if resume.readings < from.readings {
                    Read::Foreign
                } else {
                    Read::Damaged { resume }
                }
            }
        };
        if read != Read::Frames {
            chunk.restart(from);
        }
        Ok(read)
    }

    /// Whether `at` is a place that this journal has had: the frame that ends there has the
    /// checksum `last`, and as many readings stand before its end.
    ///
    /// A folder that was restored from a backup and then written again is the same stream with
    /// another history; what a database has of the one must not be continued with the other. What
    /// cannot be told any more, because it is trimmed or damaged, is believed.
    pub fn knows(&mut self, at: Tail, last: Option<u32>) -> Result<bool, JournalError> {
        match self.compare(at, last) {
            Err(JournalError::NotASegment { .. }) => Ok(true),
            compared => compared,
        }
    }

    fn compare(&mut self, at: Tail, last: Option<u32>) -> Result<bool, JournalError> {
        let segments = self.list()?;
        let before = segments.partition_point(|(base, _)| *base < at.position);
        let Some(index) = before.checked_sub(1) else {
            let here = segments.first().filter(|(base, _)| *base == at.position);
            return match here {
                Some((_, path)) => {
                    let segment = self.open(path)?;
                    Ok(segment.is_guessed || segment.header.base == at)
                }
                None => Ok(true),
            };
        };
        let mut from = self.open(&segments[index].1)?.header.base;
        let (mut chunk, mut found) = (Chunk::default(), None);
        loop {
            match self.read(from, at, KNOWS_BYTES, &mut chunk)? {
                Read::Frames => (from, found) = (chunk.until(), chunk.last_checksum()),
                Read::End => {
                    let is_same = last.is_none() || found.is_none() || last == found;
                    return Ok(is_same && from == at);
                }
                Read::Damaged { resume } if resume.position < at.position => {
                    (from, found) = (resume, None);
                }
                // Nothing good up to there: damage, or a frame that reaches past it.
                Read::Damaged { resume } => {
                    return Ok(resume == at && !self.is_good(from.position)?);
                }
                Read::Foreign => return Ok(false),
            }
        }
    }

    /// Where the next segment behind `position` begins whose header is good, if there is one.
    pub fn next_segment(&self, position: Position) -> Result<Option<Tail>, JournalError> {
        for (base, path) in self.list()? {
            if base > position
                && let Ok(segment) = self.open(&path)
            {
                return Ok(Some(segment.header.base));
            }
        }
        Ok(None)
    }

    /// The oldest place that can be read.
    pub fn oldest(&self) -> Result<Tail, JournalError> {
        match self.list()?.first() {
            Some((_, path)) => Ok(self.open(path)?.header.base),
            None => Ok(Tail::default()),
        }
    }

    /// The place of the first frame among the last `bytes` bytes before `until`, an end of the
    /// stream no further than what was written; the oldest one that can be read if there are not as
    /// many.
    pub fn near_end(&mut self, until: Tail, bytes: u64) -> Result<Tail, JournalError> {
        let align = frame::ALIGN as u64;
        let from = until.position.get().saturating_sub(bytes) / align * align;
        let from = Position::new(from);
        let oldest = self.oldest()?;
        if from <= oldest.position {
            let is_before = oldest.position < until.position;
            return Ok(if is_before { oldest } else { until });
        }
        self.seek(from, until.position)?;
        let Some(current) = &self.current else {
            return Ok(until);
        };
        let base = current.segment.header.base;
        if base.position == from {
            return Ok(base);
        }
        let asked = until.position;
        let end = current.next_base.map_or(asked, |base| base.min(asked));
        // A place before the first one where a frame may begin.
        let before = Position::new(from.get() - align);
        // Where nothing is damaged, one frame further on another one begins.
        let frame = (frame::HEADER_BYTES + frame::PAYLOAD_BYTES_MAX) as u64;
        let near = self.resume(before, end.min(from.plus(2 * frame)), until)?;
        match near == until {
            true => self.resume(before, end, until),
            false => Ok(near),
        }
    }

    /// Makes the segment that holds `position` the current one, to be read up to `until`.
    ///
    /// What is known of the last segment is not kept: one that could not be made durable is
    /// followed from the durable end on by another, or replaced by it. That can no more happen to
    /// one whose follower begins before the durable end.
    fn seek(&mut self, position: Position, until: Position) -> Result<(), JournalError> {
        if let Some(current) = &self.current {
            let base = current.segment.header.base.position;
            if base <= position && current.next_base.is_some_and(|next| position < next) {
                return Ok(());
            }
        }
        let segments = self.list()?;
        let index = segments.partition_point(|(base, _)| *base <= position);
        let Some(index) = index.checked_sub(1) else {
            let oldest = segments.first().map_or(Position::START, |(base, _)| *base);
            return Err(JournalError::Trimmed {
                asked: position,
                oldest,
            });
        };
        let next_base = segments.get(index + 1).map(|(base, _)| *base);
        self.current = Some(Current {
            segment: self.open(&segments[index].1)?,
            next_base: next_base.filter(|base| *base <= until),
        });
        Ok(())
    }

    fn list(&self) -> Result<Vec<(Position, PathBuf)>, JournalError> {
        segment::list(&*self.storage, &self.dir)
    }

    fn open(&self, path: &Path) -> Result<Segment, JournalError> {
        Segment::open(&*self.storage, path, false)
    }

    /// The next good frame behind the bad one at `from` and before `end`, or else where the next
    /// segment begins, or else `until`.
    fn resume(&self, from: Position, end: Position, until: Tail) -> Result<Tail, JournalError> {
        let Some(current) = &self.current else {
            return Ok(until);
        };
        let behind = from.plus(frame::ALIGN as u64);
        let mut scan = Scan::of_segment(&current.segment, Some(end))?;
        if let Some(found) = scan.next_known(behind)? {
            return Ok(Tail {
                position: found.position,
                readings: found.header.readings_before,
            });
        }
        if current.next_base == Some(end) {
            let segments = self.list()?;
            if let Some((_, path)) = segments.iter().find(|(base, _)| *base == end) {
                return Ok(self.open(path)?.header.base);
            }
        }
        Ok(until)
    }

    /// Whether a good frame stands at `position` of the current segment, wherever it ends.
    fn is_good(&self, position: Position) -> Result<bool, JournalError> {
        let Some(Current { segment, .. }) = &self.current else {
            return Ok(false);
        };
        let mut chunk = Chunk::default();
        let end = position.plus((frame::HEADER_BYTES + frame::PAYLOAD_BYTES_MAX) as u64);
        let loaded = load(segment, position, end, frame::HEADER_BYTES, &mut chunk)?;
        let frame = &chunk.bytes[..loaded];
        Ok(frame::check(frame, position, segment.header.id).is_ok())
    }
}

/// Loads up to `bytes_max` bytes of `[from, end)`, but a whole frame at least; returns how many.
fn load(
    segment: &Segment,
    from: Position,
    end: Position,
    bytes_max: usize,
    chunk: &mut Chunk,
) -> Result<usize, JournalError> {
    let available = usize::try_from(end.bytes_since(from)).unwrap_or(usize::MAX);
    let mut wanted = available.min(bytes_max.max(frame::HEADER_BYTES));
    loop {
        chunk.bytes.resize(wanted, 0);
        let offset = segment.offset_of(from);
        // A short file (damage, or a tail that was never written) gives fewer bytes, no error.
        let read = segment.file.read_at(&mut chunk.bytes, offset);
        let loaded = read.map_err(JournalError::io("read", &segment.path))?;
        let first = match frame::peek(&chunk.bytes[..loaded]) {
            Ok(header) => header.frame_bytes(),
            Err(_) => return Ok(loaded),
        };
        if first <= wanted || wanted == available {
            return Ok(loaded);
        }
        wanted = first.min(available);
    }
}
