//! The clock of an outstation.

use std::time::Instant;

use super::ClockConfig;
use crate::app::{PointTime, Timestamp};

/// When a call happens, by both clocks: the outstation itself has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// For timeouts. Must not go back from one call to the next.
    pub now: Instant,
    /// What a right clock shows: milliseconds since 1970-01-01 00:00 UTC.
    pub unix_ms: u64,
}

/// A clock that is off by so much, and wants to be set now and then.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    config: ClockConfig,
    /// How far it is ahead of a right clock.
    offset_ms: i64,
    /// When it wants to be set; it does not know the time from then on.
    needs_time_at: Option<Instant>,
    /// What a right clock showed when the last RECORD_CURRENT_TIME arrived.
    recorded_unix_ms: Option<u64>,
}

impl Clock {
    /// The clock of a device that starts `now`.
    pub(super) fn new(config: ClockConfig, now: Instant) -> Self {
        let mut clock = Self {
            config,
            offset_ms: config.offset_ms,
            needs_time_at: None,
            recorded_unix_ms: None,
        };
        clock.needs_time_at = if config.needs_time_at_start {
            Some(now)
        } else {
            clock.next_need(now)
        };
        clock
    }

    /// Whether it wants to be set. It calls its times unsynchronised as long as it does.
    pub(super) fn needs_time(&self, now: Instant) -> bool {
        self.needs_time_at.is_some_and(|since| now >= since)
    }

    /// What it shows.
    pub(super) fn time(&self, at: Moment) -> Timestamp {
        self.shown(at.unix_ms)
    }

    /// The time it gives something that happened at `unix_ms` by a right clock.
    pub(super) fn stamp(&self, unix_ms: u64, now: Instant) -> PointTime {
        PointTime {
            milliseconds: self.shown(unix_ms).milliseconds(),
            is_synchronised: !self.needs_time(now),
        }
    }

    /// A master says what time it is (WRITE of g50v1).
    pub(super) fn set(&mut self, time: Timestamp, at: Moment) {
        self.synchronise(time, at.unix_ms, at.now);
    }

    /// A master asks to note when this arrives (RECORD_CURRENT_TIME).
    pub(super) fn record(&mut self, at: Moment) {
        self.recorded_unix_ms = Some(at.unix_ms);
    }

    /// A master says what time it was when it sent RECORD_CURRENT_TIME (WRITE of g50v3); whether
    /// it had.
    pub(super) fn set_recorded(&mut self, time: Timestamp, now: Instant) -> bool {
        let recorded = self.recorded_unix_ms.take();
        if let Some(recorded) = recorded {
            self.synchronise(time, recorded, now);
        }
        recorded.is_some()
    }

    fn synchronise(&mut self, time: Timestamp, right_ms: u64, now: Instant) {
        if self.config.obeys_master {
            self.offset_ms = difference(time.milliseconds(), right_ms);
        }
        self.needs_time_at = self.next_need(now);
    }

    fn next_need(&self, now: Instant) -> Option<Instant> {
        now.checked_add(self.config.needs_time_every?)
    }

    fn shown(&self, unix_ms: u64) -> Timestamp {
        let shown = unix_ms.saturating_add_signed(self.offset_ms);
        Timestamp::new(shown).unwrap_or(Timestamp::MAX)
    }
}

fn difference(one: u64, other: u64) -> i64 {
    let distance = i64::try_from(one.abs_diff(other)).unwrap_or(i64::MAX);
    if one < other { -distance } else { distance }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const T: u64 = 1_700_000_000_000;

    fn time(milliseconds: u64) -> Timestamp {
        Timestamp::new(milliseconds).unwrap()
    }

    #[test]
    fn it_asks_at_the_start_and_every_period() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let config = ClockConfig {
            needs_time_every: Some(Duration::from_secs(60)),
            ..ClockConfig::default()
        };
        let mut clock = Clock::new(config, start);
        assert!(clock.needs_time(start) && !clock.stamp(T, start).is_synchronised);
        let now = after(10);
        clock.set(time(T), Moment { now, unix_ms: T });
        assert!(!clock.needs_time(after(69)) && clock.stamp(T, after(69)).is_synchronised);
        assert!(clock.needs_time(after(70)));
        let quiet = ClockConfig {
            needs_time_at_start: false,
            needs_time_every: None,
            ..config
        };
        assert!(!Clock::new(quiet, start).needs_time(after(1_000_000)));
    }

    #[test]
    fn it_is_off_until_it_is_set() {
        let now = Instant::now();
        let at = |unix_ms| Moment { now, unix_ms };
        let config = ClockConfig {
            offset_ms: -500,
            ..ClockConfig::default()
        };
        let mut clock = Clock::new(config, now);
        assert_eq!(clock.time(at(T)), time(T - 500));
        assert_eq!(clock.time(at(100)), time(0));
        clock.set(time(T + 7), at(T));
        assert_eq!(clock.time(at(T + 1_000)), time(T + 1_007));
        clock.record(at(T + 50));
        assert!(clock.set_recorded(time(T + 48), now));
        assert_eq!(clock.time(at(T + 60)), time(T + 58));
        assert!(
            !clock.set_recorded(time(T), now),
            "nothing was recorded since"
        );
        let config = ClockConfig {
            obeys_master: false,
            ..config
        };
        let mut stubborn = Clock::new(config, now);
        stubborn.set(time(T + 7), at(T));
        assert_eq!(stubborn.time(at(T)), time(T - 500));
        assert!(!stubborn.needs_time(now));
    }
}
