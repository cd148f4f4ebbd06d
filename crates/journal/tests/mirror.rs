//! A mirror shows what the journal has, however its pieces were cut and in whatever order they come.

#![cfg(test)]

use gridos_journal::{
    Added, Chunk, Frames, LayoutBook, LayoutDefinition, Mirror, Piece, PieceError, Position, Read,
    StreamId, Tail,
};
use gridos_model::{DeviceId, Gap, GapReason, LayoutId, Timestamp};

const STREAM: StreamId = StreamId::from_raw(7);

/// So many gaps as frames, each with its end.
fn frames(count: i64, segment: u64, from: Tail) -> (Chunk, Vec<Tail>) {
    let mut frames = Frames::of_stream(STREAM, segment, from);
    let mut ends = Vec::new();
    for second in 0..count {
        let time = Timestamp::from_millis(second * 1_000);
        frames.append_gap(&Gap {
            device: DeviceId::of("d"),
            from: time,
            until: time,
            reason: GapReason::EngineDown,
        });
        ends.push(frames.until());
    }
    let mut chunk = Chunk::default();
    chunk.load(&frames);
    (chunk, ends)
}

fn piece(chunk: &Chunk, from: Tail, until: Tail) -> Piece {
    let mut part = Chunk::default();
    let bytes = Piece::write(STREAM, chunk).unwrap();
    let all = &bytes[64..];
    let at =
        |tail: Tail| usize::try_from(tail.position.bytes_since(chunk.from().position)).unwrap();
    let segment = chunk.header(chunk.from().position).unwrap().segment;
    part.load_bytes(&all[at(from)..at(until)], from, segment);
    Piece::read(&Piece::write(STREAM, &part).unwrap()).unwrap()
}

fn read(mirror: &Mirror, from: Tail) -> usize {
    let (mut chunk, mut count, mut at) = (Chunk::default(), 0, from);
    let mut reader = mirror.reader();
    let Some(end) = mirror.end() else { return 0 };
    while reader.read(at, end, 1 << 20, &mut chunk).unwrap() == Read::Frames {
        count += chunk.records().filter(|(_, record)| record.is_ok()).count();
        at = chunk.until();
    }
    assert_eq!(at, end);
    count
}

#[test]
fn pieces_are_put_together_whatever_their_cuts() {
    let start = Tail::default();
    let (first, ends) = frames(10, 1, start);
    let (second, more) = frames(5, 2, ends[9]);
    let mirror = Mirror::new(STREAM, Position::START);
    assert_eq!(mirror.end(), None);
    assert_eq!(mirror.add(&piece(&first, ends[2], ends[4])), Added::Apart);
    assert_eq!(
        mirror.add(&piece(&first, start, ends[3])),
        Added::Until(ends[3])
    );
    assert_eq!(mirror.add(&piece(&first, start, ends[2])), Added::Known);
    // Sent again, and cut elsewhere.
    assert_eq!(
        mirror.add(&piece(&first, ends[1], ends[6])),
        Added::Until(ends[6])
    );
    assert_eq!(mirror.add(&piece(&second, ends[9], more[4])), Added::Apart);
    assert_eq!(
        mirror.add(&piece(&first, ends[6], ends[9])),
        Added::Until(ends[9])
    );
    assert_eq!(
        mirror.add(&piece(&second, ends[9], more[4])),
        Added::Until(more[4])
    );
    assert_eq!(read(&mirror, start), 15);
    mirror.forget(ends[9].position);
    assert_eq!(read(&mirror, ends[9]), 5);
    assert!(mirror.reader().knows(more[2], None).unwrap());
    assert!(!mirror.reader().knows(more[2], Some(1)).unwrap());
    let other = Mirror::new(StreamId::from_raw(8), Position::START);
    assert_eq!(other.add(&piece(&first, start, ends[3])), Added::Foreign);
}

#[test]
fn it_begins_in_the_middle_of_a_piece() {
    let (chunk, ends) = frames(10, 1, Tail::default());
    let mirror = Mirror::new(STREAM, ends[4].position);
    let whole = piece(&chunk, Tail::default(), ends[9]);
    assert_eq!(mirror.add(&whole), Added::Until(ends[9]));
    assert_eq!(read(&mirror, ends[4]), 5);
}

#[test]
fn a_piece_that_is_cut_or_bent_is_refused() {
    let (chunk, ends) = frames(3, 1, Tail::default());
    let good = Piece::write(STREAM, &chunk).unwrap();
    assert!(Piece::read(&good).is_ok());
    for end in 0..good.len() {
        // Cut between two frames it is a shorter piece, and says so.
        let read = Piece::read(&good[..end]).map(|piece| piece.until());
        let is_between = ends[..2]
            .iter()
            .any(|tail| tail.position.get() + 64 == end as u64);
        assert_eq!(read.is_ok(), is_between, "{end}: {read:?}");
    }
    assert_eq!(Piece::read(&[]).unwrap_err(), PieceError::Short);
    for byte in 0..good.len() {
        let mut bad = good.clone();
        bad[byte] ^= 0x10;
        if let Ok(piece) = Piece::read(&bad) {
            // Only the zeros behind a payload are not checked: they are not read either.
            assert_eq!(piece.chunk().records().count(), 3, "{byte}");
        }
    }
    assert!(Piece::write(STREAM, &Chunk::default()).is_none());
}

#[test]
fn layouts_are_sent_and_adopted() {
    let layout = LayoutDefinition {
        id: LayoutId::from_raw(77),
        device: "feeder-07".to_owned(),
        points: vec![
            ("a".to_owned(), "kV".to_owned()),
            ("b".to_owned(), String::new()),
        ],
    };
    let bytes = layout.to_bytes();
    assert_eq!(LayoutDefinition::from_bytes(&bytes), Some(layout.clone()));
    for byte in 0..bytes.len() {
        let _ = LayoutDefinition::from_bytes(&bytes[..byte]);
    }
    let mut bent = bytes.clone();
    bent[60] ^= 1;
    assert_eq!(LayoutDefinition::from_bytes(&bent), None);
    let book = LayoutBook::in_memory();
    assert!(!book.has(layout.id));
    book.adopt(&layout).unwrap();
    book.adopt(&layout).unwrap();
    assert_eq!(book.ids(), [layout.id]);
    assert_eq!(book.find(layout.id).unwrap(), Some(layout));
}
