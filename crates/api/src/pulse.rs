//! The pulse: readings a second lately, and for how long the journal has not moved.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The rate is taken over about this long.
const WINDOW: Duration = Duration::from_secs(5);
/// Observations closer than this are not kept.
const SPACING: Duration = Duration::from_millis(500);
/// A rate over less than this says nothing.
const SPAN_MIN: Duration = Duration::from_millis(200);

/// Remembers a few observations of growing counters.
#[derive(Debug)]
pub(crate) struct Pulse {
    memory: Mutex<Memory>,
}

#[derive(Debug)]
struct Memory {
    samples: VecDeque<Sample>,
    /// The durable position that something waits behind, and since when.
    waiting: Option<(u64, Instant)>,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Instant,
    received: u64,
}

/// What one observation found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Beat {
    /// Readings received a second, over the last seconds; `None` right after the start.
    pub(crate) readings_per_second: Option<f64>,
    /// How long readings in the journal have waited without any of them becoming durable.
    pub(crate) waiting_for_disk: Duration,
}

impl Pulse {
    /// The pulse of an engine that started at `started` with no reading.
    pub(crate) fn new(started: Instant) -> Self {
        let samples = VecDeque::from([Sample {
            at: started,
            received: 0,
        }]);
        Self {
            memory: Mutex::new(Memory {
                samples,
                waiting: None,
            }),
        }
    }

    /// Notes the counters at `now`: readings received, the journal's end, and how much is durable.
    pub(crate) fn observe(&self, now: Instant, received: u64, position: u64, durable: u64) -> Beat {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        Beat {
            readings_per_second: memory.rate(Sample { at: now, received }),
            waiting_for_disk: memory.waiting(now, position, durable),
        }
    }
}

impl Memory {
    fn rate(&mut self, sample: Sample) -> Option<f64> {
        let age = |of: &Sample| sample.at.saturating_duration_since(of.at);
        // One sample beyond the window stays, so that the rate covers all of it.
        while self
            .samples
            .get(1)
            .is_some_and(|second| age(second) >= WINDOW)
        {
            self.samples.pop_front();
        }
        let first = *self.samples.front()?;
        if self.samples.back().is_none_or(|last| age(last) >= SPACING) {
            self.samples.push_back(sample);
        }
        let span = age(&first);
        let readings = sample.received.saturating_sub(first.received);
        // Exact below 2⁵³ readings in the window.
        let readings = readings as f64;
        (span >= SPAN_MIN).then(|| readings / span.as_secs_f64())
    }

    fn waiting(&mut self, now: Instant, position: u64, durable: u64) -> Duration {
        if position <= durable {
            self.waiting = None;
            return Duration::ZERO;
        }
        match self.waiting {
            Some((at, since)) if at == durable => now.saturating_duration_since(since),
            Some(_) | None => {
                self.waiting = Some((durable, now));
                Duration::ZERO
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(start: Instant, seconds: f64) -> Instant {
        start + Duration::from_secs_f64(seconds)
    }

    #[test]
    fn the_rate_follows_the_last_seconds_and_forgets_the_rest() {
        let start = Instant::now();
        let pulse = Pulse::new(start);
        assert_eq!(pulse.observe(start, 0, 0, 0).readings_per_second, None);
        let mut received = 0;
        for second in 1..=20 {
            received += if second <= 10 { 1_000 } else { 10 };
            let rate = pulse
                .observe(seconds(start, f64::from(second)), received, 0, 0)
                .readings_per_second
                .unwrap();
            match second {
                1..=10 => assert_eq!(rate, 1_000.0),
                17..=20 => assert_eq!(rate, 10.0),
                _ => {}
            }
        }
    }

    #[test]
    fn many_observations_are_few_samples() {
        let start = Instant::now();
        let pulse = Pulse::new(start);
        for n in 0..10_000 {
            pulse.observe(seconds(start, f64::from(n) / 100.0), 0, 0, 0);
        }
        assert!(pulse.memory.lock().unwrap().samples.len() <= 12);
    }

    #[test]
    fn a_journal_stalls_only_if_something_waits_and_nothing_moves() {
        let start = Instant::now();
        let pulse = Pulse::new(start);
        let wait = |second: u32, position, durable| {
            let at = seconds(start, f64::from(second));
            pulse
                .observe(at, 0, position, durable)
                .waiting_for_disk
                .as_secs()
        };
        assert_eq!(wait(1, 100, 100), 0);
        assert_eq!(wait(50, 100, 100), 0);
        assert_eq!(wait(51, 200, 100), 0);
        assert_eq!(wait(59, 900, 100), 8);
        assert_eq!(wait(60, 900, 300), 0);
        assert_eq!(wait(63, 900, 300), 3);
        assert_eq!(wait(64, 900, 900), 0);
    }
}
