//! Columns that are long enough to be made of minutes.

use std::time::Duration;

use gridos_model::{Quality, TimeQuality};
use gridos_store::{Column, Grid, TrendQuery};

use super::history::names;
use super::reference::{MINUTE, NOON};
use super::{Kind, fresh};
use crate::support::fixture::{Fixture, at};

/// Columns of an hour are the same, made of readings or of minutes; and where there are minutes, no
/// reading is needed, but where there are none, they are.
pub(super) async fn long_columns_are_made_of_minutes(kind: &dyn Kind) {
    let store = fresh(kind, "hours").await;
    let mut fixture = Fixture::new();
    let pair = fixture.pair();
    let hour = 60 * MINUTE;
    for n in 0..6 * 360 {
        let value = f64::from(i32::try_from(n * 7 % 1_000).unwrap());
        let quality = if n % 4 == 0 {
            Quality::STALE
        } else {
            Quality::GOOD
        };
        let time = at(NOON + n * 10_000);
        let values = [(value, quality), (f64::NAN, Quality::GOOD)];
        fixture.judged_sweep(&pair, time, TimeQuality::Synchronised, &values);
    }
    let chunk = fixture.all();
    let stream = fixture.stream();
    let stored = store.write(stream, &chunk, fixture.book()).await.unwrap();
    store.turn(stream, stored.tail).await.unwrap();
    let (from, until) = (at(NOON + 5_000), at(NOON + 6 * hour));
    let ask = async |step: i64| {
        let step = Duration::from_millis(step.unsigned_abs());
        let query = TrendQuery {
            points: names(&[0, 1]),
            from,
            until,
            grid: Grid::steps(from, until, step),
        };
        store.trend(&query).await.unwrap()
    };
    let told = |columns: &[Column]| -> Vec<_> {
        let column = |column: &Column| {
            let values = column.values.map(|all| {
                let average = (all.average * 1e6).round();
                (all.min.value, all.max.value, all.last, average)
            });
            (column.from, column.count, column.good, values)
        };
        columns.iter().map(column).collect()
    };
    // The hours by hand.
    let expected = |first: i64| -> Vec<f64> {
        let hour = (first * 360..(first + 1) * 360).filter(|n| n % 4 != 0);
        hour.map(|n| f64::from(i32::try_from(n * 7 % 1_000).unwrap()))
            .collect()
    };
    let hours = ask(hour).await;
    let counts: Vec<_> = hours[0]
        .iter()
        .map(|column| (column.count, column.good))
        .collect();
    let whole = [(360, 270); 5];
    assert_eq!(counts, [&[(359, 270)], &whole[..]].concat());
    for (first, column) in (0..).zip(&hours[0]) {
        let (values, found) = (expected(first), column.values.unwrap());
        assert_eq!(column.from, at(NOON + first * hour));
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        assert_eq!((found.min.value, found.max.value), (least, most));
        assert_eq!(found.last.value, values[values.len() - 1]);
        let average = values.iter().sum::<f64>() / values.len() as f64;
        assert!(
            (found.average - average).abs() < 1e-6,
            "{} {average}",
            found.average
        );
        let into = found.first.time.since(column.from);
        assert!(into < Duration::from_secs(60), "{into:?}");
    }
    assert!(
        hours[1]
            .iter()
            .all(|column| column.good == 0 && column.values.is_none())
    );
    // An hour, of two, whose minutes nobody has rolled up.
    let time = |millis: i64| {
        format!("{:.6}", at(NOON + millis))
            .replace('T', " ")
            .replace('Z', "")
    };
    let (begin, end) = (time(2 * hour + 10 * MINUTE), time(3 * hour + 10 * MINUTE));
    let rows = "select count(*) from minute";
    let before = kind.sql("hours", rows).await;
    let sql = format!("delete from minute where ts >= '{begin}' and ts < '{end}'");
    kind.sql("hours", &sql).await;
    assert_ne!(kind.sql("hours", rows).await, before);
    assert_eq!(told(&ask(hour).await[0]), told(&hours[0]));
    // And an hour and a half whose readings are kept no more.
    let (begin, end) = (time(7 * hour / 2), time(5 * hour));
    let sql = format!("delete from sweep where ts >= '{begin}' and ts < '{end}'");
    kind.sql("hours", &sql).await;
    assert_eq!(told(&ask(hour).await[0]), told(&hours[0]));
    let quarters = ask(hour / 4).await;
    assert_eq!(quarters[0].len(), 18, "short columns are made of readings");
}
