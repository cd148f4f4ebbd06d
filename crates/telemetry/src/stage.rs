//! Latency of a stage: recorded by the thread that works it, read by everybody.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::{Buckets, DueName, Protocol, StageName};

/// Two digits from 1 µs to 1 h: a quantile is off by less than 1 %.
const QUANTILE_DIGITS: u8 = 2;
const HOUR_MICROS: u64 = 3_600_000_000;

/// How many durations a recorder holds before it must wait for the shared state.
const RECORDS_HELD_MAX: usize = 1024;

/// The latency of every stage, each from the last byte on the wire.
///
/// What comes when it pleases (events, posts) can be late only from there on. What is asked for can be
/// late before: `due` counts from when it should have been asked for.
#[derive(Debug, Default)]
pub struct Stages {
    /// Until the pipeline took the batch out of the ring.
    pub ring: Stage,
    /// Until its alarms were published.
    pub alarm: Stage,
    /// Until it was durable in the journal.
    pub durable: Stage,
    /// Until the database committed it.
    pub stored: Stage,
    /// The latencies from when each batch was due.
    pub due: DueStages,
}

/// The latency of every stage from when a batch was due: for a poll, when its scan should have
/// begun; for what comes by itself, when its last byte was read.
///
/// A poll that began late, or waited for others on the same line, counts from when it was due, so a
/// stall shows in all that it delayed ("coordinated omission").
#[derive(Debug, Default)]
pub struct DueStages {
    /// Until its last byte was read from the wire.
    pub wire: Stage,
    /// Until its alarms were published.
    pub alarm: Stage,
    /// Until it was durable in the journal.
    pub durable: Stage,
    /// Until the database committed it.
    pub stored: Stage,
}

impl DueStages {
    /// The stage called `name`.
    pub fn get(&self, name: DueName) -> &Stage {
        match name {
            DueName::Wire => &self.wire,
            DueName::Alarm => &self.alarm,
            DueName::Durable => &self.durable,
            DueName::Stored => &self.stored,
        }
    }
}

impl Stages {
    /// The stage called `name`.
    pub fn get(&self, name: StageName) -> &Stage {
        match name {
            StageName::Ring => &self.ring,
            StageName::Alarm => &self.alarm,
            StageName::Durable => &self.durable,
            StageName::Stored => &self.stored,
        }
    }
}

/// The latency of one stage over the life of the process.
#[derive(Debug, Default)]
pub struct Stage {
    shared: Arc<Mutex<Latency>>,
}

#[derive(Debug)]
struct Latency {
    /// In microseconds, rounded up.
    quantiles: Histogram<u64>,
    /// Exact: never derived from the rounded quantiles.
    buckets: [Buckets; Protocol::ALL.len()],
}

impl Default for Latency {
    #[expect(
        clippy::expect_used,
        reason = "only constants go in, and every test runs it"
    )]
    fn default() -> Self {
        Self {
            quantiles: Histogram::new_with_bounds(1, HOUR_MICROS, QUANTILE_DIGITS)
                .expect("constant bounds are valid"),
            buckets: Default::default(),
        }
    }
}

impl Latency {
    fn record(&mut self, protocol: Protocol, duration: Duration) {
        let micros = u64::try_from(duration.as_nanos().div_ceil(1_000)).unwrap_or(u64::MAX);
        self.quantiles.saturating_record(micros);
        self.buckets[protocol as usize].record(duration);
    }
}

impl Stage {
    /// A recorder for one thread.
    pub fn recorder(&self) -> StageRecorder {
        StageRecorder {
            shared: Arc::clone(&self.shared),
            held: Vec::with_capacity(RECORDS_HELD_MAX),
        }
    }

    /// The latency that the share `quantile` (0 to 1) of all batches kept within, or `None` if
    /// there was no batch yet.
    ///
    /// Off by less than 1 % and 1 µs, and never above 1 h: for people. What decides anything
    /// compares [`Stage::buckets`].
    pub fn quantile(&self, quantile: f64) -> Option<Duration> {
        let latency = lock(&self.shared);
        (!latency.quantiles.is_empty())
            .then(|| Duration::from_micros(latency.quantiles.value_at_quantile(quantile)))
    }

    /// All that was counted so far.
    pub(crate) fn counted(&self) -> Histogram<u64> {
        lock(&self.shared).quantiles.clone()
    }

    /// The exact buckets of all protocols so far.
    pub fn buckets(&self) -> Buckets {
        let latency = lock(&self.shared);
        let [first, rest @ ..] = &latency.buckets;
        rest.iter().fold(first.clone(), Buckets::and)
    }

    /// The exact buckets of what came by `protocol` so far.
    pub fn buckets_of(&self, protocol: Protocol) -> Buckets {
        lock(&self.shared).buckets[protocol as usize].clone()
    }
}

/// One thread's recorder of one stage.
///
/// Recording writes to memory of its own; [`StageRecorder::flush`], called once per turn, hands
/// over what was recorded. Dropping it hands over the rest.
#[derive(Debug)]
pub struct StageRecorder {
    shared: Arc<Mutex<Latency>>,
    held: Vec<(Protocol, Duration)>,
}

impl StageRecorder {
    /// Records how long one batch took that came by `protocol`.
    #[inline]
    pub fn record(&mut self, protocol: Protocol, duration: Duration) {
        if self.held.len() >= RECORDS_HELD_MAX {
            self.flush_now();
        }
        self.held.push((protocol, duration));
    }

    /// Hands over what was recorded, unless somebody reads the stage at this very moment: then it
    /// is kept for the next call. Costs nothing if nothing was recorded, and never waits.
    #[inline]
    pub fn flush(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let latency = match self.shared.try_lock() {
            Ok(latency) => latency,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        merge(latency, &mut self.held);
    }

    /// Hands over what was recorded, waiting if somebody reads the stage.
    pub fn flush_now(&mut self) {
        merge(lock(&self.shared), &mut self.held);
    }
}

impl Drop for StageRecorder {
    fn drop(&mut self) {
        self.flush_now();
    }
}

fn merge(mut latency: MutexGuard<'_, Latency>, held: &mut Vec<(Protocol, Duration)>) {
    for (protocol, duration) in held.drain(..) {
        latency.record(protocol, duration);
    }
}

/// A thread that panicked while counting leaves a count that is at worst short by one.
fn lock(shared: &Mutex<Latency>) -> MutexGuard<'_, Latency> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_batches_there_is_no_quantile() {
        let stage = Stage::default();
        assert_eq!(stage.quantile(0.95), None);
        stage.recorder().flush();
        assert_eq!(stage.quantile(0.95), None);
    }

    #[test]
    fn what_is_recorded_shows_after_a_flush_and_after_a_drop() {
        let stage = Stage::default();
        let mut recorder = stage.recorder();
        recorder.record(Protocol::Modbus, Duration::from_millis(1));
        assert_eq!(stage.buckets().count(), 0);
        recorder.flush();
        assert_eq!(stage.buckets().count(), 1);
        recorder.record(Protocol::Modbus, Duration::from_millis(1));
        drop(recorder);
        assert_eq!(stage.buckets().count(), 2);
    }

    #[test]
    fn protocols_are_told_apart_and_add_up() {
        let stage = Stage::default();
        let mut recorder = stage.recorder();
        recorder.record(Protocol::Modbus, Duration::from_millis(1));
        recorder.record(Protocol::Http, Duration::from_millis(700));
        recorder.record(Protocol::Http, Duration::from_millis(2));
        recorder.flush();
        let counts = Protocol::ALL
            .iter()
            .map(|one| stage.buckets_of(*one).count());
        assert_eq!(counts.collect::<Vec<_>>(), [1, 0, 2]);
        assert_eq!(stage.buckets().count(), 3);
        assert_eq!(stage.buckets().sum(), Duration::from_millis(703));
    }

    #[test]
    fn a_flush_does_not_wait_for_a_reader_and_loses_nothing() {
        let stage = Stage::default();
        let mut recorder = stage.recorder();
        recorder.record(Protocol::Modbus, Duration::from_millis(1));
        let reader = lock(&stage.shared);
        recorder.flush();
        drop(reader);
        assert_eq!(stage.buckets().count(), 0);
        recorder.flush();
        assert_eq!(stage.buckets().count(), 1);
    }

    #[test]
    fn an_unflushed_recorder_is_bounded_and_loses_nothing() {
        let stage = Stage::default();
        let mut recorder = stage.recorder();
        for _ in 0..=RECORDS_HELD_MAX {
            recorder.record(Protocol::Modbus, Duration::from_millis(1));
        }
        assert_eq!(recorder.held.capacity(), RECORDS_HELD_MAX);
        recorder.flush_now();
        assert_eq!(stage.buckets().count(), RECORDS_HELD_MAX as u64 + 1);
    }

    #[test]
    fn quantiles_are_within_one_percent_and_saturate_at_an_hour() {
        let stage = Stage::default();
        let mut recorder = stage.recorder();
        (1..=1_000).for_each(|n| recorder.record(Protocol::Modbus, Duration::from_millis(n)));
        recorder.flush();
        let p95 = stage.quantile(0.95).unwrap().as_secs_f64();
        assert!((0.94..0.96).contains(&p95), "{p95}");
        recorder.record(Protocol::Modbus, Duration::MAX);
        recorder.flush();
        let max = stage.quantile(1.0).unwrap().as_secs_f64();
        assert!((3_600.0..3_640.0).contains(&max), "{max}");
    }
}
