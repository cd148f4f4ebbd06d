//! Looking for frames in a file whose bytes may be anything, through a window of bounded memory.

use std::path::Path;

use crate::frame::{self, ALIGN, FrameError, Header};
use crate::segment::Segment;
use crate::storage::StoredFile;
use crate::{JournalError, Position};

/// Bytes read at once, if no frame asks for more.
const WINDOW_BYTES: usize = 1 << 20;
/// What a preallocated tail consists of; compared by the block.
const ZEROS: &[u8; 4_096] = &[0; 4_096];

/// A walk over frames, good and bad.
pub(crate) struct Scan<'a> {
    file: &'a dyn StoredFile,
    path: &'a Path,
    /// The segment whose frames are good; any if `None`.
    segment: Option<u64>,
    /// Where `base` is in the file.
    origin: u64,
    base: Position,
    /// Where to stop, in the file.
    end: u64,
    window: Vec<u8>,
    /// Where the window begins, in the file.
    start: u64,
}

/// A good frame and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) position: Position,
    pub(crate) header: Header,
}

/// What stands at some place.
enum At {
    Good(Found),
    Newer { version: u16 },
    Bad,
}

impl<'a> Scan<'a> {
    /// Over the frames of `segment` before `until`, or all if `None`.
    pub(crate) fn of_segment(
        segment: &'a Segment,
        until: Option<Position>,
    ) -> Result<Self, JournalError> {
        let base = segment.header.base.position;
        let scan = Self::of_file(
            &*segment.file,
            &segment.path,
            segment.offset_of(base),
            base,
            Some(segment.header.id),
        )?;
        let end = until.map_or(scan.end, |until| segment.offset_of(until).min(scan.end));
        Ok(Self { end, ..scan })
    }

    /// Over the frames of `segment`, or of any, from `origin` on, which stand from `base` on.
    pub(crate) fn of_file(
        file: &'a dyn StoredFile,
        path: &'a Path,
        origin: u64,
        base: Position,
        segment: Option<u64>,
    ) -> Result<Self, JournalError> {
        let end = file.bytes().map_err(JournalError::io("measure", path))?;
        Ok(Self {
            file,
            path,
            segment,
            origin,
            base,
            end,
            window: Vec::new(),
            start: 0,
        })
    }

    /// The first good frame at or behind `from`. One of a version that this engine does not know is
    /// an error: who would cut off or overwrite the rest must not.
    pub(crate) fn next(&mut self, from: Position) -> Result<Option<Found>, JournalError> {
        self.find(from, |version, path| {
            Err(JournalError::Newer {
                path: path.to_owned(),
                version,
            })
        })
    }

    /// The same, passing over what this engine does not know as if it were damaged.
    pub(crate) fn next_known(&mut self, from: Position) -> Result<Option<Found>, JournalError> {
        self.find(from, |_, _| Ok(()))
    }

    fn find(
        &mut self,
        from: Position,
        on_newer: impl Fn(u16, &Path) -> Result<(), JournalError>,
    ) -> Result<Option<Found>, JournalError> {
        let mut offset = self.origin + from.bytes_since(self.base);
        while offset + frame::HEADER_BYTES as u64 <= self.end {
            if let Some(behind) = self.behind_zeros(offset)? {
                offset = behind;
                continue;
            }
            match self.look(offset)? {
                At::Good(found) => return Ok(Some(found)),
                At::Newer { version } => on_newer(version, self.path)?,
                At::Bad => {}
            }
            offset += ALIGN as u64;
        }
        Ok(None)
    }

    /// The whole frame that was found, header and all.
    pub(crate) fn frame(&mut self, found: &Found) -> Result<&[u8], JournalError> {
        let offset = self.origin + found.position.bytes_since(self.base);
        self.at(offset, found.header.frame_bytes())
    }

    /// Bytes from `from` to the last one that is not zero: none if nothing was written there.
    pub(crate) fn written_behind(&mut self, from: Position) -> Result<u64, JournalError> {
        let begin = self.origin + from.bytes_since(self.base);
        let (mut offset, mut last) = (begin, begin);
        while offset < self.end {
            let block = self.at(offset, ZEROS.len())?;
            if *block != ZEROS[..block.len()] {
                let used = block.iter().rposition(|byte| *byte != 0);
                last = used.map_or(last, |used| offset + used as u64 + 1);
            }
            if block.is_empty() {
                break;
            }
            offset += block.len() as u64;
        }
        Ok(last - begin)
    }

    fn look(&mut self, offset: u64) -> Result<At, JournalError> {
        let position = self.base.plus(offset - self.origin);
        let Ok(claimed) = frame::peek(self.at(offset, frame::HEADER_BYTES)?) else {
            return Ok(At::Bad);
        };
        let segment = self.segment.unwrap_or(claimed.segment);
        if claimed.position != position || claimed.segment != segment {
            return Ok(At::Bad);
        }
        let bytes = self.at(offset, claimed.frame_bytes())?;
        Ok(match frame::check(bytes, position, segment) {
            Ok(header) => At::Good(Found { position, header }),
            Err(FrameError::Version { version }) => At::Newer { version },
            Err(
                FrameError::Short
                | FrameError::Length { .. }
                | FrameError::Misplaced
                | FrameError::Checksum,
            ) => At::Bad,
        })
    }

    /// The place behind a block of zeros that begins at `offset`, if one does.
    fn behind_zeros(&mut self, offset: u64) -> Result<Option<u64>, JournalError> {
        let block = self.at(offset, ZEROS.len())?;
        Ok((block == ZEROS).then(|| offset + ZEROS.len() as u64))
    }

    /// `wanted` bytes from `offset` on, fewer only at the end.
    fn at(&mut self, offset: u64, wanted: usize) -> Result<&[u8], JournalError> {
        let left = usize::try_from(self.end.saturating_sub(offset)).unwrap_or(usize::MAX);
        let wanted = wanted.min(left);
        let is_there = |start: u64, length: usize| {
            let skip = offset.checked_sub(start)?;
            let skip = usize::try_from(skip).ok()?;
            (skip.checked_add(wanted)? <= length).then_some(skip)
        };
        if is_there(self.start, self.window.len()).is_none() {
            self.window.resize(WINDOW_BYTES.max(wanted).min(left), 0);
            let loaded = self
                .file
                .read_at(&mut self.window, offset)
                .map_err(JournalError::io("read", self.path))?;
            self.window.truncate(loaded);
            self.start = offset;
        }
        let skip = is_there(self.start, self.window.len()).unwrap_or(0);
        let until = (skip + wanted).min(self.window.len());
        Ok(&self.window[skip..until])
    }
}
