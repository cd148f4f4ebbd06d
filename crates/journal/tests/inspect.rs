//! Looking at files that hold anything: every octet is accounted for, and nothing panics.

#![cfg(test)]

use std::fs;
use std::path::Path;

use gridos_journal::inspect::{Span, SpanKind, Step, StreamFiles, Walk, stream_files, verify};
use gridos_journal::{Journal, LayoutBook, Options};
use gridos_model::{LayoutId, Readings, Sweep, TimeQuality, Timestamp};
use proptest::prelude::*;
use tempfile::TempDir;

const HEADER: u64 = 64;

/// A stream of some segments, without the room that is reserved behind their frames.
fn journal(sweeps: i64) -> TempDir {
    let dir = TempDir::new().unwrap();
    let options = Options {
        segment_bytes: 4 << 10,
        ..Options::default()
    };
    let (mut journal, _) = Journal::open(dir.path(), options).unwrap();
    for second in 0..sweeps {
        let time = Timestamp::from_millis(second * 1_000);
        journal.append_readings(&Readings::Sweep(Sweep {
            layout: LayoutId::from_raw(1),
            time,
            time_quality: TimeQuality::Synchronised,
            received: time,
            values: &[1.0, 2.0, 3.0],
            qualities: &[],
        }));
        journal.write().unwrap();
    }
    drop(journal);
    let stream = only_stream(dir.path());
    for (index, segment) in stream.segments.iter().enumerate() {
        if let [.., room] = *walk(&stream, index).1 {
            assert_eq!(room.kind, SpanKind::Unused);
            change(&segment.path, |bytes| {
                bytes.truncate(usize::try_from(room.offset).unwrap())
            });
        }
    }
    dir
}

fn only_stream(dir: &Path) -> StreamFiles {
    let mut streams = stream_files(dir).unwrap();
    assert_eq!(streams.len(), 1);
    streams.remove(0)
}

/// Walks over one segment: the readings in good frames, and the spans that are none. Frames and
/// spans follow each other without a hole.
fn walk(stream: &StreamFiles, index: usize) -> (u64, Vec<Span>) {
    let segment = &stream.segments[index];
    let header = segment.header.clone().ok();
    let info = header.or_else(|| segment.rebuild_header(stream.stream.unwrap()));
    let mut walk = Walk::open(segment, info.unwrap()).unwrap();
    let (mut readings, mut spans, mut at) = (0, Vec::new(), HEADER);
    while let Some(step) = walk.step().unwrap() {
        match step {
            Step::Frame {
                offset,
                header,
                record,
            } => {
                assert_eq!(offset, at);
                at += header.frame_bytes() as u64;
                readings += u64::from(header.readings);
                assert!(record.is_ok());
            }
            Step::Span(span) => {
                assert_eq!(span.offset, at, "{span:?}");
                assert!(span.bytes > 0, "{span:?}");
                at += span.bytes;
                spans.push(span);
            }
        }
    }
    let expected = segment
        .next
        .map(|next| HEADER + next.bytes_since(segment.base));
    assert!(at >= expected.unwrap_or(0).max(segment.bytes), "{at}");
    (readings, spans)
}

fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_good_journal_is_all_frames() {
    let dir = journal(200);
    let stream = only_stream(dir.path());
    assert!(stream.segments.len() > 4);
    let mut total = 0;
    for index in 0..stream.segments.len() {
        let (readings, spans) = walk(&stream, index);
        assert_eq!(spans, []);
        let base = stream.segments[index].header.clone().unwrap().base;
        assert_eq!(base.readings, total);
        total += readings;
    }
    assert_eq!(total, 600);
}

#[test]
fn damage_a_torn_tail_and_unused_room_are_told_apart() {
    let dir = journal(200);
    let stream = only_stream(dir.path());
    let (whole, _) = walk(&stream, 1);
    change(&stream.segments[1].path, |bytes| bytes[500] ^= 4);
    let (readings, spans) = walk(&stream, 1);
    assert_eq!(readings, whole - 3);
    assert_eq!(spans.len(), 1);
    assert_eq!(spans[0].kind, SpanKind::Damaged);
    assert!(spans[0].offset <= 500 && spans[0].offset + spans[0].bytes > 500);

    let last = stream.segments.len() - 1;
    let path = &stream.segments[last].path;
    let before = fs::metadata(path).unwrap().len();
    change(path, |bytes| {
        bytes.extend([7; 40]);
        bytes.extend([0; 4_096]);
    });
    let (_, spans) = walk(&only_stream(dir.path()), last);
    let span = |offset, bytes, kind| Span {
        offset,
        bytes,
        kind,
    };
    let torn = span(before, 40, SpanKind::Torn);
    let unused = span(before + 40, 4_096, SpanKind::Unused);
    assert_eq!(spans, [torn, unused]);
    // Where another segment follows, nothing is torn.
    let second = &stream.segments[2].path;
    let length = fs::metadata(second).unwrap().len();
    change(second, |bytes| bytes.truncate(bytes.len() - 8));
    let (_, spans) = walk(&only_stream(dir.path()), 2);
    let kinds: Vec<_> = spans.iter().map(|span| span.kind).collect();
    assert_eq!(kinds, [SpanKind::Damaged, SpanKind::Missing]);
    assert_eq!(spans[1].offset + spans[1].bytes, length);
}

#[test]
fn a_damaged_header_is_rebuilt_from_the_first_frame() {
    let dir = journal(200);
    let before = only_stream(dir.path());
    let good = before.segments[2].header.clone().unwrap();
    change(&before.segments[2].path, |bytes| bytes[20] ^= 1);
    let stream = only_stream(dir.path());
    assert!(stream.segments[2].header.is_err());
    assert_eq!(stream.stream, before.stream);
    let rebuilt = stream.segments[2].rebuild_header(good.stream).unwrap();
    assert_eq!((rebuilt.id, rebuilt.base), (good.id, good.base));
    assert_eq!(walk(&stream, 2).1, []);
    change(&before.segments[2].path, |bytes| bytes[70] ^= 1);
    assert_eq!(stream.segments[2].rebuild_header(good.stream), None);
}

#[test]
fn a_stream_whose_only_header_is_lost_is_known_by_its_frames() {
    let dir = journal(20);
    let before = only_stream(dir.path());
    assert_eq!(before.segments.len(), 1);
    let (whole, _) = walk(&before, 0);
    // A sector: the header and the first frames.
    change(&before.segments[0].path, |bytes| bytes[..512].fill(0));
    let stream = only_stream(dir.path());
    assert_eq!(stream.stream, before.stream);
    let info = stream.segments[0].info(stream.stream).unwrap();
    let good = before.segments[0].header.clone().unwrap();
    assert_eq!((info.stream, info.id), (good.stream, good.id));
    let verdict = verify(&stream, None).unwrap();
    assert_eq!((verdict.damages, verdict.segments), (2, 1));
    assert!((1..whole).contains(&verdict.readings), "{whole}");
    assert!(verdict.findings[0].what.contains("read all the same"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_octets_are_frames_or_spans(
        junk in prop::collection::vec(any::<u8>(), 0..3_000),
        places in prop::collection::vec((64_usize..4_000, any::<u8>()), 0..20),
        index in 0_usize..3,
        cut in 64_usize..6_000,
    ) {
        let dir = journal(80);
        let stream = only_stream(dir.path());
        let index = index % stream.segments.len();
        change(&stream.segments[index].path, |bytes| {
            for (place, byte) in &places {
                if let Some(found) = bytes.get_mut(*place) {
                    *found = *byte;
                }
            }
            bytes.truncate(cut);
            bytes.extend(&junk);
        });
        let stream = only_stream(dir.path());
        walk(&stream, index);
        verify(&stream, None).unwrap();
    }

    /// A whole file of anything, whatever it is called.
    #[test]
    fn a_file_of_anything_is_looked_at(octets in prop::collection::vec(any::<u8>(), 0..4_000)) {
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("00000000000000000000.journal"), &octets).unwrap();
        fs::write(dir.path().join("layouts"), &octets).unwrap();
        let stream = only_stream(dir.path());
        let (book, _) = LayoutBook::look(dir.path()).unwrap().unwrap();
        prop_assert_eq!(verify(&stream, Some(&book)).unwrap().damages, 1);
    }
}
