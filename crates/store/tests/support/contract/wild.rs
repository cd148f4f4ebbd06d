//! Clocks that say anything.

use std::time::Duration;

use gridos_model::{Level, PointId, Quality, Timestamp, Transition};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::{IA, IB, Kind, STATE, ever, fresh};
use crate::support::fixture::{Fixture, at};

/// The furthest ahead of its reception that a source's time is believed.
const BELIEVED: Duration = Duration::from_secs(300);

/// A point's time in whole microseconds, its value's bits and its flags.
type Found = (i64, Option<u64>, Quality);

fn times() -> impl Strategy<Value = i64> {
    prop_oneof![
        any::<i64>(),
        Just(i64::MIN),
        Just(0),
        Just(i64::MAX),
        -400_000_000_000_i64..400_000_000_000,
    ]
}

fn values() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        Just(f64::NAN),
        Just(f64::NEG_INFINITY),
        -9.0..9.0_f64
    ]
}

/// What must be found of a reading.
fn stored(time: Timestamp, received: Timestamp, value: f64) -> Found {
    let ahead = time > received.saturating_add(BELIEVED);
    let mut quality = match value.is_finite() {
        true => Quality::GOOD,
        false => Quality::NOT_FINITE,
    };
    quality.set(Quality::CLOCK_CLAMPED, ahead);
    let time = if ahead { received } else { time };
    // The first microsecond of all is not whole: it reads as the first nanosecond.
    let micros = Timestamp::from_micros(time.as_micros()).as_micros();
    let value = (!value.is_nan()).then_some(value.to_bits());
    (micros, value, quality)
}

/// Any times and values: each batch is taken, and each reading is found as it was or as of its reception.
pub(super) async fn whatever_the_clocks_say_is_stored(kind: &dyn Kind) {
    let store = fresh(kind, "clocks").await;
    let mut runner = TestRunner::deterministic();
    let case = (times(), prop::collection::vec((times(), values()), 1..30));
    let (mut swept, mut changed) = (Vec::new(), Vec::new());
    for _ in 0..40 {
        let (received, readings) = case.new_tree(&mut runner).unwrap().current();
        // Received at the ends of time, at times near MIDNIGHT, and anywhere.
        let near = |nanos: i64| match nanos.unsigned_abs() < 400_000_000_000 {
            true => at(nanos / 1_000_000),
            false => Timestamp::from_nanos(nanos),
        };
        let received = near(received);
        let mut fixture = Fixture::new();
        let mut changes = Vec::new();
        for (time, value) in readings {
            let time = near(time);
            fixture.sweep_received(received, time, [value, 0.5]);
            changes.push((2, time, value, Quality::GOOD));
            swept.push(stored(time, received, value));
            changed.push(stored(time, received, value));
        }
        fixture.events_received(received, &changes);
        let chunk = fixture.all();
        store
            .write(fixture.stream(), &chunk, fixture.book())
            .await
            .unwrap();
    }
    for (point, mut expected) in [(IA, swept), (STATE, changed)] {
        let mut query = ever(point);
        query.limit = 100_000;
        // The last instant is not asked for: nothing is after it.
        let end = Timestamp::MAX.as_micros();
        expected.retain(|found| found.0 < end);
        let rows = store.history(&query).await.unwrap();
        let mut found: Vec<Found> = rows
            .iter()
            .map(|row| {
                (
                    row.time.as_micros(),
                    row.value.map(f64::to_bits),
                    row.quality,
                )
            })
            .filter(|found| found.0 < end)
            .collect();
        expected.sort_by_key(|found| (found.0, found.1, found.2.bits()));
        found.sort_by_key(|found| (found.0, found.1, found.2.bits()));
        assert_eq!(found, expected, "{point}");
        let latest = store.latest(&[point.to_owned()]).await.unwrap();
        assert_eq!(latest.len(), 1, "{point}");
    }
}

/// Sweeps, events, texts and alarms of a clock that is ahead are of their reception, and say so.
pub(super) async fn a_clock_ahead_is_told_in_every_shape(kind: &dyn Kind) {
    let store = fresh(kind, "shapes").await;
    let mut fixture = Fixture::new();
    let (received, limit, ahead) = (at(0), at(300_000), at(300_001));
    for time in [limit, ahead] {
        fixture.sweep_received(received, time, [1.5, 2.5]);
        fixture.events_received(received, &[(2, time, 3.5, Quality::LATE)]);
        fixture.texts_received(received, &[(2, time, b"v1", Quality::GOOD)]);
        fixture.transitions(&[Transition {
            point: PointId::of("sub1.feeder-01", "ia"),
            from: Level::Normal,
            to: Level::High,
            time,
            received,
            value: 1.5,
            quality: Quality::GOOD,
            occurrence: 1,
        }]);
    }
    let chunk = fixture.all();
    store
        .write(fixture.stream(), &chunk, fixture.book())
        .await
        .unwrap();
    let clamped = Quality::CLOCK_CLAMPED;
    let found = async |point: &str| {
        let rows = store.history(&ever(point)).await.unwrap();
        rows.iter()
            .map(|row| (row.time, row.quality))
            .collect::<Vec<_>>()
    };
    for point in [IA, IB] {
        assert_eq!(
            found(point).await,
            [(received, clamped), (limit, Quality::GOOD)]
        );
    }
    let late = Quality::LATE;
    assert_eq!(
        found(STATE).await,
        [(received, late | clamped), (limit, late)]
    );
    let texts = store.texts(&ever(STATE)).await.unwrap();
    let texts: Vec<_> = texts.iter().map(|row| (row.time, row.quality)).collect();
    assert_eq!(texts, [(received, clamped), (limit, Quality::GOOD)]);
    let sql = format!(
        "select (select count(*) from alarm where ts = received and quality = {0}), \
         (select count(*) from alarm where ts > received and quality = 0), \
         (select count(*) from reading where quality & {0} <> 0), \
         (select count(*) from latest where quality & {0} <> 0)",
        clamped.bits()
    );
    // The latest change is one of the two that count as of their reception: that which came later.
    assert_eq!(kind.sql("shapes", &sql).await, ["1|1|3|1"]);
}
