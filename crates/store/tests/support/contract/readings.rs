//! What goes in as readings comes out as readings.

use gridos_journal::Tail;
use gridos_model::{Quality, TimeQuality, Timestamp};
use gridos_store::{HistoryQuery, ReadingRow};

use super::{IA, IB, Kind, STATE, ever, fresh, good, short};
use crate::support::fixture::{Fixture, at};

pub(super) async fn readings_come_back(kind: &dyn Kind) {
    let store = fresh(kind, "readings").await;
    let mut fixture = Fixture::new();
    let (pair, whole) = (fixture.pair(), fixture.whole());
    fixture.sweep(&pair, at(0), &[1.5, 2.5]);
    fixture.sweep(&whole, at(1_000), &[3.5, 4.5, 0.5]);
    let change = |position, millis, value| (position, at(millis), value, Quality::GOOD);
    fixture.events(&[
        change(0, 1_500, 5.5),
        change(2, 1_600, 1.5),
        change(0, 500, 0.1),
    ]);
    let chunk = fixture.all();
    assert_eq!(chunk.readings(), 8);
    let stream = fixture.stream();
    assert_eq!(store.position(stream).await.unwrap().tail, Tail::default());
    store.write(stream, &chunk, fixture.book()).await.unwrap();
    assert_eq!(store.position(stream).await.unwrap().tail, chunk.until());
    let ia = store.history(&ever(IA)).await.unwrap();
    assert!(ia.iter().all(|row| row.point == IA));
    let expected = good(&[(0, 1.5), (500, 0.1), (1_000, 3.5), (1_500, 5.5)]);
    assert_eq!(short(&ia), expected);
    let state = store.history(&ever(STATE)).await.unwrap();
    assert_eq!(short(&state), good(&[(1_000, 0.5), (1_600, 1.5)]));
    assert_eq!(store.history(&ever("nobody.x")).await.unwrap(), []);
    let count = kind.sql("readings", "select count(*) from reading").await;
    assert_eq!(count, ["8"]);
    let sql = format!("select value, quality from reading where point = '{IB}' order by ts");
    assert_eq!(kind.sql("readings", &sql).await, ["2.5|0", "4.5|0"]);
    let sql = "select device.name, point.name, unit from point \
               join device on device.id = point.device order by 2";
    let points = kind.sql("readings", sql).await;
    assert_eq!(points[0], format!("sub1.feeder-01|{IA}|A"));
    assert_eq!(points.len(), 3);
}

pub(super) async fn history_is_cut_at_the_end_asked_for(kind: &dyn Kind) {
    let store = fresh(kind, "cut").await;
    let mut fixture = Fixture::new();
    let pair = fixture.pair();
    for n in 0..10_u8 {
        let time = at(i64::from(n) * 1_000);
        fixture.sweep(&pair, time, &[f64::from(n), 0.0]);
        let between = at(i64::from(n) * 1_000 + 500);
        fixture.events(&[(0, between, f64::from(n) + 0.5, Quality::GOOD)]);
    }
    let chunk = fixture.all();
    store
        .write(fixture.stream(), &chunk, fixture.book())
        .await
        .unwrap();
    let ask = async |from, until, limit, youngest| {
        let (point, from, until) = (IA.to_owned(), at(from), at(until));
        let query = HistoryQuery {
            point,
            from,
            until,
            limit,
            youngest,
        };
        short(&store.history(&query).await.unwrap())
    };
    let range = ask(2_000, 3_500, 100, false).await;
    assert_eq!(range, good(&[(2_000, 2.0), (2_500, 2.5), (3_000, 3.0)]));
    let oldest = ask(0, 9_900, 3, false).await;
    assert_eq!(oldest, good(&[(0, 0.0), (500, 0.5), (1_000, 1.0)]));
    let youngest = ask(0, 9_900, 3, true).await;
    assert_eq!(youngest, good(&[(8_500, 8.5), (9_000, 9.0), (9_500, 9.5)]));
    assert_eq!(ask(2_001, 2_499, 100, true).await, []);
    assert_eq!(ask(0, 9_900, 0, true).await, []);
}

pub(super) async fn the_latest_is_the_youngest_of_either_shape(kind: &dyn Kind) {
    let store = fresh(kind, "latest").await;
    let mut fixture = Fixture::new();
    let (pair, whole, stream) = (fixture.pair(), fixture.whole(), fixture.stream());
    let names = [STATE, "nobody.x", IA, IB].map(str::to_owned);
    let latest = async || {
        let rows = store.latest(&names).await.unwrap();
        let value = |row: &ReadingRow| (row.point.clone(), row.value.unwrap());
        rows.iter().map(value).collect::<Vec<_>>()
    };
    assert_eq!(latest().await, []);
    fixture.sweep(&whole, at(0), &[1.5, 2.5, 0.5]);
    fixture.sweep(&pair, at(1_000), &[3.5, 4.5]);
    let change = |position, millis, value| (position, at(millis), value, Quality::GOOD);
    fixture.events(&[
        change(0, 2_000, 5.5),
        change(0, 1_900, 6.5),
        change(1, 900, 7.5),
    ]);
    let first = fixture.all();
    store.write(stream, &first, fixture.book()).await.unwrap();
    let expected = |state: f64, ia: f64, ib: f64| {
        [(STATE, state), (IA, ia), (IB, ib)].map(|(point, value)| (point.to_owned(), value))
    };
    assert_eq!(latest().await, expected(0.5, 5.5, 4.5));
    fixture.sweep(&pair, at(3_000), &[8.5, 9.5]);
    fixture.events(&[change(0, 1_950, 10.5), change(2, 3_500, 1.5)]);
    let second = fixture.chunk(first.until());
    store.write(stream, &second, fixture.book()).await.unwrap();
    assert_eq!(latest().await, expected(1.5, 8.5, 9.5));
    let all = "select point, value, quality from latest order by point";
    let rows = kind.sql("latest", all).await;
    let expected = [
        format!("{IA}|8.5|0"),
        format!("{IB}|9.5|0"),
        format!("{STATE}|1.5|0"),
    ];
    assert_eq!(rows, expected);
    let one = format!("select value from latest where point = '{IB}'");
    assert_eq!(kind.sql("latest", &one).await, ["9.5"]);
}

pub(super) async fn doubt_and_nonsense_are_kept_apart_from_values(kind: &dyn Kind) {
    let store = fresh(kind, "doubt").await;
    let mut fixture = Fixture::new();
    let pair = fixture.pair();
    let values = [(f64::NAN, Quality::GOOD), (1.5, Quality::STALE)];
    fixture.judged_sweep(&pair, at(0), TimeQuality::Synchronised, &values);
    let values = [(2.5, Quality::GOOD), (f64::INFINITY, Quality::OFFLINE)];
    fixture.judged_sweep(&pair, at(1), TimeQuality::None, &values);
    let values = [(3.5, Quality::GOOD), (4.5, Quality::GOOD)];
    fixture.judged_sweep(&pair, at(2), TimeQuality::Unsynchronised, &values);
    fixture.events(&[
        (0, at(3), f64::NEG_INFINITY, Quality::LATE),
        (0, at(4), 5.5, Quality::GOOD),
    ]);
    let chunk = fixture.all();
    store
        .write(fixture.stream(), &chunk, fixture.book())
        .await
        .unwrap();
    let (none, unsynchronised) = (Quality::NO_SOURCE_TIME, Quality::CLOCK_UNSYNCHRONISED);
    let ia = store.history(&ever(IA)).await.unwrap();
    let expected = [
        (0, None, Quality::NOT_FINITE),
        (1, Some(2.5), none),
        (2, Some(3.5), unsynchronised),
        (
            3,
            Some(f64::NEG_INFINITY),
            Quality::NOT_FINITE | Quality::LATE,
        ),
        (4, Some(5.5), Quality::GOOD),
    ];
    assert_eq!(short(&ia), expected);
    let ib = store.history(&ever(IB)).await.unwrap();
    let expected = [
        (0, Some(1.5), Quality::STALE),
        (
            1,
            Some(f64::INFINITY),
            Quality::NOT_FINITE | Quality::OFFLINE | none,
        ),
        (2, Some(4.5), unsynchronised),
    ];
    assert_eq!(short(&ib), expected);
    let value = "case when value < -1e308 then 'negative' else cast(value as text) end";
    let sql = format!("select {value}, quality from reading where point = '{IA}' order by ts");
    let bits = |quality: Quality| quality.bits();
    let expected = [
        format!("|{}", bits(Quality::NOT_FINITE)),
        format!("2.5|{}", bits(none)),
        format!("3.5|{}", bits(unsynchronised)),
        format!("negative|{}", bits(Quality::NOT_FINITE | Quality::LATE)),
        "5.5|0".to_owned(),
    ];
    assert_eq!(kind.sql("doubt", &sql).await, expected);
}

pub(super) async fn wild_clocks_stop_nothing(kind: &dyn Kind) {
    let store = fresh(kind, "wild").await;
    let mut fixture = Fixture::new();
    let pair = fixture.pair();
    let wild = [Timestamp::MIN, Timestamp::EPOCH, at(0), Timestamp::MAX];
    for (value, time) in (0..4_u8).zip(wild) {
        fixture.sweep(&pair, time, &[f64::from(value), 0.0]);
    }
    let change = |(value, time)| (2, time, f64::from(value), Quality::GOOD);
    let changes: Vec<_> = (0..4_u8).zip(wild).map(change).collect();
    fixture.events_received(Timestamp::MAX, &changes);
    let chunk = fixture.all();
    store
        .write(fixture.stream(), &chunk, fixture.book())
        .await
        .unwrap();
    for point in [IA, STATE] {
        let mut query = ever(point);
        query.until = at(1);
        let before: Vec<_> = store.history(&query).await.unwrap();
        let values: Vec<_> = before.iter().filter_map(|row| row.value).collect();
        assert_eq!(values, [0.0, 1.0, 2.0], "{point}");
        let micros: Vec<_> = before.iter().map(|row| row.time.as_micros()).collect();
        let expected = wild[..3].iter().map(|time| time.as_micros());
        // The first microsecond of all is not whole: it reads as the first nanosecond.
        assert!(micros.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 1));
    }
    let count = kind.sql("wild", "select count(*) from reading").await;
    assert_eq!(count, ["12"]);
    let youngest = store
        .latest(&[IA.to_owned(), STATE.to_owned()])
        .await
        .unwrap();
    assert!(youngest.iter().all(|row| row.value == Some(3.0)));
}

pub(super) async fn a_wrong_clock_keeps_nothing_from_being_the_latest(kind: &dyn Kind) {
    let store = fresh(kind, "ahead").await;
    let mut fixture = Fixture::new();
    let mut written = None;
    let minute = 60_000;
    // The second and third claim to be of the future; the third not by much.
    for (value, millis) in [(1.5, 0), (2.5, 99 * minute), (3.5, minute), (4.5, minute)] {
        fixture.events_received(at(0), &[(0, at(millis), value, Quality::GOOD)]);
        let chunk = match written {
            None => fixture.all(),
            Some(until) => fixture.chunk(until),
        };
        written = Some(chunk.until());
        let stream = fixture.stream();
        store.write(stream, &chunk, fixture.book()).await.unwrap();
        let latest = store.latest(&[IA.to_owned()]).await.unwrap();
        assert_eq!(latest[0].value, Some(value));
    }
    // The history has it as of its reception, which came before them.
    let mut history = short(&store.history(&ever(IA)).await.unwrap());
    history.sort_by_key(|row| (row.0, row.1.map(f64::to_bits)));
    let mut expected = good(&[(0, 1.5), (0, 2.5), (minute, 3.5), (minute, 4.5)]);
    expected[1].2 = Quality::CLOCK_CLAMPED;
    assert_eq!(history, expected);
}

pub(super) async fn old_events_are_found_beside_young_ones(kind: &dyn Kind) {
    let store = fresh(kind, "old").await;
    let mut fixture = Fixture::new();
    let (day, minute) = (86_400_000, 60_000);
    let mut times: Vec<i64> = (0..500).map(|n| n * minute - 30 * day).collect();
    times.extend((0..500).map(|n| n * 10));
    let change = |(n, millis): (u32, &i64)| (n % 3, at(*millis), f64::from(n), Quality::GOOD);
    let changes: Vec<_> = (0..).zip(&times).map(change).collect();
    fixture.events(&changes);
    let chunk = fixture.all();
    store
        .write(fixture.stream(), &chunk, fixture.book())
        .await
        .unwrap();
    for (from, until) in [
        (-30 * day + 17 * minute, -30 * day + 95 * minute),
        (-30 * day + 18 * minute + 1, -30 * day + 18 * minute + 2),
        (-31 * day, day),
        (1_000, 2_000),
    ] {
        let query = HistoryQuery {
            from: at(from),
            until: at(until),
            ..ever(IB)
        };
        let found = short(&store.history(&query).await.unwrap());
        let expected = (0_u32..).zip(&times).filter_map(|(n, millis)| {
            let wanted = n % 3 == 1 && (from..until).contains(millis);
            wanted.then_some((*millis, Some(f64::from(n)), Quality::GOOD))
        });
        assert_eq!(found, expected.collect::<Vec<_>>());
    }
    let rows = kind.sql("old", "select count(*) from event").await;
    assert!(rows[0].parse::<u32>().unwrap() < 60, "{rows:?}");
}

/// However long ago it was, and whichever shape it had.
pub(super) async fn the_latest_may_be_of_long_ago(kind: &dyn Kind) {
    let store = fresh(kind, "long_ago").await;
    let mut fixture = Fixture::new();
    let day = 86_400_000;
    fixture.sweep(&fixture.pair(), at(-900 * day), &[1.5, 2.5]);
    fixture.events(&[
        (0, at(-901 * day), 3.5, Quality::GOOD),
        (1, at(-899 * day), 4.5, Quality::GOOD),
    ]);
    let chunk = fixture.all();
    store
        .write(fixture.stream(), &chunk, fixture.book())
        .await
        .unwrap();
    let names = [IA, IB, STATE].map(str::to_owned);
    let values = async || {
        let rows = store.latest(&names).await.unwrap();
        rows.iter()
            .map(|row| row.value.unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(values().await, [1.5, 4.5]);
    let now = Timestamp::from(std::time::SystemTime::now());
    fixture.events(&[(0, now, 5.5, Quality::GOOD)]);
    fixture.sweep(&fixture.whole(), now, &[6.5, f64::NAN, 7.5]);
    let next = fixture.chunk(chunk.until());
    store
        .write(fixture.stream(), &next, fixture.book())
        .await
        .unwrap();
    let rows = store.latest(&names).await.unwrap();
    let values: Vec<_> = rows.iter().map(|row| row.value).collect();
    assert_eq!(values[1..], [None, Some(7.5)]);
    assert!([Some(5.5), Some(6.5)].contains(&values[0]), "{values:?}");
}
