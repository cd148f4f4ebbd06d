//! Between which times the events lie that were taken one after the other.

use std::ops::Range;

use gridos_model::Timestamp;

/// From the first time of some events to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Times {
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
}

/// The events that were taken, in spans: so it is known without a look at them that no event of
/// some time is among them.
#[derive(Clone, Debug, Default)]
pub(super) struct Spans(Vec<Span>);

#[derive(Clone, Debug)]
struct Span {
    /// The number of its first event; it ends where the next one begins.
    start: u64,
    /// Those of all its events that have one, or more.
    times: Times,
}

/// A span with fewer events than this takes those of the next fragment as well.
const EVENTS_MIN: u64 = 64;

impl Times {
    /// Of events without times.
    pub(in super::super) const NONE: Self = Self {
        first: Timestamp::MAX,
        last: Timestamp::MIN,
    };

    /// With one more event.
    #[inline]
    pub(in super::super) fn and(self, time: Timestamp) -> Self {
        self.join(Self {
            first: time,
            last: time,
        })
    }

    fn join(self, other: Self) -> Self {
        Self {
            first: self.first.min(other.first),
            last: self.last.max(other.last),
        }
    }

    fn overlap(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

impl Default for Times {
    fn default() -> Self {
        Self::NONE
    }
}

impl Spans {
    /// Events from the number `start` on lie within `times`.
    pub(super) fn note(&mut self, start: u64, times: Times) {
        match self.0.last_mut() {
            Some(span) if start - span.start < EVENTS_MIN => span.times = span.times.join(times),
            _ => self.0.push(Span { start, times }),
        }
    }

    /// Events before the number `start` are not remembered any more.
    pub(super) fn forget_before(&mut self, start: u64) {
        let behind = self.0.partition_point(|span| span.start <= start);
        self.0.drain(..behind.saturating_sub(1));
    }

    /// The last time of the spans that may have events within `times`, if there are such spans.
    pub(super) fn latest(&self, times: Times) -> Option<Timestamp> {
        let spans = self.0.iter().filter(|span| span.times.overlap(times));
        spans.map(|span| span.times.last).max()
    }

    /// The numbers of the events of these spans.
    pub(super) fn numbers(&self, times: Times) -> impl Iterator<Item = Range<u64>> {
        let ends = self.0.iter().skip(1).map(|next| next.start);
        let spans = self.0.iter().zip(ends.chain([u64::MAX]));
        let within = spans.filter(move |(span, _)| span.times.overlap(times));
        within.map(|(span, end)| span.start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(first: i64, last: i64) -> Times {
        let both = [first, last].map(Timestamp::from_millis);
        both.into_iter().fold(Times::NONE, Times::and)
    }

    fn found(spans: &Spans, first: i64, last: i64) -> Vec<(u64, u64)> {
        let numbers = spans.numbers(times(first, last));
        numbers
            .map(|numbers| (numbers.start, numbers.end))
            .collect()
    }

    #[test]
    fn events_are_looked_for_only_where_their_time_may_be() {
        let mut spans = Spans::default();
        spans.note(0, times(10, 20));
        spans.note(100, times(20, 30));
        spans.note(200, times(5, 6));
        assert_eq!(found(&spans, 20, 20), [(0, 100), (100, 200)]);
        assert_eq!(found(&spans, 6, 9), [(200, u64::MAX)]);
        assert_eq!(found(&spans, 21, 40), [(100, 200)]);
        assert_eq!(found(&spans, 31, 40), []);
        let latest = |first, last| spans.latest(times(first, last));
        assert_eq!(latest(20, 40), Some(Timestamp::from_millis(30)));
        assert_eq!(latest(31, 40), None);
    }

    #[test]
    fn small_fragments_share_a_span() {
        let mut spans = Spans::default();
        for n in 0..640 {
            let time = i64::try_from(n).unwrap();
            spans.note(n, times(time, time));
        }
        assert_eq!(spans.0.len(), 10);
        assert_eq!(found(&spans, 64, 64), [(64, 128)]);
        spans.forget_before(127);
        assert_eq!(found(&spans, 0, 70), [(64, 128)]);
        spans.forget_before(128);
        assert_eq!(found(&spans, 0, 127), []);
    }
}
