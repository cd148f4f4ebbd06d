//! The ends of the streams of earlier lives: what a start knows of what was read last.

use gridos_journal::{Chunk, EarlierStream, JournalError, LayoutBook, Read, Reader, Record, Tail};

use super::recent::{Last, Recents};
use super::youngest::Youngest;
use crate::config::Fleet;

/// So much of the ends of earlier streams is read, all together: what matters came last, and a start
/// must not take long.
const BYTES_MAX: u64 = 64 << 20;
/// Bytes read at once.
const CHUNK_BYTES: usize = 1 << 20;

/// What the ends of earlier streams tell.
#[derive(Debug)]
pub(super) struct Ends {
    /// What each outstation told last.
    pub(super) recents: Recents,
    /// When each point was read last.
    pub(super) youngest: Youngest,
}

/// Reads the ends of `earlier` for the devices and points of `fleet`.
///
/// What cannot be read any more is only not known.
pub(super) fn read(earlier: &[EarlierStream], book: &LayoutBook, fleet: &Fleet) -> Ends {
    let mut last = Last::of(fleet, book);
    let mut youngest = Youngest::of(&fleet.directory);
    let read = each_record(earlier, &mut |record| {
        if let Record::Readings(readings) = &record {
            youngest.take(readings, &fleet.directory, book)?;
        }
        last.take(record)
    });
    if let Err(error) = read {
        tracing::warn!(%error, "what was read last cannot be seen in the journal");
    }
    Ends {
        recents: last.recents(),
        youngest,
    }
}

/// Hands over the last records of `earlier`, whose youngest is the last one, in the order in which
/// they were written.
fn each_record(
    earlier: &[EarlierStream],
    take: &mut dyn FnMut(Record<'_>) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    let (mut left, mut ends) = (BYTES_MAX, Vec::new());
    for stream in earlier.iter().rev() {
        if left == 0 {
            break;
        }
        let until = stream.recovery.end;
        let mut reader = Reader::new(&stream.dir);
        let from = reader.near_end(until, left)?;
        left = left.saturating_sub(until.position.bytes_since(from.position));
        ends.push((reader, from, until));
    }
    for (mut reader, from, until) in ends.into_iter().rev() {
        each_record_of(&mut reader, from, until, take)?;
    }
    Ok(())
}

fn each_record_of(
    reader: &mut Reader,
    from: Tail,
    until: Tail,
    take: &mut dyn FnMut(Record<'_>) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    let (mut at, mut chunk) = (from, Chunk::default());
    loop {
        at = match reader.read(at, until, CHUNK_BYTES, &mut chunk)? {
            Read::Frames => chunk.until(),
            Read::Damaged { resume } if resume.position > at.position => resume,
            Read::End | Read::Damaged { .. } | Read::Foreign => return Ok(()),
        };
        for (_, record) in chunk.records() {
            if let Ok(record) = record {
                take(record)?;
            }
        }
    }
}
