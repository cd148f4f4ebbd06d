//! Recovery: where the stream ends after whatever happened.

use crate::scan::Scan;
use crate::segment::Segment;
use crate::{JournalError, Position, Tail};

/// What opening a journal found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Where the stream ends: the next frame is written here.
    pub end: Tail,
    /// Bytes cut off because they were no whole frame: a write that a crash interrupted. Zeros at
    /// the end are only room that was reserved.
    pub torn_bytes: u64,
    /// Spans before the end in which no frame could be read; they are left as they are.
    pub damaged: Vec<(Position, Position)>,
}

/// Finds the end of the last segment, before `until` if that is known, and cuts off a torn tail and
/// the room behind it.
///
/// Only a bad span with no good frame behind it is a torn tail; any other is damage, which is
/// reported and skipped by readers.
pub(crate) fn recover(
    segment: &Segment,
    until: Option<Position>,
) -> Result<Recovery, JournalError> {
    let mut recovery = Recovery {
        end: segment.header.base,
        ..Recovery::default()
    };
    let mut scan = Scan::of_segment(segment, until)?;
    while let Some(found) = scan.next(recovery.end.position)? {
        let (at, header) = (recovery.end.position, found.header);
        if found.position > at {
            recovery.damaged.push((at, found.position));
        }
        recovery.end = Tail {
            position: found.position.plus(header.frame_bytes() as u64),
            readings: header
                .readings_before
                .saturating_add(u64::from(header.readings)),
        };
    }
    recovery.torn_bytes = scan.written_behind(recovery.end.position)?;
    let end = segment.offset_of(recovery.end.position);
    if segment.bytes()? > end {
        let path = &segment.path;
        let cut = segment.file.cut(end);
        cut.map_err(JournalError::io("truncate", path))?;
        let synced = segment.file.sync_all();
        synced.map_err(JournalError::io("sync", path))?;
    }
    Ok(recovery)
}
