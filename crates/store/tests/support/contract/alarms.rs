//! What happened to alarms: all of it comes back, by name, in order, page by page.

use gridos_model::{
    AlarmAction, AlarmFacts, AlarmFlags, AlarmId, AlarmKind, AlarmRecord, DirectoryBuilder, Level,
    Note, Point, PointId, Priority, Quality, Shelf, Suppression, Transition,
};
use gridos_store::{AlarmEventRow, AlarmEventsQuery, AlarmsQuery, Store, StoreError};

use super::{IA, IB, Kind, earlier, fresh};
use crate::support::fixture::{Fixture, at, raised};

pub(super) const FEEDER: &str = "sub1.feeder-01";
pub(super) const SILENT: &str = "sub1.silent";

/// One second after the other.
pub(super) fn record(sequence: u64, owner: &str, kind: AlarmKind) -> AlarmRecord {
    let millis = i64::try_from(sequence).unwrap() * 1_000;
    raised(sequence, owner, kind, at(millis))
}

/// One after the other, each with a field that the others do not have.
fn story() -> Vec<AlarmRecord> {
    let shelf = Shelf {
        until: at(3_600_000),
        is_one_shot: true,
    };
    let note = |comment: &str, definition: &str| {
        Some(Box::new(Note {
            by: "ana".into(),
            comment: comment.into(),
            key: "k-1".into(),
            definition: definition.into(),
        }))
    };
    let limit = |sequence| AlarmRecord {
        occurrence: 1,
        ..record(sequence, IA, AlarmKind::Limit)
    };
    vec![
        limit(1),
        AlarmRecord {
            action: AlarmAction::Escalated,
            from: Level::High,
            value: f64::NEG_INFINITY,
            quality: Quality::CLOCK_UNSYNCHRONISED | Quality::from_bits_retain(1 << 31),
            after: AlarmFacts {
                level: Level::HighHigh,
                worst: Level::HighHigh,
                priority: Priority::Urgent,
                flags: AlarmFlags::UNACKNOWLEDGED | AlarmFlags::LATCHED,
                ..AlarmFacts::REST
            },
            ..limit(2)
        },
        AlarmRecord {
            action: AlarmAction::Shelved,
            is_annunciated: false,
            from: Level::HighHigh,
            value: f64::NAN,
            after: AlarmFacts {
                level: Level::HighHigh,
                worst: Level::HighHigh,
                priority: Priority::Urgent,
                shelf: Some(shelf),
                ..AlarmFacts::REST
            },
            note: note("work on the feeder µ '\"\\", ""),
            ..limit(3)
        },
        AlarmRecord {
            action: AlarmAction::Redefined,
            is_annunciated: false,
            occurrence: 0,
            value: f64::NAN,
            after: AlarmFacts {
                flags: AlarmFlags::from_bits_retain(1 << 15),
                suppression: Suppression::LINK | Suppression::ASKED,
                ..AlarmFacts::REST
            },
            note: note("", r#"{"kind":"quality"}"#),
            ..record(4, IB, AlarmKind::Quality)
        },
        record(5, SILENT, AlarmKind::Link),
        AlarmRecord {
            occurrence: u64::MAX >> 1,
            note: Some(Box::default()),
            ..record(6, "gone.x", AlarmKind::Limit)
        },
    ]
}

/// As told: NaN is like NaN.
fn told(records: &[AlarmRecord]) -> Vec<String> {
    records.iter().map(|record| format!("{record:?}")).collect()
}

fn found(rows: &[AlarmEventRow]) -> Vec<String> {
    rows.iter().map(|row| format!("{:?}", row.record)).collect()
}

fn names(row: &AlarmEventRow) -> [Option<&str>; 3] {
    [&row.name, &row.device, &row.point].map(Option::as_deref)
}

fn ever() -> AlarmEventsQuery {
    AlarmEventsQuery {
        ascending: true,
        ..AlarmEventsQuery::between(
            gridos_model::Timestamp::MIN,
            gridos_model::Timestamp::MAX,
            1_000,
        )
    }
}

/// A device that never sends anything has only the layout book to tell its name.
pub(super) fn add_silent(fixture: &Fixture) {
    let mut silent = DirectoryBuilder::default();
    let points = vec![Point::new("i", "A")];
    silent.add(SILENT, points, &[]).unwrap();
    let silent = silent.build();
    let layouts = silent.layouts().map(AsRef::as_ref);
    fixture.book().add(layouts).unwrap();
}

pub(super) async fn what_happened_comes_back(kind: &dyn Kind) {
    let store = fresh(kind, "alarm_events").await;
    let mut fixture = Fixture::new();
    add_silent(&fixture);
    let story = story();
    fixture.journal().append_alarms(&story);
    let (stream, chunk) = (fixture.stream(), fixture.all());
    store.write(stream, &chunk, fixture.book()).await.unwrap();
    let again = store.write(stream, &chunk, fixture.book()).await;
    assert!(matches!(again, Err(StoreError::Moved { stored }) if stored == chunk.until()));
    let stored = store.position(stream).await.unwrap();
    assert_eq!((stored.tail, stored.quarantined), (chunk.until(), 0));

    let rows = store.alarm_events(&ever()).await.unwrap();
    assert_eq!(found(&rows), told(&story));
    let limit = [Some("sub1.feeder-01.ia:limit"), Some(FEEDER), Some(IA)];
    assert_eq!(rows[..3].iter().map(names).collect::<Vec<_>>(), [limit; 3]);
    let quality = [Some("sub1.feeder-01.ib:quality"), Some(FEEDER), Some(IB)];
    assert_eq!(names(&rows[3]), quality);
    assert_eq!(
        names(&rows[4]),
        [Some("sub1.silent:link"), Some(SILENT), None]
    );
    assert_eq!(names(&rows[5]), [None, None, None]);

    let sql = "select alarm, device, kind, action, state, priority, comment, occurrence \
               from alarm_history where sequence in (3, 5) order by sequence";
    assert_eq!(
        kind.sql("alarm_events", sql).await,
        [
            "sub1.feeder-01.ia:limit|sub1.feeder-01|limit|shelved|shelved|urgent|\
             work on the feeder µ '\"\\|1",
            "sub1.silent:link|sub1.silent|link|raised|unacknowledged|medium||5",
        ]
    );
    let sql = "select point, from_level, to_level, occurrence from alarm order by ts";
    assert_eq!(
        kind.sql("alarm_events", sql).await,
        [
            "sub1.feeder-01.ia|normal|high|1",
            "sub1.feeder-01.ia|high|high_high|1",
        ]
    );
    let sql = "select name, kind from alarm_name order by 1";
    assert_eq!(
        kind.sql("alarm_events", sql).await,
        [
            "sub1.feeder-01.ia:limit|limit",
            "sub1.feeder-01.ib:quality|quality",
            "sub1.silent:link|link",
        ]
    );
}

/// Names are known again after a restart, from the database as well as from the book.
pub(super) async fn names_outlive_the_process(kind: &dyn Kind) {
    let store = fresh(kind, "alarm_names").await;
    let mut fixture = Fixture::new();
    fixture
        .journal()
        .append_alarms(&[record(1, IA, AlarmKind::Limit)]);
    let first = fixture.all();
    let stream = fixture.stream();
    store.write(stream, &first, fixture.book()).await.unwrap();
    let store = kind.open("alarm_names");
    let both = [
        record(2, IA, AlarmKind::Limit),
        record(3, IB, AlarmKind::Stale),
    ];
    fixture.journal().append_alarms(&both);
    let second = fixture.chunk(first.until());
    store.write(stream, &second, fixture.book()).await.unwrap();
    let rows = store.alarm_events(&ever()).await.unwrap();
    let names: Vec<_> = rows.iter().map(|row| row.name.as_deref()).collect();
    let limit = Some("sub1.feeder-01.ia:limit");
    assert_eq!(names, [limit, limit, Some("sub1.feeder-01.ib:stale")]);
}

/// Many records, some at the same time, of alarms that take turns.
fn many() -> Vec<AlarmRecord> {
    let owners = [
        (IA, AlarmKind::Limit),
        (IA, AlarmKind::Stale),
        (IB, AlarmKind::Limit),
        (FEEDER, AlarmKind::Link),
        (SILENT, AlarmKind::Link),
    ];
    let records = (1_u64..=200).map(|sequence| {
        let (owner, kind) = owners[usize::try_from(sequence * 7 % 5).unwrap()];
        let actions = AlarmAction::ALL;
        let action = actions[usize::try_from(sequence % 6).unwrap()];
        AlarmRecord {
            action,
            is_annunciated: sequence % 3 == 0,
            received: at(i64::try_from(sequence / 4).unwrap()),
            time: at(0),
            ..record(sequence, owner, kind)
        }
    });
    records.collect()
}

fn fits(record: &AlarmRecord, query: &AlarmEventsQuery) -> bool {
    let of = |owner: &str| AlarmKind::ALL.map(|kind| AlarmId::of(owner, kind));
    let is_of_device = |device: &String| match device.as_str() {
        FEEDER => [FEEDER, IA, IB]
            .iter()
            .any(|owner| of(owner).contains(&record.alarm)),
        device => of(device).contains(&record.alarm),
    };
    let point = query.point.as_ref();
    (query.from..query.until).contains(&record.received)
        && query.alarm.is_none_or(|alarm| alarm == record.alarm)
        && query.device.as_ref().is_none_or(is_of_device)
        && point.is_none_or(|point| of(point).contains(&record.alarm))
        && (query.actions.is_empty() || query.actions.contains(&record.action))
        && (record.is_annunciated || !query.annunciated_only)
}

pub(super) async fn pages_are_in_order_and_whole(kind: &dyn Kind) {
    let store = fresh(kind, "alarm_pages").await;
    let mut fixture = Fixture::new();
    add_silent(&fixture);
    let many = many();
    fixture.journal().append_alarms(&many);
    let chunk = fixture.all();
    let stream = fixture.stream();
    store.write(stream, &chunk, fixture.book()).await.unwrap();
    let all = ever();
    let queries = [
        all.clone(),
        AlarmEventsQuery {
            from: at(10),
            until: at(40),
            ..all.clone()
        },
        AlarmEventsQuery {
            alarm: Some(AlarmId::of(IA, AlarmKind::Stale)),
            ..all.clone()
        },
        AlarmEventsQuery {
            device: Some(FEEDER.to_owned()),
            annunciated_only: true,
            ..all.clone()
        },
        AlarmEventsQuery {
            device: Some(SILENT.to_owned()),
            ..all.clone()
        },
        AlarmEventsQuery {
            point: Some(IA.to_owned()),
            actions: vec![AlarmAction::Raised, AlarmAction::Returned],
            ..all.clone()
        },
        AlarmEventsQuery {
            device: Some("nobody".to_owned()),
            ..all
        },
    ];
    for (nth, query) in queries.iter().enumerate() {
        let expected = many.iter().filter(|record| fits(record, query));
        let mut expected: Vec<_> = expected.map(|record| record.sequence).collect();
        assert_eq!(expected.is_empty(), nth == 6, "{query:?}");
        for ascending in [true, false] {
            let query = AlarmEventsQuery {
                ascending,
                limit: 7,
                ..query.clone()
            };
            assert_eq!(walk(&*store, query).await, expected);
            expected.reverse();
        }
    }
}

/// The sequences of all pages, one behind the other.
async fn walk(store: &dyn Store, mut query: AlarmEventsQuery) -> Vec<u64> {
    let mut sequences = Vec::new();
    loop {
        let rows = store.alarm_events(&query).await.unwrap();
        sequences.extend(rows.iter().map(|row| row.record.sequence));
        let Some(last) = rows.last().filter(|_| rows.len() == query.limit) else {
            return sequences;
        };
        // As a client gives it back.
        query.after = Some(last.place.to_string().parse().unwrap());
    }
}

/// A place that somebody made up is a place all the same.
pub(super) async fn made_up_places_stop_nothing(kind: &dyn Kind) {
    let store = fresh(kind, "alarm_places").await;
    let mut fixture = Fixture::new();
    fixture
        .journal()
        .append_alarms(&[record(1, IA, AlarmKind::Limit)]);
    let (stream, chunk) = (fixture.stream(), fixture.all());
    store.write(stream, &chunk, fixture.book()).await.unwrap();
    for (place, rows) in [
        ("8000000000000000-0-0", 1),
        ("7fffffffffffffff-7fffffffffffffff-7fffffffffffffff", 0),
    ] {
        let query = AlarmEventsQuery {
            after: Some(place.parse().unwrap()),
            ..ever()
        };
        let found = store.alarm_events(&query).await.unwrap();
        assert_eq!(found.len(), rows, "{place}");
    }
}

/// What earlier engines told of alarms is shown beside what the present one tells.
pub(super) async fn an_earlier_database_learns_alarms(kind: &dyn Kind) {
    let mut fixture = Fixture::new();
    let first = earlier(kind, "before_alarms", "dead_letters", &mut fixture).await;
    let stream = fixture.stream();
    let store = kind.open("before_alarms");
    store.migrate().await.unwrap();
    let change = Transition {
        point: PointId::of(FEEDER, "ia"),
        from: Level::Normal,
        to: Level::LowLow,
        time: at(500),
        received: at(501),
        value: 1.5,
        quality: Quality::GOOD,
        occurrence: 7,
    };
    fixture.transitions(&[change]);
    let back = AlarmRecord {
        action: AlarmAction::Returned,
        from: Level::LowLow,
        after: AlarmFacts::REST,
        ..record(3, IA, AlarmKind::Limit)
    };
    let seen = AlarmRecord {
        action: AlarmAction::Acknowledged,
        from: Level::Normal,
        ..back.clone()
    };
    let lost = record(4, FEEDER, AlarmKind::Link);
    fixture.journal().append_alarms(&[back, seen, lost]);
    let second = fixture.chunk(first.until());
    store.write(stream, &second, fixture.book()).await.unwrap();
    let query = AlarmsQuery {
        point: None,
        from: at(0),
        until: at(10_000),
        limit: 10,
    };
    let rows = store.alarms(&query).await.unwrap();
    let rows: Vec<_> = rows
        .iter()
        .map(|row| (&*row.point, row.from, row.to, row.occurrence))
        .collect();
    let fell = (IA, Level::Normal, Level::LowLow, 7);
    assert_eq!(rows, [(IA, Level::LowLow, Level::Normal, 3), fell]);
    let rows = store.alarm_events(&ever()).await.unwrap();
    assert_eq!(rows.len(), 3);
}
