//! Packs: events cut into rows that stay small and cover little time.
//!
//! A row of events is found by its time span, so a span must be bounded: else a search for an hour
//! of last year would have to look at every row since. And a row that stays below PostgreSQL's
//! 2 kB threshold is stored as it is, neither compressed nor out of line.

use gridos_model::{Events, Timestamp};

/// The longest time from the first to the last event of a row, in microseconds; the schema's
/// CHECK and the queries say the same.
pub const SPAN_MAX_MICROS: i64 = 600 * 1_000_000;
/// The most events of a row.
pub const EVENTS_MAX: usize = 112;

/// The events of one row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pack<'a> {
    /// The earliest time.
    pub first: Timestamp,
    /// The latest time.
    pub last: Timestamp,
    /// The columns of the pack.
    pub events: Events<'a>,
}

/// Cuts events into packs, in the order of arrival.
pub fn packs<'a>(events: &Events<'a>) -> Packs<'a> {
    Packs { rest: *events }
}

/// The packs of [`packs`].
#[derive(Clone, Debug)]
pub struct Packs<'a> {
    rest: Events<'a>,
}

impl<'a> Iterator for Packs<'a> {
    type Item = Pack<'a>;

    fn next(&mut self) -> Option<Pack<'a>> {
        let (first, last, count) = span(self.rest.times)?;
        let (events, rest) = split(&self.rest, count);
        self.rest = rest;
        Some(Pack {
            first,
            last,
            events,
        })
    }
}

/// The earliest and the latest of the times that go into one pack, and how many those are.
fn span(times: &[Timestamp]) -> Option<(Timestamp, Timestamp, usize)> {
    let times = times.get(..EVENTS_MAX).unwrap_or(times);
    let &begin = times.first()?;
    // As a rule all are of the same minutes, and then it is enough to ask once.
    let (first, last) = times.iter().fold((begin, begin), around);
    if fits(first, last) {
        return Some((first, last, times.len()));
    }
    let (mut first, mut last, mut count) = (begin, begin, 0);
    for time in times {
        let (earliest, latest) = around((first, last), time);
        if !fits(earliest, latest) {
            break;
        }
        (first, last) = (earliest, latest);
        count += 1;
    }
    Some((first, last, count))
}

fn around((first, last): (Timestamp, Timestamp), time: &Timestamp) -> (Timestamp, Timestamp) {
    (first.min(*time), last.max(*time))
}

/// Whether a row may cover this time.
fn fits(first: Timestamp, last: Timestamp) -> bool {
    // Microseconds of 64-bit nanoseconds: their difference cannot overflow.
    last.as_micros() - first.as_micros() <= SPAN_MAX_MICROS
}

fn split<'a>(events: &Events<'a>, at: usize) -> (Events<'a>, Events<'a>) {
    let (points, points_rest) = events.points.split_at(at);
    let (times, times_rest) = events.times.split_at(at);
    let (values, values_rest) = events.values.split_at(at);
    let (qualities, qualities_rest) = events.qualities.split_at(at.min(events.qualities.len()));
    let pack = Events {
        points,
        times,
        values,
        qualities,
        ..*events
    };
    let rest = Events {
        points: points_rest,
        times: times_rest,
        values: values_rest,
        qualities: qualities_rest,
        ..*events
    };
    (pack, rest)
}

#[cfg(test)]
mod tests {
    use gridos_model::{LayoutId, Quality};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn packs_are_small_and_short_and_together_the_events(
            times in prop::collection::vec(
                prop_oneof![any::<i64>(), 0_i64..2_000_000_000_000],
                0..400,
            ),
            judged in any::<bool>(),
        ) {
            let times: Vec<_> = times.into_iter().map(Timestamp::from_nanos).collect();
            let points: Vec<u32> = (0..).take(times.len()).collect();
            let values: Vec<f64> = points.iter().map(|point| f64::from(*point)).collect();
            let qualities = vec![Quality::LATE; if judged { times.len() } else { 0 }];
            let events = Events {
                layout: LayoutId::from_raw(1),
                received: Timestamp::EPOCH,
                points: &points,
                times: &times,
                values: &values,
                qualities: &qualities,
            };
            let mut at = 0;
            for pack in packs(&events) {
                let count = pack.events.points.len();
                prop_assert!((1..=EVENTS_MAX).contains(&count));
                prop_assert_eq!(pack.events.points, &points[at..at + count]);
                prop_assert_eq!(pack.events.times, &times[at..at + count]);
                prop_assert_eq!(pack.events.values.len(), count);
                prop_assert_eq!(pack.events.qualities.len(), if judged { count } else { 0 });
                prop_assert_eq!(pack.events.times.iter().min(), Some(&pack.first));
                prop_assert_eq!(pack.events.times.iter().max(), Some(&pack.last));
                let span = pack.last.as_micros() - pack.first.as_micros();
                prop_assert!(span <= SPAN_MAX_MICROS);
                at += count;
            }
            prop_assert_eq!(at, times.len());
        }
    }
}
