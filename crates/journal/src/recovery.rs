//! Recovery: where the stream ends after whatever happened.

use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::frame::{self, ALIGN, FrameError};
use crate::segment::Segment;
use crate::{JournalError, Position, Tail};

/// What opening a journal found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Where the stream ends: the next frame is written here.
    pub end: Tail,
    /// Bytes cut off because they were no whole frame: a write that a crash interrupted.
    pub torn_bytes: u64,
    /// Spans before the end in which no frame could be read; they are left as they are.
    pub damaged: Vec<(Position, Position)>,
}

/// Finds the end of the last segment and cuts off a torn tail.
///
/// Only a bad span with no good frame behind it is a torn tail; any other is damage, which is
/// reported and skipped by readers.
pub(crate) fn recover(segment: &Segment) -> Result<Recovery, JournalError> {
    let bytes = read_frames(segment)?;
    let base = segment.header.base;
    let mut recovery = Recovery {
        end: base,
        ..Recovery::default()
    };
    let mut offset = 0;
    let find = |offset| {
        find_frame(&bytes, offset, base.position, segment.header.id)
            .map_err(|newer| newer.refuse(&segment.path))
    };
    while let Some(found) = find(offset)? {
        let place = |offset: usize| base.position.plus(offset as u64);
        if found.offset > offset {
            recovery.damaged.push((place(offset), place(found.offset)));
        }
        let header = found.header;
        offset = found.offset + header.frame_bytes();
        recovery.end = Tail {
            position: place(offset),
            readings: header
                .readings_before
                .saturating_add(u64::from(header.readings)),
        };
    }
    recovery.torn_bytes = (bytes.len() - offset) as u64;
    if recovery.torn_bytes > 0 {
        let end = segment.offset_of(recovery.end.position);
        segment
            .file
            .set_len(end)
            .map_err(JournalError::io("truncate", &segment.path))?;
        segment
            .file
            .sync_all()
            .map_err(JournalError::io("sync", &segment.path))?;
    }
    Ok(recovery)
}

/// A good frame and where it begins.
pub(crate) struct Found {
    pub(crate) offset: usize,
    pub(crate) header: frame::Header,
}

/// The first good frame at or after `offset` in `bytes`, whose first byte stands at `base` of
/// segment `segment`. Frames of another version are passed over like damage.
pub(crate) fn next_frame(
    bytes: &[u8],
    offset: usize,
    base: Position,
    segment: u64,
) -> Option<Found> {
    let mut offset = offset;
    loop {
        match find_frame(bytes, offset, base, segment) {
            Ok(found) => return found,
            Err(newer) => offset = newer.offset + ALIGN,
        }
    }
}

/// A frame whose checksum is right, of a version this engine does not know.
pub(crate) struct Newer {
    pub(crate) offset: usize,
    pub(crate) version: u16,
}

/// Like [`next_frame`], for those who would cut off or overwrite what they do not understand.
pub(crate) fn find_frame(
    bytes: &[u8],
    offset: usize,
    base: Position,
    segment: u64,
) -> Result<Option<Found>, Newer> {
    let mut offset = offset;
    while offset + frame::HEADER_BYTES <= bytes.len() {
        match frame::check(&bytes[offset..], base.plus(offset as u64), segment) {
            Ok(header) => return Ok(Some(Found { offset, header })),
            Err(FrameError::Version { version }) => return Err(Newer { offset, version }),
            Err(
                FrameError::Short
                | FrameError::Length { .. }
                | FrameError::Misplaced
                | FrameError::Checksum,
            ) => offset += ALIGN,
        }
    }
    Ok(None)
}

impl Newer {
    /// The refusal to open the file at `path`.
    pub(crate) fn refuse(&self, path: &Path) -> JournalError {
        JournalError::Newer {
            path: path.to_owned(),
            version: self.version,
        }
    }
}

fn read_frames(segment: &Segment) -> Result<Vec<u8>, JournalError> {
    let length = segment
        .bytes()?
        .saturating_sub(segment.offset_of(segment.header.base.position));
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
    segment
        .file
        .read_exact_at(&mut bytes, segment.offset_of(segment.header.base.position))
        .map_err(JournalError::io("read", &segment.path))?;
    Ok(bytes)
}
