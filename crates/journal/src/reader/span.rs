//! What stands around and in a span of the stream that cannot be read.

use gridos_model::Timestamp;

use super::{Read, Reader};
use crate::{Chunk, GivenUp, JournalError, Position, Tail, segment};

/// So far back a good record is looked for.
const BACK_BYTES: u64 = 1 << 20;
/// Bytes read at once when a record is looked for.
const LOOK_BYTES: usize = 64 << 10;
/// Damaged spans that are passed over when a record is looked for.
const DAMAGE_MAX: usize = 64;

impl Reader {
    /// When the first record at or behind `from` was received; `until` is an end of the stream.
    pub fn received_from(
        &mut self,
        from: Tail,
        until: Tail,
    ) -> Result<Option<Timestamp>, JournalError> {
        let (mut chunk, mut from) = (Chunk::default(), from);
        for _ in 0..DAMAGE_MAX {
            match self.read(from, until, 1, &mut chunk)? {
                Read::Frames => match chunk.received().next() {
                    Some(received) => return Ok(Some(received)),
                    None => from = chunk.until(),
                },
                Read::Damaged { resume } if resume.position > from.position => from = resume,
                Read::Damaged { .. } | Read::End | Read::Foreign => return Ok(None),
            }
        }
        Ok(None)
    }

    /// When the last record before `at` was received, if one of the last MiB can be read.
    pub fn received_before(&mut self, at: Tail) -> Result<Option<Timestamp>, JournalError> {
        let (mut chunk, mut last) = (Chunk::default(), None);
        let mut from = self.near_end(at, BACK_BYTES)?;
        for _ in 0..DAMAGE_MAX {
            match self.read(from, at, LOOK_BYTES, &mut chunk)? {
                Read::Frames => {
                    last = chunk.received().last().or(last);
                    from = chunk.until();
                }
                Read::Damaged { resume } if resume.position > from.position => from = resume,
                Read::Damaged { .. } | Read::End | Read::Foreign => break,
            }
        }
        Ok(last)
    }

    /// What is known of the hole at `at`, if it was made by giving up what was not stored.
    pub fn given_up(&self, at: Position) -> Result<Option<GivenUp>, JournalError> {
        GivenUp::find(&self.dir, at)
    }

    /// When the stream was last written to, as far as its files tell.
    pub fn last_write(&self) -> Option<Timestamp> {
        let segments = segment::list(&*self.storage, &self.dir).ok()?;
        let (_, path) = segments.last()?;
        let modified = self.storage.stat(path).ok()?.modified;
        Some(modified.into())
    }

    /// The octets from `from` up to `until`, whatever they are, as far as they stand in the segment
    /// that holds `from`; `max` at most. Of a segment whose header is damaged, from its first octet.
    pub fn octets(
        &mut self,
        from: Position,
        until: Position,
        max: usize,
    ) -> Result<Vec<u8>, JournalError> {
        match self.seek(from, until) {
            Err(JournalError::NotASegment { path, .. }) => {
                let opened = self.storage.open(&path, false);
                let file = opened.map_err(JournalError::io("open", &path))?;
                let span = usize::try_from(until.bytes_since(from)).unwrap_or(usize::MAX);
                let mut octets = vec![0; span.min(max)];
                let read = file.read_at(&mut octets, 0);
                octets.truncate(read.map_err(JournalError::io("read", &path))?);
                return Ok(octets);
            }
            sought => sought?,
        }
        let Some(current) = &self.current else {
            return Ok(Vec::new());
        };
        let end = current.next_base.map_or(until, |next| next.min(until));
        let span = usize::try_from(end.bytes_since(from)).unwrap_or(usize::MAX);
        let mut octets = vec![0; span.min(max)];
        let segment = &current.segment;
        let read = segment.file.read_at(&mut octets, segment.offset_of(from));
        octets.truncate(read.map_err(JournalError::io("read", &segment.path))?);
        Ok(octets)
    }
}
