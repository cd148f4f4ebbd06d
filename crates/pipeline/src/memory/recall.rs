//! Recalling what the journal tells of alarms.

use std::path::PathBuf;

use gridos_alarm::Memory;
use gridos_journal::{Chunk, EarlierStream, JournalError, Read, Reader, StreamId, Tail};

use super::Snapshot;
use crate::chain::Chain;

/// Bytes read at once.
const CHUNK_BYTES: usize = 1 << 20;

/// A stream to recall from.
#[derive(Clone, Debug)]
pub struct Source {
    /// The folder of its segments.
    pub dir: PathBuf,
    /// The stream.
    pub stream: StreamId,
    /// How far it is read.
    pub until: Tail,
}

impl From<&EarlierStream> for Source {
    fn from(earlier: &EarlierStream) -> Self {
        Self {
            dir: earlier.dir.clone(),
            stream: earlier.stream,
            until: earlier.recovery.end,
        }
    }
}

/// What is known of alarms at the end of the last one of `sources`, which stand in the order of
/// their lives: what the snapshot has, if there is one, and what the journal tells behind it.
///
/// What cannot be read is passed over. Each record has all facts of its alarm, so the next one of
/// an alarm makes good what was missing of it.
pub fn recall(snapshot: Option<Snapshot>, sources: &[Source]) -> Memory {
    let Snapshot {
        mut memory,
        stream,
        tail,
    } = match snapshot {
        Some(snapshot) => snapshot,
        None => {
            let mut memory = Memory::default();
            recall_streams(&mut memory, sources);
            return memory;
        }
    };
    match sources.iter().position(|source| source.stream == stream) {
        Some(at) => {
            let Some((source, later)) = sources[at..].split_first() else {
                return memory;
            };
            warn_of(source, recall_stream(&mut memory, source, Some(tail)));
            recall_streams(&mut memory, later);
        }
        // Its stream is gone: what is left is younger, or is passed over.
        None => recall_streams(&mut memory, sources),
    }
    memory
}

fn recall_streams(memory: &mut Memory, sources: &[Source]) {
    for source in sources {
        warn_of(source, recall_stream(memory, source, None));
    }
}

fn warn_of(source: &Source, read: Result<(), JournalError>) {
    if let Err(error) = read {
        let (stream, error) = (source.stream, Chain(&error));
        tracing::warn!(%stream, %error, "what happened to alarms cannot be read from the journal");
    }
}

/// Reads a stream from `from` on, or all that is left of it.
fn recall_stream(
    memory: &mut Memory,
    source: &Source,
    from: Option<Tail>,
) -> Result<(), JournalError> {
    let mut reader = Reader::new(&source.dir);
    let oldest = reader.oldest()?;
    // What was trimmed is in the snapshot, or lost.
    let mut at = from.filter(|from| from.position >= oldest.position);
    let mut chunk = Chunk::default();
    loop {
        let from = *at.get_or_insert(oldest);
        let next = match reader.read(from, source.until, CHUNK_BYTES, &mut chunk)? {
            Read::Frames => chunk.until(),
            Read::Damaged { resume } if resume.position > from.position => resume,
            // A place of another history of this stream: all of this one is read.
            Read::Foreign if from != oldest => oldest,
            Read::End | Read::Damaged { .. } | Read::Foreign => return Ok(()),
        };
        chunk.alarms().for_each(|record| memory.apply(&record));
        at = Some(next);
    }
}
