//! Records of alarms: back as they went in, and never as what they were not.

#![cfg(test)]

#[path = "fixtures/records.rs"]
#[expect(dead_code, reason = "other tests use the other records")]
mod records;

use gridos_journal::frame::HEADER_BYTES;
use gridos_journal::{Chunk, Frames, Record, RecordError, Tail};
use gridos_model::{
    AlarmAction, AlarmFacts, AlarmFlags, AlarmId, AlarmRecord, Level, Note, Priority, Quality,
    Shelf, Suppression, Timestamp,
};
use proptest::prelude::*;

const SEGMENT: u64 = 7;

fn frames(records: &[AlarmRecord]) -> Frames {
    let mut frames = Frames::new(SEGMENT, Tail::default());
    let end = frames.append_alarms(records);
    assert_eq!(frames.until().position, end);
    assert_eq!(frames.until().readings, 0);
    frames
}

fn loaded(bytes: &[u8]) -> Chunk {
    let mut chunk = Chunk::default();
    chunk.load_bytes(bytes, Tail::default(), SEGMENT);
    chunk
}

fn read(chunk: &Chunk) -> Vec<AlarmRecord> {
    let records = chunk.records().map(|(_, record)| match record {
        Ok(Record::Alarms(records)) => records,
        other => panic!("{other:?}"),
    });
    records.flatten().collect()
}

fn level() -> impl Strategy<Value = Level> {
    (0_u8..=5).prop_map(|raw| Level::from_raw(raw).unwrap())
}

fn facts() -> impl Strategy<Value = AlarmFacts> {
    let priority = prop::sample::select(Priority::ALL.to_vec());
    let shelf = prop::option::of((any::<i64>(), any::<bool>()));
    let bits = (any::<u16>(), any::<u8>());
    (level(), level(), priority, bits, shelf).prop_map(|(level, worst, priority, bits, shelf)| {
        AlarmFacts {
            level,
            worst,
            priority,
            flags: AlarmFlags::from_bits_retain(bits.0),
            suppression: Suppression::from_bits_retain(bits.1),
            shelf: shelf.map(|(until, is_one_shot)| Shelf {
                until: Timestamp::from_nanos(until),
                is_one_shot,
            }),
        }
    })
}

fn note() -> impl Strategy<Value = Option<Box<Note>>> {
    let texts = prop::array::uniform4(".{0,40}");
    prop::option::of(texts.prop_map(|[by, comment, key, definition]| {
        Box::new(Note {
            by: by.into(),
            comment: comment.into(),
            key: key.into(),
            definition: definition.into(),
        })
    }))
}

prop_compose! {
    fn record()(
        (sequence, alarm, occurrence, time, received) in any::<(u64, u64, u64, i64, i64)>(),
        action in prop::sample::select(AlarmAction::ALL.to_vec()),
        (is_annunciated, value, quality) in any::<(bool, f64, u32)>(),
        from in level(),
        after in facts(),
        note in note(),
    ) -> AlarmRecord {
        AlarmRecord {
            sequence,
            alarm: AlarmId::from_raw(alarm),
            occurrence,
            action,
            is_annunciated,
            from,
            time: Timestamp::from_nanos(time),
            received: Timestamp::from_nanos(received),
            value,
            quality: Quality::from_bits_retain(quality),
            after,
            note,
        }
    }
}

proptest! {
    #[test]
    fn whatever_happened_reads_back(records in prop::collection::vec(record(), 1..20)) {
        let frames = frames(&records);
        let chunk = loaded(frames.bytes());
        prop_assert_eq!(chunk.until(), frames.until());
        prop_assert_eq!(format!("{:?}", read(&chunk)), format!("{records:?}"));
    }
}

#[test]
fn nothing_is_no_frame() {
    assert_eq!(frames(&[]).bytes(), []);
}

/// A frame has its bounds, and a storm has none.
#[test]
fn many_records_go_into_several_frames() {
    let [plain, noted] = records::alarms();
    let mut long = noted.clone();
    long.note.as_mut().unwrap().comment = "x".repeat(600_000).into();
    let mut many = vec![plain; 100_000];
    many.splice(50_000..50_000, [noted, long.clone(), long.clone(), long]);
    for (sequence, record) in (1..).zip(&mut many) {
        record.sequence = sequence;
    }
    let chunk = loaded(frames(&many).bytes());
    let positions = chunk.records().map(|(position, _)| position);
    let lengths = positions.map(|position| chunk.header(position).unwrap().length);
    let lengths: Vec<_> = lengths.collect();
    assert!((10..30).contains(&lengths.len()), "{lengths:?}");
    assert!(
        lengths.iter().all(|length| *length <= 1 << 20),
        "{lengths:?}"
    );
    assert!(read(&chunk) == many);
}

#[test]
fn a_frame_that_is_cut_or_flipped_is_none() {
    let frames = frames(&records::alarms());
    let whole = frames.bytes();
    assert_eq!(loaded(whole).records().count(), 1);
    for cut in 0..whole.len() {
        assert_eq!(loaded(&whole[..cut]).records().count(), 0, "cut at {cut}");
    }
    for at in 0..end(whole) {
        for bit in 0..8 {
            let mut bad = whole.to_vec();
            bad[at] ^= 1 << bit;
            let left = loaded(&bad);
            assert_eq!(left.records().count(), 0, "bit {bit} of byte {at}");
        }
    }
}

/// A right checksum does not make a record right: what is read is in shape, or refused.
#[test]
fn a_record_of_flipped_bits_is_in_shape_or_refused() {
    let (mut good, mut refused) = (0, 0);
    let frames = frames(&records::alarms());
    let whole = frames.bytes();
    for at in HEADER_BYTES..end(whole) {
        for bit in 0..8 {
            let mut bad = whole.to_vec();
            bad[at] ^= 1 << bit;
            match only(&sealed(bad)) {
                Ok(found) => {
                    good += 1;
                    assert!(found <= 2);
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(good > 0 && refused > 0, "{good} read, {refused} refused");
}

/// Where the first record's numbers stand that only a later version may have more of.
#[test]
fn numbers_of_a_later_version_are_refused_by_name() {
    let frames = frames(&records::alarms()[..1]);
    for (at, first_unknown, what) in [
        (62, 19, "alarm action"),
        (64, 6, "alarm level"),
        (65, 6, "alarm level"),
        (66, 6, "alarm level"),
        (67, 5, "alarm priority"),
        (69, 3, "shelf of an alarm"),
    ] {
        for number in 0..=u8::MAX {
            let mut bytes = frames.bytes().to_vec();
            bytes[HEADER_BYTES + at] = number;
            let found = only(&sealed(bytes));
            let is_known = number < first_unknown && (number > 0 || !matches!(at, 62 | 67));
            match found {
                Ok(count) => assert!(is_known && count == 1, "{what} {number}"),
                Err(reason) => {
                    assert!(!is_known, "{what} {number}");
                    assert_eq!(reason, what);
                }
            }
        }
    }
}

fn end(frame: &[u8]) -> usize {
    let length = u32::from_le_bytes(frame[..4].try_into().unwrap());
    HEADER_BYTES + usize::try_from(length).unwrap()
}

/// The frame with the checksum that it should have.
fn sealed(mut frame: Vec<u8>) -> Vec<u8> {
    let end = end(&frame);
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&frame[0..4]), &frame[8..end]);
    frame[4..8].copy_from_slice(&checksum.to_le_bytes());
    frame
}

/// How many records the only frame has, or why none.
fn only(bytes: &[u8]) -> Result<usize, String> {
    let chunk = loaded(bytes);
    let (_, record) = chunk.records().next().unwrap();
    match record {
        Ok(Record::Alarms(records)) => Ok(records.len()),
        Err(RecordError::Malformed { reason }) => Err(reason),
        other => panic!("{other:?}"),
    }
}
