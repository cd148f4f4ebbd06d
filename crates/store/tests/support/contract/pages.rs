//! Gaps and dead letters page by page: each row once, also those that are alike.

use gridos_model::{DeadLetter, DeviceId, DirectoryBuilder, Gap, GapReason, Point, Timestamp};
use gridos_store::{GapsQuery, LettersQuery};

use super::{Kind, fresh};
use crate::support::fixture::{Fixture, at};

const DEVICES: [&str; 2] = ["sub1.feeder-01", "sub1.a-device"];

fn gaps() -> Vec<Gap> {
    let [feeder, other] = DEVICES.map(DeviceId::of);
    let gap = |device, from, until, reason| Gap {
        device,
        from: at(from),
        until: at(until),
        reason,
    };
    let down = GapReason::DeviceDown;
    vec![
        gap(feeder, 0, 2_000, down),
        gap(other, 0, 2_000, down),
        gap(DeviceId::WHOLE_ENGINE, 0, 2_000, GapReason::EngineDown),
        gap(feeder, 0, 1_000, down),
        gap(feeder, 0, 2_000, GapReason::DeviceRestart),
        // Alike: both are told.
        gap(feeder, 0, 2_000, down),
        gap(other, 1_000, 1_000, GapReason::DeviceRestart),
    ]
}

fn letters() -> Vec<DeadLetter> {
    let [feeder, other] = DEVICES.map(DeviceId::of);
    let letter = |device, millis, octets: &[u8]| DeadLetter::new(device, at(millis), "why", octets);
    vec![
        letter(feeder, 1_000, &[1]),
        letter(other, 1_000, &[1]),
        letter(feeder, 1_000, &[3]),
        letter(feeder, 1_000, &[2]),
        letter(feeder, 1_000, &[2]),
        letter(other, 2_000, &[9]),
        letter(other, 0, &[9]),
    ]
}

pub(super) async fn gaps_and_letters_are_paged(kind: &dyn Kind) {
    let store = fresh(kind, "pages").await;
    let mut fixture = Fixture::new();
    let pair = fixture.pair();
    fixture.sweep(&pair, at(0), &[1.5, 2.5]);
    let mut other = DirectoryBuilder::default();
    other
        .add(DEVICES[1], vec![Point::new("i", "A")], &[])
        .unwrap();
    let other = other.build();
    let book = fixture.book();
    book.add(other.layouts().map(AsRef::as_ref)).unwrap();
    for gap in gaps() {
        fixture.journal().append_gap(&gap);
    }
    for letter in letters() {
        fixture.journal().append_letter(&letter);
    }
    let (stream, chunk) = (fixture.stream(), fixture.all());
    store.write(stream, &chunk, fixture.book()).await.unwrap();
    let whole = gaps_by(&*store, 100).await;
    let places: Vec<_> = whole.iter().map(|gap| gap.1.as_deref()).collect();
    let [feeder, other] = DEVICES.map(Some);
    assert_eq!(
        places,
        [None, other, feeder, feeder, feeder, feeder, other],
        "by time and name"
    );
    let octets: Vec<_> = letters_by(&*store, 100).await;
    let octets: Vec<_> = octets.iter().map(|row| &*row.1).collect();
    assert_eq!(octets, ["09", "01", "01", "02", "02", "03", "09"]);
    for limit in 1..=7 {
        assert_eq!(gaps_by(&*store, limit).await, whole, "{limit} at a time");
        let few = letters_by(&*store, limit).await;
        assert_eq!(few, letters_by(&*store, 100).await, "{limit} at a time");
    }
    made_up_places_stop_nothing(&*store).await;
}

type ToldGap = (Timestamp, Option<String>, Timestamp, String);

async fn gaps_by(store: &dyn gridos_store::Store, limit: usize) -> Vec<ToldGap> {
    let mut query = GapsQuery {
        devices: Vec::new(),
        points: Vec::new(),
        from: at(-9_000),
        until: at(9_000),
        after: None,
        limit,
    };
    let mut met = Vec::new();
    loop {
        let rows = store.gaps(&query).await.unwrap();
        let Some(place) = query.place_behind(&rows) else {
            return met;
        };
        query.after = Some(place.to_string().parse().unwrap());
        let told = rows.into_iter();
        assert!(met.len() < 100, "it does not go on");
        met.extend(told.map(|row| (row.from, row.device, row.until, row.reason)));
    }
}

async fn letters_by(store: &dyn gridos_store::Store, limit: usize) -> Vec<(String, String)> {
    let mut query = LettersQuery {
        device: None,
        from: at(-9_000),
        until: at(9_000),
        after: None,
        limit,
    };
    let mut met = Vec::new();
    loop {
        let rows = store.letters(&query).await.unwrap();
        let Some(place) = query.place_behind(&rows) else {
            return met;
        };
        query.after = Some(place.to_string().parse().unwrap());
        assert!(met.len() < 100, "it does not go on");
        met.extend(rows.into_iter().map(|row| (row.device, row.octets)));
    }
}

async fn made_up_places_stop_nothing(store: &dyn gridos_store::Store) {
    for text in [
        "7fffffffffffffff-0-",
        "8000000000000000-ffffffffffffffff-µ",
        "0-0-'",
    ] {
        let after = Some(text.parse().unwrap());
        let query = GapsQuery {
            devices: Vec::new(),
            points: Vec::new(),
            from: Timestamp::MIN,
            until: Timestamp::MAX,
            after: after.clone(),
            limit: 9,
        };
        store.gaps(&query).await.unwrap();
        let query = LettersQuery {
            device: None,
            from: Timestamp::MIN,
            until: Timestamp::MAX,
            after,
            limit: 9,
        };
        store.letters(&query).await.unwrap();
    }
}
