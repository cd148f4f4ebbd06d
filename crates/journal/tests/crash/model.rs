//! What was appended and what was promised, to compare with what is read.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use gridos_journal::storage::Storage;
use gridos_journal::{
    Chunk, Journal, JournalError, Position, Read, Reader, Record, StreamId, Tail,
};
use gridos_model::{
    Batch, DeadLetter, DeviceId, Directory, DirectoryBuilder, Gap, GapReason, Point, Quality,
    Readings, Timestamp,
};

use crate::chance::Chance;

/// One life of the engine.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    pub(crate) stream: StreamId,
    /// Every record appended, by where it begins.
    pub(crate) records: BTreeMap<Position, Appended>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Appended {
    pub(crate) id: u32,
    pub(crate) until: Tail,
}

/// What was promised at some moment: everything before is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Note {
    Durable {
        life: usize,
        tail: Tail,
        /// What a database remembers of the place.
        checksum: Option<u32>,
    },
    /// The layout book has every layout.
    Introduced,
    /// What is before may be gone.
    Trimmed { life: usize, position: Position },
    /// The snapshot is of this place or a later one.
    Kept { life: usize, tail: Tail },
}

/// Spans that were read and those that could not be.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) records: BTreeMap<Position, Appended>,
    pub(crate) damaged: Vec<(Position, Position)>,
    pub(crate) checksum: Option<u32>,
}

pub(crate) fn directory() -> Directory {
    let mut builder = DirectoryBuilder::default();
    builder.add("d", vec![Point::new("p", "A")], &[]).unwrap();
    builder.build()
}

/// Appends a record that tells its number.
pub(crate) fn append(journal: &mut Journal, life: &mut Life, id: u32, chance: &mut Chance) {
    let (at, from) = (Timestamp::from_millis(i64::from(id)), journal.end());
    let device = DeviceId::of("d");
    match id % 3 {
        0 => journal.append_gap(&Gap {
            device,
            from: at,
            until: at,
            reason: GapReason::EngineDown,
        }),
        1 => {
            let octets = vec![0xa5; usize::try_from(chance.below(2_000)).unwrap()];
            journal.append_letter(&DeadLetter::new(device, at, "why", &octets))
        }
        _ => {
            let mut batch = Batch::default();
            batch.start_events(directory().devices()[0].whole(), at);
            for _ in 0..=chance.below(40) {
                batch.push_event(0, at, f64::from(id), Quality::GOOD);
            }
            journal.append_readings(&batch.readings().unwrap())
        }
    };
    let until = journal.end();
    life.records.insert(from.position, Appended { id, until });
}

fn id_of(record: &Record<'_>) -> u32 {
    let millis = match record {
        Record::Gap(gap) => gap.until.as_nanos() / 1_000_000,
        Record::Letter(letter) => {
            assert!(letter.octets().iter().all(|octet| *octet == 0xa5));
            letter.received().as_nanos() / 1_000_000
        }
        Record::Readings(Readings::Events(events)) => {
            let id = events.received.as_nanos() / 1_000_000;
            assert!(events.values.iter().all(|value| *value == id as f64));
            id
        }
        other @ (Record::Readings(_)
        | Record::Transitions(_)
        | Record::Alarms(_)
        | Record::Audit(_)) => {
            panic!("{other:?}")
        }
    };
    u32::try_from(millis).unwrap()
}

/// Reads from `from` to `until`.
pub(crate) fn read(reader: &mut Reader, from: Tail, until: Tail, chance: &mut Chance) -> Seen {
    let (mut at, mut seen, mut chunk) = (from, Seen::default(), Chunk::default());
    loop {
        let bytes = 1 + usize::try_from(chance.below(20_000)).unwrap();
        let read = match reader.read(at, until, bytes, &mut chunk) {
            // Nothing is left of a short segment: the next one goes on, as for a writer.
            Err(JournalError::NotASegment { .. }) => Read::Damaged {
                resume: reader.next_segment(at.position).unwrap().unwrap_or(until),
            },
            read => read.unwrap(),
        };
        match read {
            Read::End => {
                assert_eq!(at, until);
                return seen;
            }
            Read::Foreign => panic!("another history at {at:?}"),
            Read::Damaged { resume } => {
                assert!(resume.position > at.position, "{at:?} {resume:?}");
                seen.damaged.push((at.position, resume.position));
                seen.checksum = None;
                at = resume;
            }
            Read::Frames => {
                seen.checksum = chunk.last_checksum();
                for (position, record) in chunk.records() {
                    let header = chunk.header(position).unwrap();
                    let readings = header.readings_before + u64::from(header.readings);
                    let until = Tail {
                        position: position.plus(header.frame_bytes() as u64),
                        readings,
                    };
                    let id = id_of(&record.unwrap());
                    let appended = Appended { id, until };
                    assert_eq!(seen.records.insert(position, appended), None);
                }
                at = chunk.until();
            }
        }
    }
}

impl Life {
    /// Everything read is what was appended there, and nothing of what was promised is missing but
    /// what `is_lost`.
    pub(crate) fn check(
        &self,
        seen: &Seen,
        promised: (Position, Position),
        is_lost: impl Fn(Position, Position) -> bool,
    ) {
        for (position, found) in &seen.records {
            assert_eq!(self.records.get(position), Some(found), "at {position}");
        }
        for (position, appended) in self.records.range(promised.0..promised.1) {
            let until = appended.until.position;
            let is_there = seen.records.contains_key(position);
            assert!(
                is_there || is_lost(*position, until),
                "{position}..{until} of {} is not there: {:?}",
                self.stream,
                seen.damaged
            );
        }
    }
}

/// A reader of the journal in `dir` of a simulated disk.
pub(crate) fn reader(storage: &Arc<dyn Storage>, dir: &Path) -> Reader {
    Reader::on(Arc::clone(storage), dir)
}
