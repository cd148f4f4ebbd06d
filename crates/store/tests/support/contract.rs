//! What every store must do, whatever it is.

use std::pin::Pin;
use std::sync::Arc;

use gridos_journal::Tail;
use gridos_model::{
    DeviceId, Events, Gap, GapReason, Level, PointId, Quality, Readings, Sweep, TimeQuality,
    Timestamp, Transition,
};
use gridos_store::{AlarmsQuery, HistoryQuery, Loss, ReadingRow, Store, StoreError};

use super::fixture::{Fixture, MIDNIGHT, at};

/// An answer that is to come.
pub(crate) type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A kind of store under test: places are made by name and can be opened again.
pub(crate) trait Kind: Sync {
    /// An empty database of that name.
    fn create<'a>(&'a self, name: &'a str) -> Answer<'a, ()>;
    /// The store in it.
    fn open(&self, name: &str) -> Arc<dyn Store>;
    /// What a user's SQL answers: rows of columns joined by `|`, NULL as nothing.
    fn sql<'a>(&'a self, name: &'a str, sql: &'a str) -> Answer<'a, Vec<String>>;
}

const IA: &str = "sub1.feeder-01.ia";
const IB: &str = "sub1.feeder-01.ib";
const STATE: &str = "sub1.feeder-01.state";

/// Runs every case.
pub(crate) async fn check(kind: &dyn Kind) {
    readings_come_back(kind).await;
    history_is_cut_at_the_end_asked_for(kind).await;
    a_chunk_is_stored_once(kind).await;
    a_reopened_store_goes_on(kind).await;
    alarms_and_gaps_are_kept(kind).await;
    the_latest_is_the_youngest_of_either_shape(kind).await;
    doubt_and_nonsense_are_kept_apart_from_values(kind).await;
    what_cannot_be_stored_is_quarantined(kind).await;
    wild_clocks_stop_nothing(kind).await;
    old_events_are_found_beside_young_ones(kind).await;
    a_loss_is_recorded(kind).await;
    engines_may_start_at_once(kind).await;
}

async fn fresh(kind: &dyn Kind, name: &str) -> Arc<dyn Store> {
    kind.create(name).await;
    let store = kind.open(name);
    store.migrate().await.unwrap();
    store
}

fn ever(point: &str) -> HistoryQuery {
    HistoryQuery {
        point: point.to_owned(),
        from: Timestamp::MIN,
        until: Timestamp::MAX,
        limit: 1_000,
        youngest: false,
    }
}

fn short(rows: &[ReadingRow]) -> Vec<(i64, Option<f64>, Quality)> {
    let millis = |row: &ReadingRow| row.time.as_millis() - MIDNIGHT.as_millis();
    let short = |row: &ReadingRow| (millis(row), row.value, row.quality);
    rows.iter().map(short).collect()
}

fn good(rows: &[(i64, f64)]) -> Vec<(i64, Option<f64>, Quality)> {
    let good = |(millis, value): &(i64, f64)| (*millis, Some(*value), Quality::GOOD);
    rows.iter().map(good).collect()
}

async fn readings_come_back(kind: &dyn Kind) {
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

async fn history_is_cut_at_the_end_asked_for(kind: &dyn Kind) {
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

async fn a_chunk_is_stored_once(kind: &dyn Kind) {
    let store = fresh(kind, "once").await;
    let mut fixture = Fixture::new();
    let pair = fixture.pair();
    fixture.sweep(&pair, at(0), &[1.5, 2.5]);
    let (stream, chunk) = (fixture.stream(), fixture.all());
    store.write(stream, &chunk, fixture.book()).await.unwrap();
    let again = store.write(stream, &chunk, fixture.book()).await;
    let Err(StoreError::Moved { stored }) = again else {
        panic!("{again:?}");
    };
    assert_eq!(stored, chunk.until());
    fixture.sweep(&pair, at(1), &[1.5, 2.5]);
    fixture.sweep(&pair, at(2), &[1.5, 2.5]);
    let end = fixture.sync();
    let ahead = fixture.chunk(chunk.until());
    store.write(stream, &ahead, fixture.book()).await.unwrap();
    fixture.sweep(&pair, at(3), &[1.5, 2.5]);
    let next = fixture.chunk(end);
    let mut other = Fixture::new();
    other.sweep(&pair, at(4), &[1.5, 2.5]);
    let unseen = store.write(other.stream(), &next, other.book()).await;
    assert!(matches!(unseen, Err(StoreError::Moved { stored }) if stored == Tail::default()));
    assert_eq!(
        kind.sql("once", "select count(*) from reading").await,
        ["6"]
    );
    store.write(stream, &next, fixture.book()).await.unwrap();
    assert_eq!(
        kind.sql("once", "select count(*) from reading").await,
        ["8"]
    );
}

async fn a_reopened_store_goes_on(kind: &dyn Kind) {
    let store = fresh(kind, "reopened").await;
    let mut fixture = Fixture::new();
    let pair = fixture.pair();
    fixture.sweep(&pair, at(0), &[1.5, 2.5]);
    let (stream, first) = (fixture.stream(), fixture.all());
    store.write(stream, &first, fixture.book()).await.unwrap();
    drop(store);
    let store = kind.open("reopened");
    store.migrate().await.unwrap();
    assert_eq!(store.position(stream).await.unwrap().tail, first.until());
    fixture.sweep(&pair, at(1_000), &[3.5, 4.5]);
    let second = fixture.chunk(first.until());
    store.write(stream, &second, fixture.book()).await.unwrap();
    let ia = store.history(&ever(IA)).await.unwrap();
    assert_eq!(short(&ia), good(&[(0, 1.5), (1_000, 3.5)]));
}

fn transition(millis: i64, from: Level, to: Level, value: f64) -> Transition {
    Transition {
        point: PointId::of("sub1.feeder-01", "ia"),
        from,
        to,
        time: at(millis),
        received: at(millis + 1),
        value,
        quality: Quality::GOOD,
        occurrence: 7,
    }
}

async fn alarms_and_gaps_are_kept(kind: &dyn Kind) {
    let store = fresh(kind, "alarms").await;
    let mut fixture = Fixture::new();
    let pair = fixture.pair();
    fixture.sweep(&pair, at(0), &[105.5, 2.5]);
    fixture.transitions(&[
        transition(0, Level::Normal, Level::High, 105.5),
        transition(1_000, Level::High, Level::HighHigh, 111.5),
        transition(2_000, Level::HighHigh, Level::Normal, f64::NAN),
    ]);
    fixture.journal().append_gap(&Gap {
        device: DeviceId::of("sub1.feeder-01"),
        from: at(0),
        until: at(500),
        reason: GapReason::DeviceDown,
    });
    let chunk = fixture.all();
    store
        .write(fixture.stream(), &chunk, fixture.book())
        .await
        .unwrap();
    let ask = async |point: Option<&str>, until, limit| {
        let query = AlarmsQuery {
            point: point.map(str::to_owned),
            from: at(0),
            until: at(until),
            limit,
        };
        let rows = store.alarms(&query).await.unwrap();
        assert!(
            rows.iter()
                .all(|row| row.point == IA && row.occurrence == 7)
        );
        let levels = rows.iter().map(|row| (row.from, row.to, row.value));
        levels.collect::<Vec<_>>()
    };
    let raised = (Level::Normal, Level::High, Some(105.5));
    let worse = (Level::High, Level::HighHigh, Some(111.5));
    let over = (Level::HighHigh, Level::Normal, None);
    assert_eq!(ask(None, 9_000, 100).await, [over, worse, raised]);
    assert_eq!(ask(Some(IA), 9_000, 2).await, [over, worse]);
    assert_eq!(ask(Some(IA), 1_000, 100).await, [raised]);
    assert_eq!(ask(Some(IB), 9_000, 100).await, []);
    let sql = "select device.name, gap.reason from gap join device on device.id = gap.device";
    assert_eq!(
        kind.sql("alarms", sql).await,
        ["sub1.feeder-01|device_down"]
    );
}

async fn the_latest_is_the_youngest_of_either_shape(kind: &dyn Kind) {
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

async fn doubt_and_nonsense_are_kept_apart_from_values(kind: &dyn Kind) {
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
        (3, None, Quality::NOT_FINITE | Quality::LATE),
        (4, Some(5.5), Quality::GOOD),
    ];
    assert_eq!(short(&ia), expected);
    let ib = store.history(&ever(IB)).await.unwrap();
    let expected = [
        (0, Some(1.5), Quality::STALE),
        (1, None, Quality::NOT_FINITE | Quality::OFFLINE | none),
        (2, Some(4.5), unsynchronised),
    ];
    assert_eq!(short(&ib), expected);
    let sql = format!("select value, quality from reading where point = '{IA}' order by ts");
    let bits = |quality: Quality| quality.bits();
    let expected = [
        format!("|{}", bits(Quality::NOT_FINITE)),
        format!("2.5|{}", bits(none)),
        format!("3.5|{}", bits(unsynchronised)),
        format!("|{}", bits(Quality::NOT_FINITE | Quality::LATE)),
        "5.5|0".to_owned(),
    ];
    assert_eq!(kind.sql("doubt", &sql).await, expected);
}

async fn what_cannot_be_stored_is_quarantined(kind: &dyn Kind) {
    let store = fresh(kind, "quarantined").await;
    let mut fixture = Fixture::new();
    let pair = fixture.pair();
    let sweep = Sweep {
        layout: gridos_model::LayoutId::from_raw(99),
        time: at(0),
        time_quality: TimeQuality::None,
        received: at(0),
        values: &[1.5, 2.5],
        qualities: &[],
    };
    let unknown = fixture.readings(&Readings::Sweep(sweep));
    let known = Sweep {
        layout: pair.id(),
        values: &[1.5, 2.5, 3.5],
        ..sweep
    };
    fixture.readings(&Readings::Sweep(known));
    let whole = fixture.whole();
    fixture.readings(&Readings::Events(Events {
        layout: whole.id(),
        received: at(0),
        points: &[0, 3],
        times: &[at(0), at(1)],
        values: &[1.5, 2.5],
        qualities: &[],
    }));
    fixture.sweep(&pair, at(1), &[6.5, 7.5]);
    let chunk = fixture.all();
    assert!(unknown < chunk.until().position);
    store
        .write(fixture.stream(), &chunk, fixture.book())
        .await
        .unwrap();
    let tail = store.position(fixture.stream()).await.unwrap().tail;
    assert_eq!(tail, chunk.until());
    let ia = store.history(&ever(IA)).await.unwrap();
    assert_eq!(short(&ia), good(&[(1, 6.5)]));
    let sql = "select readings, reason, record from quarantine order by position";
    let rows = kind.sql("quarantined", sql).await;
    assert!(rows[0].starts_with("2|layout 99 is not in the layout book|{\"layout\":99,"));
    assert!(rows[1].starts_with("3|the sweep has 3 values for a layout of 2 points|{"));
    assert!(rows[2].starts_with("2|an event is of a point beyond the 3 of its layout|{"));
    assert_eq!(rows.len(), 3);
}

async fn wild_clocks_stop_nothing(kind: &dyn Kind) {
    let store = fresh(kind, "wild").await;
    let mut fixture = Fixture::new();
    let pair = fixture.pair();
    let wild = [Timestamp::MIN, Timestamp::EPOCH, at(0), Timestamp::MAX];
    for (value, time) in (0..4_u8).zip(wild) {
        fixture.sweep(&pair, time, &[f64::from(value), 0.0]);
    }
    let change = |(value, time)| (2, time, f64::from(value), Quality::GOOD);
    let changes: Vec<_> = (0..4_u8).zip(wild).map(change).collect();
    fixture.events(&changes);
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

async fn old_events_are_found_beside_young_ones(kind: &dyn Kind) {
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

async fn a_loss_is_recorded(kind: &dyn Kind) {
    let store = fresh(kind, "loss").await;
    let mut fixture = Fixture::new();
    let pair = fixture.pair();
    fixture.sweep(&pair, at(0), &[1.5, 2.5]);
    let resume = fixture.sync();
    let loss = Loss {
        from: Tail::default(),
        until: resume,
        reason: "the journal is damaged".to_owned(),
    };
    store.skip(fixture.stream(), &loss).await.unwrap();
    let again = store.skip(fixture.stream(), &loss).await;
    assert!(matches!(again, Err(StoreError::Moved { stored }) if stored == resume));
    let tail = store.position(fixture.stream()).await.unwrap().tail;
    assert_eq!(tail, resume);
    fixture.sweep(&pair, at(1), &[3.5, 4.5]);
    let chunk = fixture.chunk(resume);
    store
        .write(fixture.stream(), &chunk, fixture.book())
        .await
        .unwrap();
    let rows = kind
        .sql("loss", "select position, readings, reason from quarantine")
        .await;
    assert_eq!(rows, ["0|2|the journal is damaged"]);
}

async fn engines_may_start_at_once(kind: &dyn Kind) {
    kind.create("starts").await;
    let stores: Vec<_> = (0..3).map(|_| kind.open("starts")).collect();
    let starts = stores.into_iter().map(|store| {
        tokio::spawn(async move {
            store.migrate().await.unwrap();
            store.migrate().await.unwrap();
        })
    });
    for start in starts.collect::<Vec<_>>() {
        start.await.unwrap();
    }
    let versions = "select version, name from schema_migration";
    assert_eq!(kind.sql("starts", versions).await, ["1|start"]);
    let later = "insert into schema_migration (version, name, checksum) values (2, 'later', 0)";
    kind.sql("starts", later).await;
    let refused = kind.open("starts").migrate().await.unwrap_err();
    assert!(matches!(&refused, StoreError::Schema { .. }), "{refused}");
    assert!(
        refused.to_string().contains("later version of GridOS"),
        "{refused}"
    );
}
