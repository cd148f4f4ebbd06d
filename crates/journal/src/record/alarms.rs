//! What happened to alarms, as it stands in a frame.

use gridos_model::{
    AlarmAction, AlarmFacts, AlarmFlags, AlarmId, AlarmRecord, Level, Note, Priority, Quality,
    Shelf, Suppression, Timestamp,
};
use rkyv::util::AlignedVec;
use rkyv::with::InlineAsBox;
use rkyv::{Archive, Serialize};

use super::{Record, RecordError, access, malformed, write};

/// The records of one frame take no more than this, unless a single one does.
const FRAME_BYTES: usize = 1 << 20;

/// What a record takes at most, but for the texts of its note.
const ROW_BYTES: usize = 160;

const NOT_SHELVED: u8 = 0;
const SHELVED: u8 = 1;
const SHELVED_ONE_SHOT: u8 = 2;

#[derive(Archive, Serialize)]
struct AlarmRow<'a> {
    sequence: u64,
    alarm: u64,
    occurrence: u64,
    time_ns: i64,
    received_ns: i64,
    /// 0 if it is on no shelf.
    shelf_until_ns: i64,
    value: f64,
    quality: u32,
    flags: u16,
    action: u8,
    annunciated: bool,
    from: u8,
    level: u8,
    worst: u8,
    priority: u8,
    suppression: u8,
    shelf: u8,
    note: Option<NoteRow<'a>>,
}

#[derive(Archive, Serialize)]
struct NoteRow<'a> {
    #[rkyv(with = InlineAsBox)]
    by: &'a str,
    #[rkyv(with = InlineAsBox)]
    comment: &'a str,
    #[rkyv(with = InlineAsBox)]
    key: &'a str,
    #[rkyv(with = InlineAsBox)]
    definition: &'a str,
}

/// The records in portions that a frame has room for.
pub(crate) fn portions(records: &[AlarmRecord]) -> impl Iterator<Item = &[AlarmRecord]> {
    let mut bytes = 0;
    records.chunk_by(move |record, next| {
        bytes += bytes_of(record);
        let is_room = bytes + bytes_of(next) <= FRAME_BYTES;
        if !is_room {
            bytes = 0;
        }
        is_room
    })
}

/// The most that `record` takes.
fn bytes_of(record: &AlarmRecord) -> usize {
    let note = record.note.as_deref();
    let texts = note.map_or(0, |note| {
        [&note.by, &note.comment, &note.key, &note.definition]
            .map(|text| text.len())
            .iter()
            .sum()
    });
    ROW_BYTES + texts
}

/// Appends the archive of one portion to `buffer`.
pub(super) fn write_rows(records: &[AlarmRecord], buffer: &mut AlignedVec) {
    let rows: Vec<_> = records.iter().map(AlarmRow::from).collect();
    write(&rows, buffer);
}

pub(super) fn read(payload: &[u8]) -> Result<Record<'_>, RecordError> {
    let rows: &rkyv::vec::ArchivedVec<ArchivedAlarmRow<'_>> = access(payload)?;
    let records = rows.iter().map(AlarmRecord::try_from);
    records.collect::<Result<_, _>>().map(Record::Alarms)
}

impl<'a> From<&'a AlarmRecord> for AlarmRow<'a> {
    fn from(record: &'a AlarmRecord) -> Self {
        let after = &record.after;
        let (shelf, until) = match after.shelf {
            None => (NOT_SHELVED, 0),
            Some(Shelf { until, is_one_shot }) => {
                let kind = if is_one_shot {
                    SHELVED_ONE_SHOT
                } else {
                    SHELVED
                };
                (kind, until.as_nanos())
            }
        };
        Self {
            sequence: record.sequence,
            alarm: record.alarm.raw(),
            occurrence: record.occurrence,
            time_ns: record.time.as_nanos(),
            received_ns: record.received.as_nanos(),
            shelf_until_ns: until,
            value: record.value,
            quality: record.quality.bits(),
            flags: after.flags.bits(),
            action: record.action as u8,
            annunciated: record.is_annunciated,
            from: record.from as u8,
            level: after.level as u8,
            worst: after.worst as u8,
            priority: after.priority as u8,
            suppression: after.suppression.bits(),
            shelf,
            note: record.note.as_deref().map(|note| NoteRow {
                by: &note.by,
                comment: &note.comment,
                key: &note.key,
                definition: &note.definition,
            }),
        }
    }
}

impl TryFrom<&ArchivedAlarmRow<'_>> for AlarmRecord {
    type Error = RecordError;

    fn try_from(row: &ArchivedAlarmRow<'_>) -> Result<Self, Self::Error> {
        let level = |raw| Level::from_raw(raw).ok_or_else(|| malformed("alarm level"));
        let until = Timestamp::from_nanos(row.shelf_until_ns.to_native());
        let shelf = |is_one_shot| Some(Shelf { until, is_one_shot });
        Ok(Self {
            sequence: row.sequence.to_native(),
            alarm: AlarmId::from_raw(row.alarm.to_native()),
            occurrence: row.occurrence.to_native(),
            action: AlarmAction::from_raw(row.action).ok_or_else(|| malformed("alarm action"))?,
            is_annunciated: row.annunciated,
            from: level(row.from)?,
            time: Timestamp::from_nanos(row.time_ns.to_native()),
            received: Timestamp::from_nanos(row.received_ns.to_native()),
            value: row.value.to_native(),
            quality: Quality::from_bits_retain(row.quality.to_native()),
            after: AlarmFacts {
                level: level(row.level)?,
                worst: level(row.worst)?,
                priority: Priority::from_raw(row.priority)
                    .ok_or_else(|| malformed("alarm priority"))?,
                flags: AlarmFlags::from_bits_retain(row.flags.to_native()),
                suppression: Suppression::from_bits_retain(row.suppression),
                shelf: match row.shelf {
                    NOT_SHELVED => None,
                    SHELVED => shelf(false),
                    SHELVED_ONE_SHOT => shelf(true),
                    _ => return Err(malformed("shelf of an alarm")),
                },
            },
            note: row.note.as_ref().map(|note| Box::new(Note::from(note))),
        })
    }
}

impl From<&ArchivedNoteRow<'_>> for Note {
    fn from(note: &ArchivedNoteRow<'_>) -> Self {
        Self {
            by: (*note.by).into(),
            comment: (*note.comment).into(),
            key: (*note.key).into(),
            definition: (*note.definition).into(),
        }
    }
}
