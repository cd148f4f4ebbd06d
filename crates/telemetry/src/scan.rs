//! How well one scan class of one device keeps its time.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::Counter;

/// One scan class of one device; written by the device's session.
#[derive(Debug)]
pub struct ScanStats {
    /// Scans that ended, with or without answers.
    pub scans: Counter,
    /// Scans skipped because the one before had not ended, or the engine was at its limit.
    pub overruns: Counter,
    /// How long after its time each scan began.
    pub lateness: Window,
    /// How long the requests of each scan took together.
    pub used: Window,
    /// How long each request took from its last byte sent to the last byte of its answer.
    pub round_trip: Window,
    period: Duration,
}

impl ScanStats {
    /// A scan class whose scans begin every `period`.
    pub fn new(period: Duration) -> Self {
        Self {
            scans: Counter::default(),
            overruns: Counter::default(),
            lateness: Window::default(),
            used: Window::default(),
            round_trip: Window::default(),
            period,
        }
    }

    /// How often a scan begins.
    pub fn period(&self) -> Duration {
        self.period
    }

    /// The share of its time that the class takes: used by available, 0 while nothing was scanned.
    /// Above 1 it cannot keep its period, and scans are skipped.
    pub fn load(&self, now: Instant) -> f64 {
        let used = self.used.summary(now).mean;
        if self.period.is_zero() {
            return 0.0;
        }
        used.as_secs_f64() / self.period.as_secs_f64()
    }
}

/// The durations of the last minute or two: last, mean and largest.
///
/// One session writes, anybody reads; the lock is held for a few instructions.
#[derive(Debug, Default)]
pub struct Window {
    state: Mutex<State>,
}

/// What a [`Window`] holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The latest duration, however long ago.
    pub last: Duration,
    /// Their mean; 0 if there was none within the window.
    pub mean: Duration,
    /// The largest; 0 if there was none within the window.
    pub max: Duration,
    /// How many there were within the window.
    pub count: u32,
}

#[derive(Debug, Default)]
struct State {
    last: Duration,
    current: Span,
    previous: Span,
}

/// What was recorded within one minute.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    began: Option<Instant>,
    sum: Duration,
    max: Duration,
    count: u32,
}

/// A span ends after this time; a window shows the span under way and the one before it.
const SPAN: Duration = Duration::from_secs(60);

impl Window {
    /// Adds a duration at `now`.
    pub fn record(&self, duration: Duration, now: Instant) {
        let mut state = self.lock();
        state.roll(now);
        state.last = duration;
        let span = &mut state.current;
        span.began.get_or_insert(now);
        span.sum = span.sum.saturating_add(duration);
        span.max = span.max.max(duration);
        span.count = span.count.saturating_add(1);
    }

    /// What it holds at `now`.
    pub fn summary(&self, now: Instant) -> Summary {
        let mut state = self.lock();
        state.roll(now);
        let (current, previous) = (state.current, state.previous);
        let count = current.count.saturating_add(previous.count);
        let sum = current.sum.saturating_add(previous.sum);
        Summary {
            last: state.last,
            mean: sum.checked_div(count).unwrap_or_default(),
            max: current.max.max(previous.max),
            count,
        }
    }

    /// A thread that panicked while recording leaves a state that is at worst short by one.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn roll(&mut self, now: Instant) {
        let age = |span: &Span| span.began.map(|began| now.saturating_duration_since(began));
        if age(&self.current).is_some_and(|age| age >= SPAN) {
            self.previous = std::mem::take(&mut self.current);
        }
        if age(&self.previous).is_some_and(|age| age >= 2 * SPAN) {
            self.previous = Span::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_window_forgets_after_two_minutes_but_not_the_last() {
        let (window, start) = (Window::default(), Instant::now());
        assert_eq!(window.summary(start), Summary::default());
        window.record(9 * MS, start);
        window.record(3 * MS, start + SPAN / 2);
        let both = window.summary(start + SPAN);
        assert_eq!((both.last, both.mean, both.max), (3 * MS, 6 * MS, 9 * MS));
        window.record(MS, start + SPAN);
        assert_eq!(window.summary(start + SPAN).count, 3);
        let later = window.summary(start + 2 * SPAN);
        assert_eq!((later.count, later.max), (1, MS));
        let gone = window.summary(start + 5 * SPAN);
        assert_eq!(
            (gone.count, gone.mean, gone.max),
            (0, Duration::ZERO, Duration::ZERO)
        );
        assert_eq!(gone.last, MS);
    }

    #[test]
    fn load_is_used_by_available_time() {
        let now = Instant::now();
        let scan = ScanStats::new(100 * MS);
        assert_eq!(scan.load(now), 0.0);
        scan.used.record(200 * MS, now);
        scan.used.record(300 * MS, now);
        assert!((scan.load(now) - 2.5).abs() < 1e-9);
        assert_eq!(ScanStats::new(Duration::ZERO).load(now), 0.0);
    }
}
