//! Dead letters: stored once, with the readings before them, and asked for by device and time.

use gridos_model::{DeadLetter, DeviceId, DirectoryBuilder, Point};
use gridos_store::{LetterRow, LettersQuery, StoreError};

use super::{IA, Kind, earlier, ever, fresh, good, short};
use crate::support::fixture::{Fixture, at};

const FEEDER: &str = "sub1.feeder-01";

fn letter(device: &str, millis: i64, reason: &str, octets: &[u8]) -> DeadLetter {
    DeadLetter::new(DeviceId::of(device), at(millis), reason, octets)
}

fn row(device: &str, millis: i64, reason: &str, octets: &str, length: u32) -> LetterRow {
    LetterRow {
        device: device.to_owned(),
        received: at(millis),
        reason: reason.to_owned(),
        octets: octets.to_owned(),
        length,
    }
}

pub(super) async fn letters_are_kept_once(kind: &dyn Kind) {
    let store = fresh(kind, "letters").await;
    let mut fixture = Fixture::new();
    let pair = fixture.pair();
    fixture.sweep(&pair, at(0), &[1.5, 2.5]);
    // A device that sends nothing that can be read has only the layout book to tell its name.
    let mut odd = DirectoryBuilder::default();
    odd.add("sub1.odd", vec![Point::new("i", "A")], &[])
        .unwrap();
    let odd = odd.build();
    let book = fixture.book();
    book.add(odd.layouts().map(AsRef::as_ref)).unwrap();
    for letter in [
        letter(FEEDER, 1_000, "it's \0 µ", &[0xfe, 0x01, 0x00]),
        letter("sub1.odd", 2_000, "why", &[]),
        letter(FEEDER, 3_000, "long", &[0xab; 3_000]),
    ] {
        fixture.journal().append_letter(&letter);
    }
    let (stream, chunk) = (fixture.stream(), fixture.all());
    assert_eq!(chunk.readings(), 2);
    store.write(stream, &chunk, fixture.book()).await.unwrap();
    let again = store.write(stream, &chunk, fixture.book()).await;
    assert!(matches!(again, Err(StoreError::Moved { stored }) if stored == chunk.until()));
    let stored = store.position(stream).await.unwrap();
    assert_eq!((stored.tail, stored.quarantined), (chunk.until(), 0));
    let numbers = store.history(&ever(IA)).await.unwrap();
    assert_eq!(short(&numbers), good(&[(0, 1.5)]));

    let ask = async |device: Option<&str>, from, until, limit| {
        let query = LettersQuery {
            device: device.map(str::to_owned),
            from: at(from),
            until: at(until),
            after: None,
            limit,
        };
        store.letters(&query).await.unwrap()
    };
    let found = ask(None, 0, 9_000, 100).await;
    // PostgreSQL's text has no NUL.
    let reason = found[2].reason.replace('\0', "\u{fffd}");
    let first = LetterRow {
        reason,
        ..found[2].clone()
    };
    assert_eq!(first, row(FEEDER, 1_000, "it's \u{fffd} µ", "FE0100", 3));
    let long = row(FEEDER, 3_000, "long", &"AB".repeat(2_048), 3_000);
    let empty = row("sub1.odd", 2_000, "why", "", 0);
    assert_eq!(found[..2], [long, empty]);
    let is_cut: Vec<_> = found.iter().map(LetterRow::is_cut).collect();
    assert_eq!(is_cut, [true, false, false]);
    assert_eq!(ask(Some(FEEDER), 0, 9_000, 1).await, found[..1]);
    assert_eq!(ask(Some("sub1.odd"), 0, 9_000, 9).await, found[1..2]);
    assert_eq!(ask(Some("nobody"), 0, 9_000, 9).await, []);
    assert_eq!(ask(None, 2_000, 3_000, 9).await, found[1..2]);
    assert_eq!(ask(Some(FEEDER), 1_001, 3_001, 9).await, found[..1]);

    let sql = "select device, reason, octets, length from dead_letter where length < 3";
    assert_eq!(kind.sql("letters", sql).await, ["sub1.odd|why||0"]);
    let sql = "select count(*) from message_rest where length(octets) = 2048";
    assert_eq!(kind.sql("letters", sql).await, ["1"]);
}

/// A database of an earlier schema takes letters after the next start, and keeps what it has.
pub(super) async fn an_earlier_database_learns_letters(kind: &dyn Kind) {
    let mut fixture = Fixture::new();
    let first = earlier(kind, "before_letters", "texts", &mut fixture).await;
    let stream = fixture.stream();
    let store = kind.open("before_letters");
    store.migrate().await.unwrap();
    let letter = letter(FEEDER, 1_000, "why", &[1]);
    fixture.journal().append_letter(&letter);
    let second = fixture.chunk(first.until());
    store.write(stream, &second, fixture.book()).await.unwrap();
    let sql = "select octets from dead_letter";
    assert_eq!(kind.sql("before_letters", sql).await, ["01"]);
    let numbers = store.history(&ever(IA)).await.unwrap();
    assert_eq!(short(&numbers), good(&[(0, 1.5)]));
}
