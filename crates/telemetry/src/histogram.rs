//! An exact histogram that many threads record into without a lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::{BUCKET_BOUNDS, Buckets, Counter};

/// Counts durations in the buckets of [`BUCKET_BOUNDS`].
///
/// Recording is two atomic adds, for what happens once per request rather than once per reading.
/// The sum lies beside the first buckets: so most records move one line of the cache, not two.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct Histogram {
    /// Nanoseconds; it would take 584 years to overflow.
    sum: AtomicU64,
    counts: [Counter; BUCKET_BOUNDS.len()],
    above: Counter,
}

impl Histogram {
    /// Counts one duration.
    pub fn record(&self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BUCKET_BOUNDS.partition_point(|bound| *bound < duration);
        self.sum.fetch_add(nanos, Ordering::Relaxed);
        self.counts.get(bucket).unwrap_or(&self.above).increment();
    }

    /// Counts `count` durations, of which the first is `first` and each other one `step` longer.
    pub fn record_series(&self, first: Duration, step: Duration, count: u64) {
        if count == 0 {
            return;
        }
        let series = Buckets::of_series(first, step, count);
        let nanos = u64::try_from(series.sum().as_nanos()).unwrap_or(u64::MAX);
        self.sum.fetch_add(nanos, Ordering::Relaxed);
        let (counts, above) = series.parts();
        let cells = self.counts.iter().zip(counts);
        for (cell, count) in cells.filter(|(_, count)| *count > 0) {
            cell.add(count);
        }
        if above > 0 {
            self.above.add(above);
        }
    }

    /// The exact buckets so far; a duration that is recorded at this moment may be missing from
    /// the sum or the count.
    pub fn buckets(&self) -> Buckets {
        let counts = self.counts.each_ref().map(Counter::get);
        let sum = Duration::from_nanos(self.sum.load(Ordering::Relaxed));
        Buckets::of(counts, self.above.get(), sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_what_buckets_count() {
        let (histogram, mut buckets) = (Histogram::default(), Buckets::default());
        for micros in [0, 500, 501, 9_999_999, 10_000_000, 10_000_001, 99_000_000] {
            histogram.record(Duration::from_micros(micros));
            buckets.record(Duration::from_micros(micros));
        }
        assert_eq!(histogram.buckets(), buckets);
    }

    #[test]
    fn a_series_is_its_durations() {
        let (one, other) = (Histogram::default(), Histogram::default());
        let second = Duration::from_secs(1);
        one.record_series(second / 4, second, 20);
        (0..20).for_each(|n| other.record(second / 4 + n * second));
        assert_eq!(one.buckets(), other.buckets());
        one.record_series(second, second, 0);
        assert_eq!(one.buckets().count(), 20);
    }

    #[test]
    fn nothing_is_lost_between_threads() {
        let histogram = Histogram::default();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let histogram = &histogram;
                scope.spawn(move || {
                    for n in 0..10_000 {
                        histogram.record(Duration::from_micros(n * (thread + 1)));
                    }
                });
            }
        });
        assert_eq!(histogram.buckets().count(), 40_000);
    }
}
