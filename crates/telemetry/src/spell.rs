//! How long something lasted, all spells of it together.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Adds up the time from each beginning to the end after it.
///
/// Asking whether one is under way is a single load, so both ends may be called again and again
/// where batches pass.
#[derive(Debug, Default)]
pub struct Spell {
    is_open: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    since: Option<Instant>,
    total: Duration,
    /// The most that was ever told.
    told: Duration,
}

impl Spell {
    /// It begins at `now`, unless it has begun.
    #[inline]
    pub fn begin(&self, now: Instant) {
        if !self.is_open.load(Ordering::Relaxed) {
            let mut state = self.lock();
            state.since.get_or_insert(now);
            self.is_open.store(true, Ordering::Relaxed);
        }
    }

    /// It ends at `now`, if it has begun.
    #[inline]
    pub fn end(&self, now: Instant) {
        if self.is_open() {
            let mut state = self.lock();
            if let Some(since) = state.since.take() {
                state.total += now.saturating_duration_since(since);
            }
            self.is_open.store(false, Ordering::Relaxed);
        }
    }

    /// Whether it has begun and not ended.
    #[inline]
    pub fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Relaxed)
    }

    /// All of it up to `now`, with what is under way. It never falls, even if an end that was noted
    /// later had come before `now`.
    pub fn total(&self, now: Instant) -> Duration {
        let mut state = self.lock();
        let under_way = state
            .since
            .map(|since| now.saturating_duration_since(since));
        state.told = state.told.max(state.total + under_way.unwrap_or_default());
        state.told
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spells_add_up_and_the_one_under_way_counts() {
        let (spell, start) = (Spell::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        let seconds = |spell: &Spell, now| spell.total(at(now)).as_secs();
        spell.end(at(1));
        assert_eq!((seconds(&spell, 5), spell.is_open()), (0, false));
        spell.begin(at(10));
        spell.begin(at(12));
        assert_eq!((seconds(&spell, 13), spell.is_open()), (3, true));
        spell.end(at(14));
        spell.end(at(20));
        assert_eq!(seconds(&spell, 30), 4);
        spell.begin(at(40));
        assert_eq!(seconds(&spell, 41), 5);
    }

    #[test]
    fn the_total_never_falls_whoever_begins_and_ends_meanwhile() {
        let spell = Spell::default();
        std::thread::scope(|scope| {
            let writers: Vec<_> = (0..2)
                .map(|_| {
                    scope.spawn(|| {
                        for _ in 0..20_000 {
                            spell.begin(Instant::now());
                            spell.end(Instant::now());
                        }
                    })
                })
                .collect();
            let mut before = Duration::ZERO;
            while writers.iter().any(|writer| !writer.is_finished()) {
                let total = spell.total(Instant::now());
                assert!(total >= before, "{total:?} after {before:?}");
                before = total;
            }
        });
        assert!(!spell.is_open());
    }
}
