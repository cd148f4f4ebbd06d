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
    /// No frame can be read here; the stream goes on at `resume`, or at the asked end if nothing
    /// good is known before it.
    Damaged {
        /// The next good place.
        resume: Tail,
    },
}

impl Reader {
    /// A reader of the journal in `dir`.
    pub fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            current: None,
        }
    }

    /// Reads whole frames from `from`, none reaching past `until` (a position behind a frame, and
    /// no further than what was written), about `bytes_max` bytes but at least one frame.
    pub fn read(
        &mut self,
        from: Tail,
        until: Position,
        bytes_max: usize,
        chunk: &mut Chunk,
    ) -> Result<Read, JournalError> {
        chunk.bytes.clear();
        (chunk.from, chunk.until) = (from, from);
        if from.position >= until {
            return Ok(Read::End);
        }
        self.seek(from.position)?;
        let Some(current) = &self.current else {
            return Ok(Read::End);
        };
        let end = current.next_base.map_or(until, |base| base.min(until));
        let bytes = load(&current.segment, from.position, end, bytes_max, chunk)?;
        chunk.keep_whole_frames(bytes, current.segment.header.id);
        if chunk.bytes.is_empty() {
            self.resume(from, end)
                .map(|resume| Read::Damaged { resume })
        } else {
            Ok(Read::Frames)
        }
    }

    /// The oldest place that can be read.
    pub fn oldest(&self) -> Result<Tail, JournalError> {
        match segment::list(&self.dir)?.first() {
            Some((_, path)) => Ok(Segment::open(path, false)?.header.base),
            None => Ok(Tail::default()),
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

    /// The next good frame behind the bad one at `from`, or else `end`.
    fn resume(&self, from: Tail, end: Position) -> Result<Tail, JournalError> {
        let Some(current) = &self.current else {
            return Ok(from);
        };
        let segment = &current.segment;
        let mut rest = Chunk::default();
        let span = usize::try_from(end.bytes_since(from.position)).unwrap_or(usize::MAX);
        load(segment, from.position, end, span, &mut rest)?;
        if let Some(found) = next_frame(&rest.bytes, frame::ALIGN, from.position, segment.header.id)
        {
            let position = from.position.plus(found.offset as u64);
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
        Ok(Tail {
            position: end,
            readings: from.readings,
        })
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
