//! The span in which no engine ran: what nobody polled then is missing, and the history says so.

use gridos_journal::{Chunk, EarlierStream, JournalError, Read, Reader};
use gridos_model::{DeviceId, Gap, GapReason, Timestamp};

/// So much of the end of the youngest earlier stream is read for the time of its last record.
const BYTES_MAX: u64 = 4 << 20;
/// Bytes read at once.
const CHUNK_BYTES: usize = 1 << 20;

/// The gap from the last record of earlier lives to `now`; `None` if there is no record, or its
/// time is not before `now`.
///
/// A journal whose end cannot be read tells no gap; that is said in the log.
pub(super) fn gap(earlier: &[EarlierStream], now: Timestamp) -> Option<Gap> {
    let last = earlier.iter().rev().find_map(|stream| {
        last_received(stream).unwrap_or_else(|error| {
            tracing::warn!(%error, stream = %stream.stream, "how long no engine ran is not known");
            None
        })
    });
    let from = last.filter(|from| *from < now)?;
    Some(Gap {
        device: DeviceId::WHOLE_ENGINE,
        from,
        until: now,
        reason: GapReason::EngineDown,
    })
}

/// When the last record of `stream` was received, as far as one says so.
fn last_received(stream: &EarlierStream) -> Result<Option<Timestamp>, JournalError> {
    let until = stream.recovery.end;
    let mut reader = Reader::new(&stream.dir);
    let mut at = reader.near_end(until, BYTES_MAX)?;
    let (mut chunk, mut last) = (Chunk::default(), None);
    loop {
        at = match reader.read(at, until, CHUNK_BYTES, &mut chunk)? {
            Read::Frames => chunk.until(),
            Read::Damaged { resume } if resume.position > at.position => resume,
            Read::End | Read::Damaged { .. } | Read::Foreign => return Ok(last),
        };
        let records = chunk.records().filter_map(|(_, record)| record.ok());
        last = last.max(records.filter_map(|record| record.received()).max());
    }
}
