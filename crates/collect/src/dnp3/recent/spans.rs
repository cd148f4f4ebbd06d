//! Between which times the events lie that were taken one after the other.

use std::collections::VecDeque;
use std::ops::{Range, RangeInclusive};

use gridos_model::Timestamp;

/// The events that were taken, in spans: so it is known without a look at them that no event of
/// some time is among them.
#[derive(Clone, Debug, Default)]
pub(super) struct Spans(VecDeque<Span>);

#[derive(Clone, Debug)]
struct Span {
    /// The number of its first event; it ends where the next one begins.
    start: u64,
    /// No event is earlier that has a time.
    first: Timestamp,
    /// Nor later.
    last: Timestamp,
}

/// A span with fewer events than this takes those of the next fragment as well.
const EVENTS_MIN: u64 = 64;

impl Spans {
    /// Events from the number `start` on lie between `times`.
    pub(super) fn note(&mut self, start: u64, times: &RangeInclusive<Timestamp>) {
        let (first, last) = (*times.start(), *times.end());
        match self.0.back_mut() {
            Some(span) if start - span.start < EVENTS_MIN => {
                span.first = span.first.min(first);
                span.last = span.last.max(last);
            }
            _ => self.0.push_back(Span { start, first, last }),
        }
    }

    /// Events before the number `start` are not remembered any more.
    pub(super) fn forget_before(&mut self, start: u64) {
        while self.0.get(1).is_some_and(|next| next.start <= start) {
            self.0.pop_front();
        }
    }

    /// The last time of the spans that have events between `times`, if there are such spans.
    pub(super) fn latest(&self, times: &RangeInclusive<Timestamp>) -> Option<Timestamp> {
        let spans = self.0.iter().filter(|span| span.overlaps(times));
        spans.map(|span| span.last).max()
    }

    /// The numbers of the events of these spans.
    pub(super) fn numbers(
        &self,
        times: &RangeInclusive<Timestamp>,
    ) -> impl Iterator<Item = Range<u64>> {
        let ends = self.0.iter().skip(1).map(|next| next.start);
        let spans = self.0.iter().zip(ends.chain([u64::MAX]));
        spans
            .filter(|(span, _)| span.overlaps(times))
            .map(|(span, end)| span.start..end)
    }
}

impl Span {
    fn overlaps(&self, times: &RangeInclusive<Timestamp>) -> bool {
        self.first <= *times.end() && *times.start() <= self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(first: i64, last: i64) -> RangeInclusive<Timestamp> {
        Timestamp::from_millis(first)..=Timestamp::from_millis(last)
    }

    fn found(spans: &Spans, first: i64, last: i64) -> Vec<(u64, u64)> {
        let times = times(first, last);
        let numbers = spans.numbers(&times);
        numbers.map(|range| (range.start, range.end)).collect()
    }

    #[test]
    fn events_are_looked_for_only_where_their_time_may_be() {
        let mut spans = Spans::default();
        spans.note(0, &times(10, 20));
        spans.note(100, &times(20, 30));
        spans.note(200, &times(5, 6));
        assert_eq!(found(&spans, 20, 20), [(0, 100), (100, 200)]);
        assert_eq!(found(&spans, 6, 9), [(200, u64::MAX)]);
        assert_eq!(found(&spans, 21, 40), [(100, 200)]);
        assert_eq!(found(&spans, 31, 40), []);
        let latest = |first, last| spans.latest(&times(first, last));
        assert_eq!(latest(20, 40), Some(Timestamp::from_millis(30)));
        assert_eq!(latest(31, 40), None);
    }

    #[test]
    fn small_fragments_share_a_span() {
        let mut spans = Spans::default();
        for n in 0..640 {
            let time = i64::try_from(n).unwrap();
            spans.note(n, &times(time, time));
        }
        assert_eq!(spans.0.len(), 10);
        assert_eq!(found(&spans, 64, 64), [(64, 128)]);
        spans.forget_before(127);
        assert_eq!(found(&spans, 0, 70), [(64, 128)]);
        spans.forget_before(128);
        assert_eq!(found(&spans, 0, 127), []);
    }
}
