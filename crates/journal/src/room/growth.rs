//! How fast the journal grows.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A rate is known after this.
const LEAST: Duration = Duration::from_secs(10);
/// The counts that are remembered are at least this far apart.
const APART: Duration = Duration::from_secs(5);

/// The average growth of a count of bytes over the last minutes.
#[derive(Debug)]
pub struct Growth {
    window: Duration,
    notes: VecDeque<(Instant, u64)>,
    rate: Option<Rate>,
}

/// So many bytes in so long a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The bytes.
    pub bytes: u64,
    /// In this time, which is not zero.
    pub over: Duration,
}

impl Growth {
    /// The growth over the last `window`.
    pub fn new(window: Duration) -> Self {
        Self {
            window,
            notes: VecDeque::new(),
            rate: None,
        }
    }

    /// The count stands at `bytes` at `now`. One that has become less begins anew.
    pub fn note(&mut self, now: Instant, bytes: u64) {
        if self.notes.back().is_some_and(|last| bytes < last.1) {
            self.notes.clear();
        }
        while let [_, second, ..] = self.notes.make_contiguous()
            && now.saturating_duration_since(second.0) >= self.window
        {
            self.notes.pop_front();
        }
        if let Some((since, before)) = self.notes.front() {
            let over = now.saturating_duration_since(*since);
            if over >= LEAST {
                let bytes = bytes - before;
                self.rate = Some(Rate { bytes, over });
            }
        }
        let is_apart = |last: &(Instant, u64)| now.saturating_duration_since(last.0) >= APART;
        if self.notes.back().is_none_or(is_apart) {
            self.notes.push_back((now, bytes));
        }
    }

    /// What follows says nothing of the growth before: the journal takes nothing at present. The
    /// last rate stays known.
    pub fn pause(&mut self) {
        self.notes.clear();
    }

    /// The rate; `None` until it has been watched for ten seconds.
    pub fn rate(&self) -> Option<Rate> {
        self.rate
    }
}

impl Rate {
    /// How long `bytes` take at this rate; `None` if there is no growth, or it takes longer than
    /// anybody waits (a hundred years).
    pub fn time_for(&self, bytes: u64) -> Option<Duration> {
        const CENTURY: u128 = 100 * 365 * 86_400 * 1_000_000_000;
        let nanos = (u128::from(bytes).saturating_mul(self.over.as_nanos()))
            .checked_div(u128::from(self.bytes))?;
        let nanos = u64::try_from(nanos.min(CENTURY)).ok()?;
        (u128::from(nanos) < CENTURY).then_some(Duration::from_nanos(nanos))
    }

    /// Whole bytes a second.
    pub fn per_second(&self) -> u64 {
        let nanos = self.over.as_nanos().max(1);
        let bytes = u128::from(self.bytes) * 1_000_000_000 / nanos;
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_steady_growth_is_known_exactly_after_ten_seconds() {
        let start = Instant::now();
        let mut growth = Growth::new(600 * SECOND);
        for second in 0..2_000_u32 {
            growth.note(start + second * SECOND, 7_000 + u64::from(second) * 1_234);
            let known = growth.rate().map(|rate| rate.per_second());
            assert_eq!(known, (second >= 10).then_some(1_234), "{second}");
        }
        let over = growth.rate().unwrap().over;
        assert!((600 * SECOND..610 * SECOND).contains(&over), "{over:?}");
    }

    #[test]
    fn a_change_is_forgotten_after_the_window() {
        let start = Instant::now();
        let mut growth = Growth::new(60 * SECOND);
        for second in 0..100_u32 {
            growth.note(start + second * SECOND, u64::from(second) * 1_000);
        }
        for second in 100..300_u32 {
            growth.note(start + second * SECOND, 99_000 + u64::from(second - 99));
            let rate = growth.rate().unwrap().per_second();
            assert_eq!(rate == 1, second >= 160, "{second}: {rate}");
        }
    }

    #[test]
    fn a_pause_keeps_the_rate_and_does_not_dilute_it() {
        let start = Instant::now();
        let mut growth = Growth::new(60 * SECOND);
        for second in 0..20_u32 {
            growth.note(start + second * SECOND, u64::from(second) * 1_000);
        }
        growth.pause();
        let rate = |growth: &Growth| growth.rate().unwrap().per_second();
        for second in 1_000..1_009_u32 {
            growth.note(start + second * SECOND, 19_000);
            assert_eq!(rate(&growth), 1_000);
        }
        growth.note(start + 1_010 * SECOND, 19_000);
        assert_eq!(rate(&growth), 0);
    }

    #[test]
    fn what_becomes_less_is_no_growth() {
        let start = Instant::now();
        let mut growth = Growth::new(60 * SECOND);
        growth.note(start, 1_000_000);
        growth.note(start + 20 * SECOND, 10);
        assert_eq!(growth.rate(), None);
        growth.note(start + 30 * SECOND, 1_010);
        assert_eq!(growth.rate().map(|rate| rate.per_second()), Some(100));
    }

    #[test]
    fn times_are_exact_and_never_overflow() {
        let rate = |bytes| Rate {
            bytes,
            over: 10 * SECOND,
        };
        assert_eq!(rate(1_000).time_for(360_000), Some(3_600 * SECOND));
        assert_eq!(rate(0).time_for(1), None);
        assert_eq!(rate(1).time_for(u64::MAX), None);
        assert_eq!(rate(u64::MAX).time_for(0), Some(Duration::ZERO));
        assert_eq!(rate(u64::MAX).per_second(), u64::MAX / 10);
    }
}
