//! Reading behind the appender: from a position, as many whole frames as asked for.

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::frame;
use crate::recovery::next_frame;
use crate::segment::{self, Segment};
use crate::{Chunk, JournalError, Position, Tail};

/// Follows a journal from any position; several may, beside the appender.
#[derive(Debug)]
pub struct Reader {
    dir: PathBuf,
    current: Option<Current>,
}

#[derive(Debug)]
struct Current {
    segment: Segment,
    /// Where the next segment begins, if there is one: this one is complete then.
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
        Self {
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
        self.seek(from.position)?;
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
        let segments = segment::list(&self.dir)?;
        let before = segments.partition_point(|(base, _)| *base < at.position);
        let Some(index) = before.checked_sub(1) else {
            let here = segments.first().filter(|(base, _)| *base == at.position);
            return match here {
                Some((_, path)) => Ok(Segment::open(path, false)?.header.base == at),
                None => Ok(true),
            };
        };
        let mut from = Segment::open(&segments[index].1, false)?.header.base;
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
        for (base, path) in segment::list(&self.dir)? {
            if base > position
                && let Ok(segment) = Segment::open(&path, false)
            {
                return Ok(Some(segment.header.base));
            }
        }
        Ok(None)
    }

    /// The oldest place that can be read.
    pub fn oldest(&self) -> Result<Tail, JournalError> {
        match segment::list(&self.dir)?.first() {
            Some((_, path)) => Ok(Segment::open(path, false)?.header.base),
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
        self.seek(from)?;
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

    /// Makes the segment that holds `position` the current one.
    fn seek(&mut self, position: Position) -> Result<(), JournalError> {
        if let Some(current) = &self.current {
            let base = current.segment.header.base.position;
            if base <= position && current.next_base.is_some_and(|next| position < next) {
                return Ok(());
            }
        }
        let segments = segment::list(&self.dir)?;
        let index = segments.partition_point(|(base, _)| *base <= position);
        let Some(index) = index.checked_sub(1) else {
            let oldest = segments.first().map_or(Position::START, |(base, _)| *base);
            return Err(JournalError::Trimmed {
                asked: position,
                oldest,
            });
        };
        let next_base = segments.get(index + 1).map(|(base, _)| *base);
        let (base, path) = &segments[index];
        if let Some(current) = &mut self.current
            && current.segment.header.base.position == *base
        {
            current.next_base = next_base;
            return Ok(());
        }
        self.current = Some(Current {
            segment: Segment::open(path, false)?,
            next_base,
        });
        Ok(())
    }

    /// The next good frame behind the bad one at `from` and before `end`, or else where the next
    /// segment begins, or else `until`.
    fn resume(&self, from: Position, end: Position, until: Tail) -> Result<Tail, JournalError> {
        let Some(current) = &self.current else {
            return Ok(until);
        };
        let segment = &current.segment;
        let mut rest = Chunk::default();
        let span = usize::try_from(end.bytes_since(from)).unwrap_or(usize::MAX);
        load(segment, from, end, span, &mut rest)?;
        if let Some(found) = next_frame(&rest.bytes, frame::ALIGN, from, segment.header.id) {
            let position = from.plus(found.offset as u64);
            return Ok(Tail {
                position,
                readings: found.header.readings_before,
            });
        }
        if current.next_base == Some(end) {
            let segments = segment::list(&self.dir)?;
            if let Some((_, path)) = segments.iter().find(|(base, _)| *base == end) {
                return Ok(Segment::open(path, false)?.header.base);
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
        let loaded = read_up_to(segment, &mut chunk.bytes, offset)?;
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

/// A short file (damage, or a tail that was never written) gives fewer bytes, not an error.
fn read_up_to(segment: &Segment, bytes: &mut [u8], offset: u64) -> Result<usize, JournalError> {
    let mut loaded = 0;
    while loaded < bytes.len() {
        match segment
            .file
            .read_at(&mut bytes[loaded..], offset + loaded as u64)
        {
            Ok(0) => break,
            Ok(count) => loaded += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(JournalError::io("read", &segment.path)(error)),
        }
    }
    Ok(loaded)
}
