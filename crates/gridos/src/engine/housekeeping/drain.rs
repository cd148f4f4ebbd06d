//! How long until everything in the journal is stored.

use std::time::{Duration, Instant};

use gridos_journal::room::{Growth, Rate};

/// What is stored and what arrives is averaged over this.
const WINDOW: Duration = Duration::from_secs(60);

/// How fast the backlog shrinks: by what is stored less what arrives. The backlog itself is no
/// measure, as it rises between any two transactions.
#[derive(Debug)]
pub(super) struct Drain {
    stored: Growth,
    arrived: Growth,
}

impl Default for Drain {
    fn default() -> Self {
        Self {
            stored: Growth::new(WINDOW),
            arrived: Growth::new(WINDOW),
        }
    }
}

impl Drain {
    /// So many bytes were stored, and so many arrived, until `now`.
    pub(super) fn note(&mut self, now: Instant, stored: u64, arrived: u64) {
        self.stored.note(now, stored);
        self.arrived.note(now, arrived);
    }

    /// The database is away: no rate says how long it takes.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// How long until `backlog` bytes are stored; `None` if they get no fewer, or if the rates have not
    /// been watched long enough.
    pub(super) fn time_for(&self, backlog: u64) -> Option<Duration> {
        let (stored, arrived) = (self.stored.rate()?, self.arrived.rate()?);
        let speed = stored.per_second().checked_sub(arrived.per_second())?;
        let over = Duration::from_secs(1);
        Rate { bytes: speed, over }.time_for(backlog)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MIB: u64 = 1 << 20;

    /// One MiB a second arrives, and every third second a transaction stores `stored` of them.
    fn watched(seconds: u32, stored: u64) -> Drain {
        let start = Instant::now();
        let mut drain = Drain::default();
        for second in 0..=seconds {
            let commits = u64::from(second / 3);
            drain.note(
                start + second * SECOND,
                commits * stored * MIB,
                u64::from(second) * MIB,
            );
        }
        drain
    }

    #[test]
    fn a_backlog_that_rises_between_transactions_still_shrinks() {
        let time = watched(60, 18).time_for(500 * MIB);
        assert_eq!(time, Some(100 * SECOND));
    }

    #[test]
    fn nobody_can_tell_when_a_backlog_ends_that_grows_or_whose_database_is_away() {
        assert_eq!(watched(60, 3).time_for(MIB), None);
        assert_eq!(watched(60, 2).time_for(MIB), None);
        assert_eq!(watched(9, 18).time_for(MIB), None);
        let mut drain = watched(60, 18);
        drain.forget();
        assert_eq!(drain.time_for(MIB), None);
    }
}
