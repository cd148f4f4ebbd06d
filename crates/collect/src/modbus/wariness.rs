//! How much of a connection's time may be spent on units that do not answer.

use std::time::{Duration, Instant};

/// Leaves failing units alone so long that others which answer get nine tenths of the time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wariness {
    /// What was spent in vain is made up for then.
    until: Instant,
}

/// One part in so many of the time may be spent waiting in vain.
const SHARE: u32 = 10;

impl Wariness {
    pub(super) fn new(now: Instant) -> Self {
        Self { until: now }
    }

    /// A unit failed at `now` after time `spent` in vain; `all` that fail take so long if each is
    /// asked once. Returns until when to leave it alone: never longer than asking each of them
    /// once needs, so that what was spent on units that answer again is not made up for.
    pub(super) fn on_failure(&mut self, spent: Duration, all: Duration, now: Instant) -> Instant {
        let asked = now.checked_sub(spent).unwrap_or(now);
        let needed = all.max(spent).saturating_mul(SHARE);
        let owed = self.until.max(asked) + spent.saturating_mul(SHARE);
        self.until = owed.min(asked + needed);
        self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn units_that_fail_take_a_tenth_of_the_time() {
        let start = Instant::now();
        let mut wariness = Wariness::new(start);
        let mut asked_at = [start; 5];
        let (mut now, mut spent) = (start, 0);
        while now < start + 1_000 * SECOND {
            let next = asked_at.iter_mut().min().unwrap();
            now = now.max(*next) + SECOND;
            spent += 1;
            *next = wariness.on_failure(SECOND, 5 * SECOND, now);
            // So each is asked once in ten times what asking all takes.
            assert!(*next <= now + 49 * SECOND);
        }
        assert!((100..=105).contains(&spent), "{spent}");
    }

    #[test]
    fn what_answers_again_is_not_made_up_for() {
        let now = Instant::now();
        let mut wariness = Wariness::new(now);
        for _ in 0..246 {
            wariness.on_failure(SECOND, 246 * SECOND, now);
        }
        let until = wariness.on_failure(SECOND, SECOND, now);
        assert_eq!(until, now + 9 * SECOND);
    }
}
