//! The pace: how much a transaction takes at most, and how long a smaller one waits for more.
//!
//! While little comes, what is durable shall soon be visible; under load and after an outage,
//! large transactions cost the database least, but none shall take much longer than a second: it
//! holds locks, and is lost as a whole if the connection breaks.

use std::time::Duration;

/// What a transaction takes at first, and never less if it may take that much.
const BYTES_FIRST: usize = 256 << 10;
const BYTES_MIN: usize = 64 << 10;
/// How long a transaction may take.
const COMMIT_MAX: Duration = Duration::from_secs(1);

/// Learns from how long commits take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    bytes_max: usize,
    linger_max: Duration,
    bytes: usize,
    /// How long a transaction may take at present.
    allowed: Duration,
    /// What a commit takes: more at once, less step by step.
    usual: Duration,
    /// The size and time that was found too long, until the smaller size has been tried.
    tried: Option<(usize, Duration)>,
}

impl Pace {
    /// Transactions of `bytes_max` at most, which wait for more no longer than `linger_max`.
    pub(super) fn new(bytes_max: usize, linger_max: Duration) -> Self {
        Self {
            bytes_max,
            linger_max,
            bytes: BYTES_FIRST.min(bytes_max),
            allowed: COMMIT_MAX,
            usual: Duration::ZERO,
            tried: None,
        }
    }

    /// Journal bytes after which a transaction begins at once, and which it takes at most.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// How long a smaller one waits for more.
    ///
    /// What becomes durable while a commit is under way waits for its end, then so long, and then
    /// for its own commit; all that shall take no more than 5/4 of the longest wait.
    pub(super) fn linger(&self) -> Duration {
        let whole = self.linger_max * 5 / 4;
        let left = whole.saturating_sub(2 * self.usual);
        // A database whose commits take longer than that is not asked to do nothing else.
        left.clamp(self.linger_max / 20, self.linger_max)
    }

    /// A transaction of `bytes` took so long.
    pub(super) fn on_committed(&mut self, bytes: usize, took: Duration) {
        self.usual = took.max(self.usual - self.usual.saturating_sub(took) / 4);
        if took <= COMMIT_MAX / 2 {
            self.allowed = COMMIT_MAX;
        }
        if bytes < self.bytes / 4 * 3 {
            return;
        }
        if let Some((before, too_long)) = self.tried.take()
            && took > too_long / 4 * 3
        {
            // Half as much took as long: what takes so long is not the size.
            self.bytes = before;
            self.allowed = self.allowed.max(2 * too_long);
        } else if took > self.allowed {
            self.tried = Some((self.bytes, took));
            self.halve();
        } else if took <= self.allowed / 2 {
            self.bytes = self.bytes.saturating_mul(2).min(self.bytes_max);
        }
    }

    /// A transaction failed after so long.
    pub(super) fn on_failed(&mut self, took: Duration) {
        if took > self.allowed {
            self.tried = None;
            self.halve();
        }
    }

    fn halve(&mut self) {
        self.bytes = (self.bytes / 2).max(BYTES_MIN.min(self.bytes_max));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: usize = 4 << 20;
    const KIB: usize = 1 << 10;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn pace() -> Pace {
        Pace::new(MAX, ms(200))
    }

    /// Drains a backlog of a database that takes `fixed` and `per_mib`; returns the sizes.
    fn drain(pace: &mut Pace, commits: usize, fixed: Duration, per_mib: Duration) -> Vec<usize> {
        let drained = (0..commits).map(|_| {
            let bytes = pace.bytes();
            let share = u32::try_from(bytes / KIB).unwrap();
            pace.on_committed(bytes, fixed + per_mib * share / 1_024);
            bytes / KIB
        });
        drained.collect()
    }

    #[test]
    fn while_idle_all_is_visible_in_a_quarter_of_a_second() {
        let mut pace = pace();
        assert_eq!(pace.linger(), ms(200));
        for (took, linger) in [
            (5, 200),
            (25, 200),
            (50, 150),
            (100, 50),
            (120, 10),
            (400, 10),
        ] {
            pace.on_committed(KIB, ms(took));
            assert_eq!(pace.linger(), ms(linger), "{took}");
            if took <= 120 {
                assert!(2 * ms(took) + pace.linger() <= ms(250));
            }
        }
        // A single slow one is forgotten.
        let lingers = (0..12).map(|_| {
            pace.on_committed(KIB, ms(4));
            pace.linger().as_millis()
        });
        let lingers: Vec<_> = lingers.collect();
        assert_eq!(
            lingers,
            [10, 10, 10, 10, 54, 101, 136, 162, 182, 197, 200, 200]
        );
        // Small ones say nothing about large ones.
        assert_eq!(pace.bytes(), 256 * KIB);
    }

    #[test]
    fn a_longer_interval_is_kept_and_a_small_size_too() {
        let mut pace = Pace::new(8 * KIB, ms(60_000));
        pace.on_committed(8 * KIB, ms(100));
        assert_eq!((pace.bytes(), pace.linger()), (8 * KIB, ms(60_000)));
        pace.on_failed(ms(30_000));
        assert_eq!(pace.bytes(), 8 * KIB);
    }

    #[test]
    fn a_fast_database_gets_large_transactions() {
        let sizes = drain(&mut pace(), 6, ms(5), ms(40));
        assert_eq!(sizes, [256, 512, 1_024, 2_048, 4_096, 4_096]);
    }

    #[test]
    fn a_slow_database_gets_transactions_of_about_a_second() {
        let mut pace = pace();
        let sizes = drain(&mut pace, 6, ms(5), ms(800));
        assert_eq!(sizes, [256, 512, 1_024, 1_024, 1_024, 1_024]);
        // It becomes slower, and then fast again.
        let sizes = drain(&mut pace, 5, ms(5), ms(3_900));
        assert_eq!(sizes, [1_024, 512, 256, 256, 256]);
        let sizes = drain(&mut pace, 6, ms(5), ms(40));
        assert_eq!(sizes, [256, 512, 1_024, 2_048, 4_096, 4_096]);
    }

    /// A synchronous replica that is far away: smaller transactions would only take longer in all.
    #[test]
    fn what_takes_long_whatever_the_size_makes_no_small_transactions() {
        let mut pace = pace();
        drain(&mut pace, 5, ms(5), ms(40));
        let sizes = drain(&mut pace, 20, ms(1_500), ms(10));
        assert_eq!(&sizes[..3], [4_096, 2_048, 4_096]);
        assert!(sizes[2..].iter().all(|size| *size == 4_096), "{sizes:?}");
        // Once it is near again, a second is a second again.
        drain(&mut pace, 1, ms(5), ms(40));
        let sizes = drain(&mut pace, 3, ms(5), ms(400));
        assert_eq!(sizes, [4_096, 2_048, 2_048]);
    }

    #[test]
    fn what_fails_for_want_of_time_is_tried_with_less() {
        let mut pace = pace();
        drain(&mut pace, 5, ms(5), ms(40));
        pace.on_failed(ms(20));
        assert_eq!(pace.bytes(), MAX);
        for size in [2_048, 1_024, 512, 256, 128, 64, 64] {
            pace.on_failed(ms(30_000));
            assert_eq!(pace.bytes(), size * KIB);
        }
    }
}
