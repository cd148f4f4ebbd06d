//! What the view `reading_1m` must show, told by the readings that the view `reading` shows.

use std::collections::BTreeMap;
use std::time::Duration;

use gridos_model::{Events, Quality, Readings, Sweep, TimeQuality, Timestamp};

use super::fixture::{Fixture, at};

/// Every reading, in order of time.
pub(crate) const READINGS: &str =
    "select point, cast(ts as text), value, quality from reading order by ts";
/// Every minute.
pub(crate) const MINUTES: &str = "select point, cast(ts as text), count, good, good_share, min, \
                                  max, avg, last from reading_1m order by point, ts";

/// A point and a minute, as text.
type Place = (String, String);

/// Compares the answers to [`MINUTES`] and [`READINGS`]; returns how many minutes there are.
pub(crate) fn check(minutes: &[String], readings: &[String]) -> usize {
    let mut expected: BTreeMap<Place, Vec<Option<f64>>> = BTreeMap::new();
    for row in readings {
        let columns: Vec<_> = row.split('|').collect();
        let quality = Quality::from_bits_retain(columns[3].parse().unwrap());
        let value = columns[2].parse().ok();
        let good = value.filter(|value: &f64| value.is_finite() && !quality.is_bad());
        let place = (columns[0].to_owned(), columns[1][..16].to_owned());
        expected.entry(place).or_default().push(good);
    }
    let mut found = BTreeMap::new();
    for row in minutes {
        let columns: Vec<_> = row.split('|').collect();
        let place = (columns[0].to_owned(), columns[1][..16].to_owned());
        assert!(columns[1][16..].starts_with(":00"), "{row}");
        let again = found.insert(place, columns[2..].join("|"));
        assert_eq!(again, None, "{row}");
    }
    assert_eq!(
        found.keys().collect::<Vec<_>>(),
        expected.keys().collect::<Vec<_>>()
    );
    for (place, values) in &expected {
        let numbers = found[place].split('|').map(|text| text.parse().ok());
        let numbers: Vec<Option<f64>> = numbers.collect();
        let good: Vec<_> = values.iter().copied().flatten().collect();
        let (count, n) = (values.len() as f64, good.len() as f64);
        let counts = [count, n, n / count].map(Some);
        assert_eq!(numbers[..3], counts, "{place:?}: {}", found[place]);
        let extreme = |pick: fn(f64, f64) -> f64| good.iter().copied().reduce(pick);
        let (min, max) = (extreme(f64::min), extreme(f64::max));
        let last = good.last().copied();
        assert_eq!(
            [numbers[3], numbers[4], numbers[6]],
            [min, max, last],
            "{place:?}: {}",
            found[place]
        );
        let avg = min.map(|_| good.iter().map(|value| value / n).sum::<f64>());
        let error = numbers[5].zip(avg).map_or(0.0, |(a, b)| (a - b).abs());
        let most = min.unwrap_or(0.0).abs().max(max.unwrap_or(0.0).abs());
        assert!(
            numbers[5].is_some() == avg.is_some() && error <= 1e-9 * most,
            "{place:?}: {} for {avg:?}",
            found[place]
        );
    }
    found.len()
}

/// A field that behaves badly: some seconds between batches, old events, doubtful values, minutes
/// in which nothing comes, and batches that come a little behind others.
pub(crate) struct Field {
    random: u64,
    /// Milliseconds since midnight.
    now: i64,
    /// Makes every time another one.
    nth: i64,
}

impl Field {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            random: seed,
            now: 0,
            nth: 0,
        }
    }

    fn below(&mut self, n: i64) -> i64 {
        self.random = self
            .random
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        i64::try_from(self.random >> 33).unwrap() % n
    }

    fn value(&mut self) -> f64 {
        match self.below(40) {
            0 => f64::NAN,
            1 => f64::INFINITY,
            _ => self.below(100_000) as f64 / 64.0 - 300.0,
        }
    }

    fn quality(&mut self, value: f64) -> Quality {
        let quality = match self.below(12) {
            0 => Quality::STALE,
            1 => Quality::LATE | Quality::CLOCK_UNSYNCHRONISED,
            2 => Quality::OVER_RANGE,
            _ => Quality::GOOD,
        };
        match value.is_finite() {
            true => quality,
            false => quality | Quality::NOT_FINITE,
        }
    }

    /// A time that no other reading has.
    fn time(&mut self, millis: i64) -> Timestamp {
        self.nth += 1;
        at(millis).saturating_add(Duration::from_micros(
            u64::try_from(self.nth % 1_000).unwrap(),
        ))
    }

    /// Appends `batches` batches; returns how many readings they have.
    pub(crate) fn happen(&mut self, fixture: &mut Fixture, batches: usize) -> u64 {
        (0..batches).map(|_| self.batch(fixture)).sum()
    }

    fn batch(&mut self, fixture: &mut Fixture) -> u64 {
        let pause = match self.below(60) {
            0 => 200_000,
            _ => 7_000,
        };
        self.now += 1 + self.below(pause);
        let behind = match self.below(10) {
            0 => 5_000,
            _ => 1,
        };
        let received = at(self.now - self.below(behind));
        if self.below(3) == 0 {
            return self.events(fixture, received);
        }
        let layout = match self.below(2) {
            0 => fixture.pair(),
            _ => fixture.whole(),
        };
        let values: Vec<_> = (0..layout.len()).map(|_| self.value()).collect();
        let qualities = values.iter().map(|value| self.quality(*value));
        let mut qualities: Vec<_> = qualities.collect();
        if qualities.iter().all(|quality| quality.is_good()) {
            qualities.clear();
        }
        let time = self.now - self.below(2_000);
        let sweep = Sweep {
            layout: layout.id(),
            time: self.time(time),
            time_quality: TimeQuality::Synchronised,
            received,
            values: &values,
            qualities: &qualities,
        };
        fixture.readings(&Readings::Sweep(sweep));
        values.len() as u64
    }

    fn events(&mut self, fixture: &mut Fixture, received: Timestamp) -> u64 {
        let whole = fixture.whole();
        let count = 1 + self.below(5);
        let points: Vec<_> = (0..count)
            .map(|_| u32::try_from(self.below(3)).unwrap())
            .collect();
        let old = [1, 90_000, 7_200_000][usize::try_from(self.below(3)).unwrap()];
        let times = points.iter().map(|_| {
            let time = self.now - self.below(old);
            self.time(time)
        });
        let times: Vec<_> = times.collect();
        let values: Vec<_> = points.iter().map(|_| self.value()).collect();
        let qualities: Vec<_> = values.iter().map(|value| self.quality(*value)).collect();
        let events = Events {
            layout: whole.id(),
            received,
            points: &points,
            times: &times,
            values: &values,
            qualities: &qualities,
        };
        fixture.readings(&Readings::Events(events));
        values.len() as u64
    }
}
