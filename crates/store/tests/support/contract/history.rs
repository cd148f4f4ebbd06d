//! Questions about the past, answered as the plainest reference answers them.

use std::sync::Arc;
use std::time::Duration;

use gridos_journal::Tail;
use gridos_model::{DeviceId, Gap, GapReason, Quality, Timestamp};
use gridos_store::{
    Column, GapsQuery, Grid, InstantQuery, PointReading, PointsQuery, ReadingsPage, ReadingsQuery,
    Store, TrendQuery,
};

use super::reference::{DAY, Dice, MINUTE, NOON, POINTS, Reference};
use super::{IA, IB, Kind, STATE, fresh};
use crate::support::fixture::{Fixture, at};

const CASES: u64 = 2;

/// A range around what was drawn: often with ends at which there are readings.
fn range(dice: &mut Dice) -> (Timestamp, Timestamp) {
    let (a, b) = match dice.below(8) {
        0 => (NOON - 30 * DAY, NOON + DAY),
        1 => (dice.millis(), NOON + dice.below(100 * MINUTE)),
        _ => {
            let from = NOON + dice.below(60) * MINUTE / 2;
            (from, from + 1 + dice.below(90 * MINUTE))
        }
    };
    let inner = Duration::from_nanos(dice.below(2_000).unsigned_abs());
    (at(a.min(b)), at(a.max(b) + 1).saturating_add(inner))
}

/// Some of the points, in any order.
fn some_points(dice: &mut Dice) -> Vec<usize> {
    let mut points = vec![0, 1, 2];
    points.rotate_left(dice.index(3));
    points.truncate(1 + dice.index(3));
    points
}

pub(super) fn names(points: &[usize]) -> Vec<String> {
    points
        .iter()
        .map(|point| POINTS[*point].to_owned())
        .collect()
}

pub(super) async fn questions_are_answered_as_by_hand(kind: &dyn Kind) {
    for seed in 0..CASES {
        let store = fresh(kind, &format!("history_{seed}")).await;
        let (mut fixture, mut dice) = (Fixture::new(), Dice::new(seed + 1));
        let mut reference = Reference::default();
        reference.grow(&store, &mut fixture, &mut dice, 120).await;
        reference.grow(&store, &mut fixture, &mut dice, 40).await;
        for question in 0..20 {
            let context = format!("seed {seed}, question {question}");
            pages(&store, &reference, &mut dice, &context).await;
            trend(&store, &reference, &mut dice, &context).await;
            instant(&store, &reference, &mut dice, &context).await;
        }
    }
}

async fn pages(store: &Arc<dyn Store>, reference: &Reference, dice: &mut Dice, context: &str) {
    let (from, until) = range(dice);
    let points = some_points(dice);
    let expected = reference.readings(&points, from, until);
    let query = ReadingsQuery {
        points: names(&points),
        from,
        until,
        limit: 1 + dice.index(expected.len().max(40)),
        youngest: dice.below(2) == 0,
        after: None,
    };
    let mut found = Vec::new();
    let mut asking = query.clone();
    loop {
        let page = store.readings(&asking).await.unwrap();
        assert!(page.readings.len() <= query.limit, "{context}");
        assert!(
            page.next.is_none() || page.readings.len() == query.limit,
            "{context}"
        );
        found = joined(found, &page, query.youngest);
        match page.next {
            // As a client gives it back.
            Some(next) => asking.after = Some(next.to_string().parse().unwrap()),
            None => break,
        }
    }
    let place = found
        .iter()
        .zip(&expected)
        .take_while(|(a, b)| a == b)
        .count();
    let (found, expected) = (&found[place..], &expected[place..]);
    let (left, right) = (found.first(), expected.first());
    assert_eq!(left, right, "{context}, reading {place}: {query:?}");
}

fn joined(found: Vec<PointReading>, page: &ReadingsPage, youngest: bool) -> Vec<PointReading> {
    match youngest {
        true => [page.readings.clone(), found].concat(),
        false => [found, page.readings.clone()].concat(),
    }
}

async fn trend(store: &Arc<dyn Store>, reference: &Reference, dice: &mut Dice, context: &str) {
    let (from, until) = range(dice);
    // Columns stay shorter than those that are made of minutes.
    let from = from.max(until.saturating_sub(Duration::from_secs(20 * 3_600)));
    let points = some_points(dice);
    let (grid, edges) = match dice.below(2) {
        0 => {
            let count = 45 + dice.below(60);
            let grid = Grid::pixels(from, until, u32::try_from(count).unwrap());
            let (first, span) = (from.as_micros(), until.as_micros() - from.as_micros());
            // A reading is in the column that its time, not rounded, falls into.
            let edge = |n: i64| first + (span * n + count - 1).div_euclid(count);
            (grid, (0..=count).map(edge).collect::<Vec<_>>())
        }
        _ => {
            let step = (1 + dice.below(29)) * MINUTE * 1_000;
            let first = from.as_micros().div_euclid(step) * step;
            let micros = u64::try_from(step).unwrap();
            let grid = Grid::steps(from, until, Duration::from_micros(micros));
            let count = i64::from(grid.columns());
            (grid, (0..=count).map(|n| first + n * step).collect())
        }
    };
    let mut edges: Vec<_> = edges.into_iter().map(Timestamp::from_micros).collect();
    // What is stored in the last microsecond of the range is in the last column.
    *edges.last_mut().unwrap() = Timestamp::MAX;
    let query = TrendQuery {
        points: names(&points),
        from,
        until,
        grid,
    };
    let found = store.trend(&query).await.unwrap();
    assert_eq!(found.len(), points.len());
    for (point, found) in points.iter().zip(&found) {
        let expected = reference.columns(*point, &edges, from, until);
        assert_eq!(exact(found), exact(&expected), "{context}: {query:?}");
        for (found, expected) in found.iter().zip(&expected) {
            let Some((found, expected)) = found.values.zip(expected.values) else {
                continue;
            };
            let difference = (found.average - expected.average).abs();
            assert!(
                difference <= 1e-9 * expected.average.abs().max(1.0),
                "{context}"
            );
        }
    }
}

/// The columns without their averages, which depend on the order of summing.
fn exact(columns: &[Column]) -> Vec<Column> {
    let mut columns = columns.to_vec();
    let values = columns
        .iter_mut()
        .filter_map(|column| column.values.as_mut());
    values.for_each(|values| values.average = 0.0);
    columns
}

async fn instant(store: &Arc<dyn Store>, reference: &Reference, dice: &mut Dice, context: &str) {
    let time = at(dice.millis());
    let minutes = [1, 10, 60, 60 * 24 * 40][dice.index(4)];
    let look_back = Duration::from_secs(60 * minutes);
    let query = InstantQuery {
        device: "sub1.feeder-01".to_owned(),
        at: time,
        look_back,
    };
    let found = store.instant(&query).await.unwrap();
    let expected = reference.instant(time, look_back);
    let found: Vec<_> = found
        .readings
        .iter()
        .map(|row| (&*row.point, row.time, row.value, row.quality))
        .collect();
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(name, row)| (name, row.time, row.value, row.quality))
        .collect();
    assert_eq!(found, expected, "{context}: {query:?}");
}

/// Whatever arrives between two pages, each reading that was there is told once, and in order.
pub(super) async fn pages_stay_whole_while_data_arrives(kind: &dyn Kind) {
    for (seed, youngest) in [(11, false), (12, true)] {
        let store = fresh(kind, &format!("pages_{seed}")).await;
        let (mut fixture, mut dice) = (Fixture::new(), Dice::new(seed));
        let mut reference = Reference::default();
        reference.grow(&store, &mut fixture, &mut dice, 60).await;
        let (from, until) = (Timestamp::MIN, Timestamp::MAX);
        let points = [0, 1, 2];
        let before = reference.readings(&points, from, until);
        let mut query = ReadingsQuery {
            points: names(&points),
            from,
            until,
            limit: 37,
            youngest,
            after: None,
        };
        let mut found = Vec::new();
        loop {
            let page = store.readings(&query).await.unwrap();
            found = joined(found, &page, youngest);
            query.after = page.next;
            if query.after.is_none() {
                break;
            }
            reference.grow(&store, &mut fixture, &mut dice, 1).await;
        }
        let after = reference.readings(&points, from, until);
        assert!(before.len() < after.len());
        assert!(is_within(&before, &found), "something was passed over");
        assert!(
            is_within(&found, &after),
            "something was told twice or out of order"
        );
    }
}

/// Whether `part` is `all` with some left out.
fn is_within(part: &[PointReading], all: &[PointReading]) -> bool {
    let mut rest = all.iter();
    part.iter().all(|wanted| rest.any(|found| found == wanted))
}

/// Of what is at one time in several places, that which came last is the youngest, wherever it is.
pub(super) async fn a_page_may_end_among_readings_of_one_time(kind: &dyn Kind) {
    let store = fresh(kind, "ties").await;
    let mut fixture = Fixture::new();
    let (pair, whole) = (fixture.pair(), fixture.whole());
    // After what was swept before midnight, and before what is swept behind it.
    for time in [at(-5_000), at(5_000)] {
        fixture.sweep(&pair, time, &[1.5, 0.5]);
        fixture.sweep(&whole, time, &[2.5, 0.5, 0.5]);
        fixture.events_received(at(0), &[(0, time, 3.5, Quality::GOOD)]);
    }
    let chunk = fixture.all();
    let stream = fixture.stream();
    store.write(stream, &chunk, fixture.book()).await.unwrap();
    for (from, youngest) in [(at(-5_000), true), (at(5_000), false)] {
        let query = ReadingsQuery {
            points: vec![IA.to_owned()],
            from,
            until: from.saturating_add(Duration::from_secs(1)),
            limit: 1,
            youngest,
            after: None,
        };
        let page = store.readings(&query).await.unwrap();
        assert_eq!(page.readings[0].value, Some(3.5), "{from}");
        assert!(page.next.is_some());
    }
}

pub(super) async fn a_device_is_shown_at_an_instant(kind: &dyn Kind) {
    let store = fresh(kind, "instant").await;
    let mut fixture = Fixture::new();
    let pair = fixture.pair();
    fixture.sweep(&pair, at(-2 * DAY), &[1.5, 2.5]);
    fixture.sweep(&pair, at(1_000), &[3.5, 4.5]);
    fixture.events(&[
        (0, at(2_000), 5.5, Quality::GOOD),
        (2, at(-500), 0.5, Quality::LATE),
    ]);
    let text = |millis, text: &'static str| (1, at(millis), text.as_bytes(), Quality::GOOD);
    fixture.texts(&[text(-90 * DAY, "old"), text(1_500, "new")]);
    let chunk = fixture.all();
    let stream = fixture.stream();
    store.write(stream, &chunk, fixture.book()).await.unwrap();
    let ask = async |millis, hours: u64| {
        let query = InstantQuery {
            device: "sub1.feeder-01".to_owned(),
            at: at(millis),
            look_back: Duration::from_secs(3_600 * hours),
        };
        let found = store.instant(&query).await.unwrap();
        let readings = found
            .readings
            .iter()
            .map(|row| (row.point.clone(), row.value.unwrap()));
        let texts = found
            .texts
            .iter()
            .map(|row| (row.point.clone(), row.text.clone()));
        (readings.collect::<Vec<_>>(), texts.collect::<Vec<_>>())
    };
    let readings = |list: &[(&str, f64)]| -> Vec<(String, f64)> {
        list.iter()
            .map(|(name, value)| ((*name).to_owned(), *value))
            .collect()
    };
    let text = |text: &str| vec![(IB.to_owned(), text.to_owned())];
    let now = readings(&[(IA, 5.5), (IB, 4.5), (STATE, 0.5)]);
    assert_eq!(ask(2_000, 24).await, (now, text("new")));
    let before = readings(&[(IA, 3.5), (IB, 4.5), (STATE, 0.5)]);
    assert_eq!(ask(1_999, 24).await, (before, text("new")));
    assert_eq!(ask(999, 24).await, (readings(&[(STATE, 0.5)]), text("old")));
    let long = readings(&[(IA, 1.5), (IB, 2.5), (STATE, 0.5)]);
    assert_eq!(ask(999, 72).await, (long, text("old")));
    assert_eq!(ask(-100 * DAY, 24).await, (vec![], vec![]));
}

pub(super) async fn gaps_reach_into_a_range(kind: &dyn Kind) {
    let store = fresh(kind, "gaps").await;
    let mut fixture = Fixture::new();
    let device = DeviceId::of("sub1.feeder-01");
    for (device, from, until, reason) in [
        (
            DeviceId::WHOLE_ENGINE,
            5_000,
            6_000,
            GapReason::JournalDamaged,
        ),
        (device, 0, 2_000, GapReason::DeviceDown),
        (device, 4_000, 4_000, GapReason::DeviceRestart),
        (device, -DAY, 9_000, GapReason::EventBufferOverflow),
    ] {
        let (from, until) = (at(from), at(until));
        let gap = Gap {
            device,
            from,
            until,
            reason,
        };
        fixture.journal().append_gap(&gap);
    }
    let chunk = fixture.all();
    let stream = fixture.stream();
    store.write(stream, &chunk, fixture.book()).await.unwrap();
    let ask = async |from, until, query: GapsQuery| {
        let (from, until) = (at(from), at(until));
        let rows = store
            .gaps(&GapsQuery {
                from,
                until,
                ..query
            })
            .await
            .unwrap();
        for row in &rows {
            let device = (row.reason != "journal_damaged").then_some("sub1.feeder-01");
            assert_eq!(row.device.as_deref(), device);
        }
        rows.into_iter().map(|row| row.reason).collect::<Vec<_>>()
    };
    let of = |device: &str, point: &str, limit| GapsQuery {
        devices: Some(device)
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .into_iter()
            .collect(),
        points: Some(point)
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .into_iter()
            .collect(),
        from: at(0),
        until: at(0),
        after: None,
        limit,
    };
    let all = [
        "event_buffer_overflow",
        "device_down",
        "device_restart",
        "journal_damaged",
    ];
    for query in [
        of("sub1.feeder-01", "", 9),
        of("", STATE, 9),
        of("", "", 9),
        of("sub1.feeder-01", IA, 9),
    ] {
        assert_eq!(ask(0, 6_000, query.clone()).await, all);
        assert_eq!(ask(2_000, 4_000, query.clone()).await, all[..1]);
        assert_eq!(ask(1_999, 4_001, query.clone()).await, all[..3]);
        assert_eq!(ask(9_000, 10_000, query).await, [""; 0]);
    }
    assert_eq!(ask(0, 6_000, of("", "", 2)).await, all[..2]);
    // What a whole engine lost may be of anybody.
    assert_eq!(ask(0, 6_000, of("nobody", "", 9)).await, all[3..]);
}

pub(super) async fn what_nobody_knows_has_no_history(kind: &dyn Kind) {
    let store = fresh(kind, "nobody").await;
    let mut fixture = Fixture::new();
    let pair = fixture.pair();
    fixture.sweep(&pair, at(0), &[1.5, 2.5]);
    let chunk = fixture.all();
    let stream = fixture.stream();
    store.write(stream, &chunk, fixture.book()).await.unwrap();
    assert_eq!(chunk.readings(), 2);
    assert_ne!(chunk.until(), Tail::default());
    let (from, until) = (Timestamp::MIN, Timestamp::MAX);
    let points = vec!["nobody.x".to_owned(), IB.to_owned()];
    let query = ReadingsQuery {
        points: points.clone(),
        from,
        until,
        limit: 5,
        youngest: false,
        after: None,
    };
    let page = store.readings(&query).await.unwrap();
    let told: Vec<_> = page
        .readings
        .iter()
        .map(|row| (row.point, row.value))
        .collect();
    assert_eq!((told, page.next), (vec![(1, Some(2.5))], None));
    let empty = ReadingsQuery {
        from: at(5),
        until: at(5),
        ..query.clone()
    };
    assert_eq!(
        store.readings(&empty).await.unwrap(),
        ReadingsPage::default()
    );
    let none = ReadingsQuery { limit: 0, ..query };
    assert_eq!(
        store.readings(&none).await.unwrap(),
        ReadingsPage::default()
    );
    let grid = Grid::pixels(from, until, 3);
    let trend = TrendQuery {
        points,
        from,
        until,
        grid,
    };
    let columns = store.trend(&trend).await.unwrap();
    let counts: Vec<_> = columns.iter().map(Vec::len).collect();
    assert_eq!(counts, [0, 1]);
    let rows = store.points(&PointsQuery::default()).await.unwrap();
    let rows: Vec<_> = rows
        .iter()
        .map(|row| (&*row.device, &*row.point, &*row.unit))
        .collect();
    let device = "sub1.feeder-01";
    assert_eq!(rows, [IA, IB, STATE].map(|point| (device, point, "A")));
    let one = PointsQuery {
        points: vec![IB.to_owned()],
        ..PointsQuery::default()
    };
    assert_eq!(store.points(&one).await.unwrap().len(), 1);
    let devices = PointsQuery {
        devices: vec![device.to_owned()],
        points: vec!["x.y".to_owned()],
    };
    assert_eq!(store.points(&devices).await.unwrap().len(), 3);
}
