//! Against a reference that keeps every reading.

use std::collections::BTreeMap;

use gridos_model::TimeQuality;
use proptest::prelude::*;

use super::*;

/// A batch of the generated stream.
#[derive(Clone, Debug)]
enum Given {
    Sweep {
        micros: i64,
        values: Vec<f64>,
        qualities: Vec<Quality>,
    },
    Events {
        points: Vec<u32>,
        micros: Vec<i64>,
        values: Vec<f64>,
        qualities: Vec<Quality>,
    },
}

/// Points of the layout of sweeps; that of events has more.
const SWEPT: usize = 5;
const SWEEPS: LayoutId = LayoutId::from_raw(7);
const EVENTS: LayoutId = LayoutId::from_raw(3);

type Place = (LayoutId, u32, Timestamp);

/// What a row of the view tells of a point and a minute.
#[derive(Clone, Debug, Default, PartialEq)]
struct Shown {
    count: u32,
    good: u32,
    /// Minimum, maximum, mean; their time and order, and the last value.
    range: Option<(f64, f64, f64)>,
    last: Option<(u32, Timestamp, f64)>,
}

impl Shown {
    /// Both parts of a minute together.
    fn merge(&mut self, part: Self) {
        self.range = match (self.range, part.range) {
            (Some(a), Some(b)) => {
                let (n, m) = (f64::from(self.good), f64::from(part.good));
                let avg = a.2 * (n / (n + m)) + b.2 * (m / (n + m));
                let (min, max) = (a.0.min(b.0), a.1.max(b.1));
                Some((min, max, avg.clamp(min, max)))
            }
            (a, b) => a.or(b),
        };
        let key =
            |last: &Option<(u32, Timestamp, f64)>| last.map(|(lag, received, _)| (lag, received));
        if key(&part.last) >= key(&self.last) {
            self.last = part.last;
        }
        self.count += part.count;
        self.good += part.good;
    }
}

fn parts(row: &MinuteRow) -> Vec<(Place, Shown)> {
    let number = |column: &Column, nth: usize| match column {
        Column::Same(number) => *number,
        Column::Each(numbers) => numbers[nth],
    };
    let value = |column: Option<&[f64]>, nth: usize| column.unwrap_or(row.last())[nth];
    (0..row.last().len())
        .map(|nth| {
            let position = row.points.get(nth).copied();
            let position = position.unwrap_or_else(|| u32::try_from(nth).unwrap());
            let count = number(&row.counts, nth);
            let good = row.goods.get(nth).copied().unwrap_or(count);
            let range = [row.min(), row.max(), row.avg()].map(|column| value(column, nth));
            let last = row.last()[nth];
            assert_eq!(good == 0, last.is_nan());
            assert!(good == 0 || (range[0] <= range[2] && range[2] <= range[1]));
            let shown = Shown {
                count,
                good,
                range: (good > 0).then_some((range[0], range[1], range[2])),
                last: (good > 0).then_some((number(&row.lags, nth), row.received, last)),
            };
            ((row.layout, position, row.time), shown)
        })
        .collect()
}

/// The rows of minutes, put together as the view does.
fn shown(rows: impl Iterator<Item = MinuteRow>) -> BTreeMap<Place, Shown> {
    let mut all: BTreeMap<Place, Shown> = BTreeMap::new();
    for (place, part) in rows.flat_map(|row| parts(&row)) {
        all.entry(place).or_default().merge(part);
    }
    all
}

/// The same from every single reading.
fn expected(given: &[Given]) -> BTreeMap<Place, Shown> {
    let mut readings: BTreeMap<Place, Vec<(i64, usize, f64, bool)>> = BTreeMap::new();
    let mut push = |layout, position, micros: i64, order, value: f64, quality: Option<&Quality>| {
        let time = Timestamp::from_micros(micros.div_euclid(60_000_000) * 60_000_000);
        let quality = quality.copied().unwrap_or_default();
        let good = value.is_finite() && !quality.is_bad();
        let place = (layout, position, time);
        readings
            .entry(place)
            .or_default()
            .push((micros, order, value, good));
    };
    for (order, given) in given.iter().enumerate() {
        match given {
            Given::Sweep {
                micros,
                values,
                qualities,
            } => {
                for (position, value) in (0..).zip(values) {
                    let quality = qualities.get(position as usize);
                    push(SWEEPS, position, *micros, order, *value, quality);
                }
            }
            Given::Events {
                points,
                micros,
                values,
                qualities,
            } => {
                for (nth, position) in points.iter().enumerate() {
                    let quality = qualities.get(nth);
                    push(EVENTS, *position, micros[nth], order, values[nth], quality);
                }
            }
        }
    }
    let fold = |(place, readings): (Place, Vec<(i64, usize, f64, bool)>)| {
        let good: Vec<_> = readings.iter().filter(|reading| reading.3).collect();
        let values = good.iter().map(|reading| reading.2);
        let n = good.len() as f64;
        let last = good.iter().max_by_key(|reading| reading.0);
        let shown = Shown {
            count: u32::try_from(readings.len()).unwrap(),
            good: u32::try_from(good.len()).unwrap(),
            range: last.map(|_| {
                let avg = values.clone().map(|value| value / n).sum();
                let min = values.clone().fold(f64::INFINITY, f64::min);
                (min, values.clone().fold(f64::NEG_INFINITY, f64::max), avg)
            }),
            last: last.map(|last| {
                let lag = u32::try_from(last.0.rem_euclid(60_000_000)).unwrap();
                (
                    lag,
                    received(readings.iter().map(|r| r.1).max().unwrap()),
                    last.2,
                )
            }),
        };
        (place, shown)
    };
    readings.into_iter().map(fold).collect()
}

/// Each batch is received after the one before.
fn received(order: usize) -> Timestamp {
    Timestamp::from_nanos(i64::try_from(order).unwrap())
}

fn add(minutes: &mut Minutes, order: usize, given: &Given) {
    match given {
        Given::Sweep {
            micros,
            values,
            qualities,
        } => minutes.add_sweep(&Sweep {
            layout: SWEEPS,
            time: Timestamp::from_micros(*micros),
            time_quality: TimeQuality::Synchronised,
            received: received(order),
            values,
            qualities,
        }),
        Given::Events {
            points,
            micros,
            values,
            qualities,
        } => {
            let times: Vec<_> = micros.iter().copied().map(Timestamp::from_micros).collect();
            minutes.add_events(&Events {
                layout: EVENTS,
                received: received(order),
                points,
                times: &times,
                values,
                qualities,
            });
        }
    }
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        12 => -1e3..1e3_f64,
        2 => Just(0.5),
        1 => Just(-1.5e308),
        1 => Just(1.7e308),
        1 => any::<f64>(),
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
    ]
}

fn quality() -> impl Strategy<Value = Quality> {
    prop_oneof![
        4 => Just(Quality::GOOD),
        1 => Just(Quality::LATE | Quality::CLOCK_UNSYNCHRONISED),
        1 => Just(Quality::STALE),
        1 => Just(Quality::OFFLINE | Quality::LATE),
    ]
}

/// Times in four minutes around 1970, many of them alike.
fn micros() -> impl Strategy<Value = i64> {
    prop_oneof![
        -120_000_000_i64..120_000_000,
        (-4_i64..4).prop_map(|n| n * 30_000_000),
        Just(-1),
        Just(59_999_999),
    ]
}

fn qualities(count: usize) -> impl Strategy<Value = Vec<Quality>> {
    prop_oneof![Just(Vec::new()), prop::collection::vec(quality(), count),]
}

fn given() -> impl Strategy<Value = Given> {
    let sweep = (
        micros(),
        prop::collection::vec(value(), SWEPT),
        qualities(SWEPT),
    );
    let sweep = sweep.prop_map(|(micros, values, qualities)| Given::Sweep {
        micros,
        values,
        qualities,
    });
    let clean = (micros(), prop::collection::vec(-1e3..1e3_f64, SWEPT));
    let clean = clean.prop_map(|(micros, values)| Given::Sweep {
        micros,
        values,
        qualities: Vec::new(),
    });
    let events = (1_usize..200).prop_flat_map(|count| {
        (
            prop::collection::vec(0_u32..300, count),
            prop::collection::vec(micros(), count),
            prop::collection::vec(value(), count),
            qualities(count),
        )
    });
    let events = events.prop_map(|(points, micros, values, qualities)| Given::Events {
        points,
        micros,
        values,
        qualities,
    });
    let steady = micros().prop_map(|micros| Given::Sweep {
        micros,
        values: vec![0.1; SWEPT],
        qualities: Vec::new(),
    });
    prop_oneof![2 => sweep, 2 => clean, 3 => steady, 1 => events]
}

fn is_near(a: f64, b: f64, within: f64) -> bool {
    (a - b).abs() <= 1e-9 * within.abs().max(1e-300)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn rows_tell_what_every_reading_would(
        given in prop::collection::vec(given(), 0..30),
        cuts in prop::collection::vec(0_usize..30, 0..4),
    ) {
        let mut minutes = Minutes::default();
        let mut rows = Vec::new();
        for (order, batch) in given.iter().enumerate() {
            if cuts.contains(&order) {
                rows.extend(minutes.close());
                prop_assert!(minutes.is_empty());
            }
            add(&mut minutes, order, batch);
        }
        rows.extend(minutes.close());
        let (found, expected) = (shown(rows.into_iter()), expected(&given));
        prop_assert_eq!(found.len(), expected.len());
        for (place, expected) in expected {
            let found = &found[&place];
            prop_assert_eq!((found.count, found.good), (expected.count, expected.good));
            let value = |last: &Option<(u32, Timestamp, f64)>| last.map(|last| (last.0, last.2));
            prop_assert_eq!(value(&found.last), value(&expected.last), "{:?}", place);
            let (Some(a), Some(b)) = (found.range, expected.range) else {
                prop_assert_eq!(found.range, expected.range);
                continue;
            };
            prop_assert_eq!((a.0, a.1), (b.0, b.1));
            prop_assert!(is_near(a.2, b.2, a.0.abs().max(a.1.abs())), "{} {}", a.2, b.2);
        }
    }
}

fn sweep<'a>(layout: u64, millis: i64, values: &'a [f64]) -> Sweep<'a> {
    Sweep {
        layout: LayoutId::from_raw(layout),
        time: Timestamp::from_millis(millis),
        time_quality: TimeQuality::None,
        received: Timestamp::from_millis(millis),
        values,
        qualities: &[],
    }
}

/// What is alike is told once: a steady value takes eight bytes, whatever it does for a minute.
#[test]
fn what_is_alike_is_told_once() {
    let mut minutes = Minutes::default();
    for second in 0..60 {
        minutes.add_sweep(&sweep(1, second * 1_000, &[0.1, 1e300]));
    }
    let row = minutes.close().next().unwrap();
    assert_eq!((row.min(), row.max(), row.avg()), (None, None, None));
    assert_eq!(row.last(), [0.1, 1e300]);
    assert_eq!(
        (row.counts, row.lags),
        (Column::Same(60), Column::Same(59_000_000))
    );
    assert!(row.goods.is_empty() && row.points.is_empty());
}

/// Bytes for each point of ten thousand devices of 32 points that tell `values` by the second.
fn bytes_per_point(values: impl Fn(i64) -> f64) -> f64 {
    let mut minutes = Minutes::default();
    minutes.expect(Minute::of(Timestamp::EPOCH));
    for second in 0..3 {
        for device in 0..10_000 {
            minutes.add_sweep(&sweep(device, second * 1_000, &[values(second); 32]));
        }
    }
    assert!(!minutes.are_too_many());
    minutes.bytes() as f64 / 320_000.0
}

#[test]
fn open_minutes_take_little_memory() {
    let (steady, varied) = (bytes_per_point(|_| 1.5), bytes_per_point(|at| at as f64));
    assert!(steady < 12.0, "{steady}");
    assert!(varied < 36.0, "{varied}");
}

/// However old what comes is: the minutes that are open are counted.
#[test]
fn minutes_of_long_ago_are_not_many() {
    let mut minutes = Minutes::default();
    minutes.expect(Minute::of(Timestamp::EPOCH));
    let values = [1.5; 1_000];
    let fill = i64::try_from(ELSEWHERE_MAX / 1_000).unwrap();
    for minute in 1..=fill {
        minutes.add_sweep(&sweep(1, -minute * 60_000, &values));
    }
    assert!(!minutes.are_too_many());
    let points: Vec<u32> = (0..1_000).collect();
    let times = vec![Timestamp::from_millis(-60_000); 1_000];
    minutes.add_events(&Events {
        layout: EVENTS,
        received: Timestamp::EPOCH,
        points: &points,
        times: &times,
        values: &values,
        qualities: &[],
    });
    assert!(minutes.are_too_many());
    assert!(minutes.bytes() < 16 << 20, "{}", minutes.bytes());
    assert_eq!(minutes.close().count(), usize::try_from(fill).unwrap() + 16);
    assert!(!minutes.are_too_many());
}

#[test]
fn a_row_is_sparse_or_whole() {
    let mut minutes = Minutes::default();
    minutes.add_events(&Events {
        layout: EVENTS,
        received: Timestamp::EPOCH,
        points: &[70, 3, 3],
        times: &[Timestamp::EPOCH; 3],
        values: &[1.5, 2.5, 4.5],
        qualities: &[Quality::GOOD, Quality::STALE, Quality::LATE],
    });
    let rows: Vec<_> = minutes.close().collect();
    assert_eq!(
        (rows[0].points.as_slice(), rows[1].points.as_slice()),
        (&[3][..], &[70][..])
    );
    assert_eq!(
        (&rows[0].counts, rows[0].goods.as_slice()),
        (&Column::Same(2), &[1][..])
    );
    assert_eq!(rows[0].last(), [4.5]);
}

#[test]
fn a_sweep_of_another_length_stops_nothing() {
    let mut minutes = Minutes::default();
    minutes.add_sweep(&sweep(1, 0, &[1.5, 2.5]));
    minutes.add_sweep(&sweep(1, 0, &[1.5, 2.5, 3.5]));
    assert_eq!(minutes.close().next().unwrap().counts, Column::Same(1));
}
