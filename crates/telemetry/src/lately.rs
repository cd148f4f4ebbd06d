//! Latency of a stage over the last seconds, made of what is counted over the life of the process.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::Stage;

/// A window of latencies that ends now; nothing is recorded twice for it.
///
/// It remembers what the stage had counted at some moments, and takes the oldest of them from what
/// it has counted now. Each moment takes some 30 KiB.
#[derive(Debug)]
pub struct Lately {
    span: Duration,
    marks: VecDeque<Mark>,
}

#[derive(Debug)]
struct Mark {
    at: Instant,
    counted: Histogram<u64>,
}

/// Moments that are remembered in a window.
const MARKS: u32 = 5;

impl Lately {
    /// A window of `span`, up to a fifth longer, over a stage in which nothing was counted before `start`.
    pub fn new(span: Duration, start: Instant) -> Self {
        let counted = Stage::default().counted();
        let marks = VecDeque::from([Mark { at: start, counted }]);
        Self { span, marks }
    }

    /// What `stage` counted within the window that ends at `now`. To be called about as often as
    /// every fifth of the window; else it is longer than it should be.
    pub fn look(&mut self, stage: &Stage, now: Instant) -> Percentiles {
        let counted = stage.counted();
        let age = |mark: &Mark| now.saturating_duration_since(mark.at);
        // One mark at or beyond the window stays: it is where the window begins.
        while self
            .marks
            .get(1)
            .is_some_and(|second| age(second) >= self.span)
        {
            self.marks.pop_front();
        }
        let percentiles = match self.marks.front() {
            Some(mark) => Percentiles::between(&mark.counted, &counted),
            None => Percentiles::default(),
        };
        let spacing = self.span / MARKS;
        if self.marks.back().is_none_or(|last| age(last) >= spacing) {
            self.marks.push_back(Mark { at: now, counted });
        }
        percentiles
    }
}

/// Latencies that shares of all batches kept within; `None` if there was none. Off by less than 1 %
/// and 1 µs, and never above 1 h.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Percentiles {
    /// Half of them.
    pub p50: Option<Duration>,
    /// 95 %.
    pub p95: Option<Duration>,
    /// 99 %.
    pub p99: Option<Duration>,
    /// How many batches there were.
    pub batches: u64,
}

impl Percentiles {
    /// Of what was counted after `before` and is in `after`.
    fn between(before: &Histogram<u64>, after: &Histogram<u64>) -> Self {
        let mut between = after.clone();
        // It fails only if more was counted before than after.
        if between.subtract(before).is_err() {
            return Self::default();
        }
        let quantile = |quantile| {
            (!between.is_empty())
                .then(|| Duration::from_micros(between.value_at_quantile(quantile)))
        };
        Self {
            p50: quantile(0.5),
            p95: quantile(0.95),
            p99: quantile(0.99),
            batches: between.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Protocol;

    const SPAN: Duration = Duration::from_secs(10);

    fn record(stage: &Stage, millis: u64, times: usize) {
        let mut recorder = stage.recorder();
        (0..times).for_each(|_| recorder.record(Protocol::Modbus, Duration::from_millis(millis)));
    }

    fn p95(lately: &mut Lately, stage: &Stage, now: Instant) -> Option<u128> {
        lately.look(stage, now).p95.map(|found| found.as_millis())
    }

    #[test]
    fn what_is_older_than_the_window_is_forgotten() {
        let (stage, start) = (Stage::default(), Instant::now());
        let mut lately = Lately::new(SPAN, start);
        let at = |second: u64| start + Duration::from_secs(second);
        assert_eq!(lately.look(&stage, start), Percentiles::default());
        record(&stage, 100, 1_000);
        for second in 1..=10 {
            assert_eq!(p95(&mut lately, &stage, at(second)), Some(100), "{second}");
        }
        record(&stage, 5, 10);
        // A window is up to a fifth longer than it is asked to be.
        for second in 13..=20 {
            assert_eq!(p95(&mut lately, &stage, at(second)), Some(5), "{second}");
        }
        assert_eq!(p95(&mut lately, &stage, at(33)), None);
        assert_eq!(stage.quantile(0.95).unwrap().as_millis(), 100);
    }

    #[test]
    fn many_looks_are_few_marks() {
        let (stage, start) = (Stage::default(), Instant::now());
        let mut lately = Lately::new(SPAN, start);
        for n in 0..10_000 {
            lately.look(&stage, start + Duration::from_millis(n * 10));
        }
        assert!(lately.marks.len() <= 7, "{}", lately.marks.len());
    }
}
