//! Exact latency buckets, as Prometheus adds them up over processes and versions.

use std::time::Duration;

/// The upper bounds of the buckets, each inclusive; one more bucket takes what is above.
///
/// The list is frozen: a changed bound breaks sums over an old and a new version side by side.
/// It is dense around the objectives (5 ms to the alarm, 10 ms to durable, 0.5 s to stored), and
/// each objective is a bound, so the share within it is exact.
pub const BUCKET_BOUNDS: [Duration; 24] = [
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_millis(2),
    Duration::from_millis(3),
    Duration::from_millis(5),
    Duration::from_micros(7_500),
    Duration::from_millis(10),
    Duration::from_millis(15),
    Duration::from_millis(20),
    Duration::from_millis(30),
    Duration::from_millis(50),
    Duration::from_millis(75),
    Duration::from_millis(100),
    Duration::from_millis(150),
    Duration::from_millis(200),
    Duration::from_millis(250),
    Duration::from_millis(300),
    Duration::from_millis(400),
    Duration::from_millis(500),
    Duration::from_millis(750),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
];

/// How many durations fell into each bucket, with their count and sum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Buckets {
    counts: [u64; BUCKET_BOUNDS.len()],
    count: u64,
    sum: Duration,
}

impl Buckets {
    /// Counts one duration.
    pub fn record(&mut self, duration: Duration) {
        let bucket = BUCKET_BOUNDS.partition_point(|bound| *bound < duration);
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
        }
        self.count += 1;
        self.sum = self.sum.saturating_add(duration);
    }

    /// Counts `count` durations, of which the first is `first` and each other one `step` longer.
    pub(crate) fn of_series(first: Duration, step: Duration, count: u64) -> Self {
        let mut buckets = Self {
            count,
            ..Self::default()
        };
        let mut below = 0;
        for (bound, cell) in BUCKET_BOUNDS.iter().zip(&mut buckets.counts) {
            if below == count {
                break;
            }
            let within = at_or_below(*bound, first, step, count);
            *cell = within - below;
            below = within;
        }
        let all = u32::try_from(count).unwrap_or(u32::MAX);
        let steps = step.saturating_mul(all.saturating_sub(1)) / 2;
        buckets.sum = first.saturating_add(steps).saturating_mul(all);
        buckets
    }

    /// What was counted in either.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        let counts = self.counts.iter_mut().zip(&other.counts);
        counts.for_each(|(count, more)| *count += more);
        self.count += other.count;
        self.sum = self.sum.saturating_add(other.sum);
        self
    }

    /// What was counted elsewhere: `counts` per bound, and `above` all of them.
    pub(crate) fn of(counts: [u64; BUCKET_BOUNDS.len()], above: u64, sum: Duration) -> Self {
        Self {
            counts,
            count: counts.iter().sum::<u64>() + above,
            sum,
        }
    }

    /// Each bound with how many durations were at or below it.
    pub fn cumulative(&self) -> impl Iterator<Item = (Duration, u64)> {
        let below = self.counts.iter().scan(0, |below, count| {
            *below += count;
            Some(*below)
        });
        BUCKET_BOUNDS.into_iter().zip(below)
    }

    /// How many fell into the bucket of each bound, and how many were above all.
    pub(crate) fn parts(&self) -> ([u64; BUCKET_BOUNDS.len()], u64) {
        (self.counts, self.count - self.counts.iter().sum::<u64>())
    }

    /// How many durations there were.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// All durations together.
    pub fn sum(&self) -> Duration {
        self.sum
    }
}

/// How many of `count` durations, from `first` on and each `step` longer, are at or below `bound`.
fn at_or_below(bound: Duration, first: Duration, step: Duration, count: u64) -> u64 {
    let Some(beyond) = bound.checked_sub(first) else {
        return 0;
    };
    // Bounds are seconds, so what a century does not hold changes nothing.
    let nanos = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    let steps = nanos(beyond).checked_div(nanos(step));
    steps.map_or(count, |steps| count.min(steps.saturating_add(1)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at_or_below(buckets: &Buckets, bound: Duration) -> u64 {
        let mut cumulative = buckets.cumulative();
        cumulative.find(|(le, _)| *le == bound).unwrap().1
    }

    #[test]
    fn a_bound_is_inclusive_to_the_nanosecond() {
        let half = Duration::from_millis(500);
        let mut buckets = Buckets::default();
        buckets.record(half);
        assert_eq!(at_or_below(&buckets, half), 1);
        buckets.record(half + Duration::from_nanos(1));
        assert_eq!(at_or_below(&buckets, half), 1);
        assert_eq!(at_or_below(&buckets, Duration::from_millis(750)), 2);
        assert_eq!(buckets.sum(), Duration::from_nanos(1_000_000_001));
    }

    #[test]
    fn what_is_above_all_bounds_is_only_counted() {
        let mut buckets = Buckets::default();
        buckets.record(Duration::from_secs(11));
        assert_eq!(at_or_below(&buckets, Duration::from_secs(10)), 0);
        assert_eq!(buckets.count(), 1);
        buckets.record(Duration::MAX);
        buckets.record(Duration::MAX);
        assert_eq!((buckets.count(), buckets.sum()), (3, Duration::MAX));
    }

    #[test]
    fn bounds_ascend() {
        assert!(BUCKET_BOUNDS.is_sorted_by(|a, b| a < b));
    }

    proptest! {
        #[test]
        fn a_series_is_counted_as_its_durations_one_by_one(
            first in 0_u64..2_000_000,
            step in 0_u64..3_000_000,
            count in 0_u64..40,
        ) {
            let [first, step] = [first, step].map(Duration::from_micros);
            let mut expected = Buckets::default();
            let mut duration = first;
            for _ in 0..count {
                expected.record(duration);
                duration += step;
            }
            let series = Buckets::of_series(first, step, count);
            prop_assert_eq!(series.parts(), expected.parts());
            let off = series.sum().abs_diff(expected.sum());
            prop_assert!(off <= Duration::from_micros(1), "{off:?}");
        }

        #[test]
        fn cumulative_counts_agree_with_counting(
            micros in prop::collection::vec(0_u64..12_000_000, 0..200),
        ) {
            let durations: Vec<_> = micros.into_iter().map(Duration::from_micros).collect();
            let mut buckets = Buckets::default();
            durations.iter().for_each(|duration| buckets.record(*duration));
            for (bound, below) in buckets.cumulative() {
                let expected = durations.iter().filter(|duration| **duration <= bound).count();
                prop_assert_eq!(below, expected as u64);
            }
            prop_assert_eq!(buckets.sum(), durations.iter().sum());
        }
    }
}
