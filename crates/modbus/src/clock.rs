//! The device's own clock, read together with its values.

use std::time::Duration;

use gridos_model::{Quality, TimeQuality, Timestamp};

use crate::{Kind, Order, Table, calendar};

/// Registers that hold the time of the values that are read with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    /// The table they lie in.
    pub table: Table,
    /// The first address as sent on the wire, from 0.
    pub address: u16,
    /// A kind of time ([`Kind::is_time`]).
    pub kind: Kind,
    /// The order of words and bytes.
    pub order: Order,
    /// The scan class whose values have this time.
    pub scan: usize,
    /// Whether the device's clock is synchronised.
    pub is_synchronised: bool,
    /// How far from the engine's clock it is believed.
    pub tolerance: Duration,
}

/// When the values of an answer were true, and how far that may be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The time.
    pub time: Timestamp,
    /// How far it may be trusted.
    pub time_quality: TimeQuality,
    /// What every value of the answer is flagged with.
    pub flags: Quality,
}

impl Stamp {
    /// The engine's own time of an answer.
    pub const fn of_engine(time: Timestamp) -> Self {
        Self {
            time,
            time_quality: TimeQuality::Synchronised,
            flags: Quality::GOOD,
        }
    }

    /// What an event is flagged with, which has no time quality beside it.
    pub fn event_flags(&self) -> Quality {
        self.flags
            | match self.time_quality {
                TimeQuality::Synchronised => Quality::GOOD,
                TimeQuality::Unsynchronised => Quality::CLOCK_UNSYNCHRONISED,
                TimeQuality::None => Quality::NO_SOURCE_TIME,
            }
    }
}

impl Clock {
    /// The address behind the last one.
    pub(crate) fn end(&self) -> u32 {
        u32::from(self.address) + u32::from(self.kind.registers())
    }

    /// The stamp of values whose clock is in `words`, polled at `polled` by the engine's clock.
    ///
    /// A clock that cannot be read, or is further off than the tolerance, is not believed: then
    /// the time is the engine's, and says so.
    pub(crate) fn stamp(&self, words: &[u16], polled: Timestamp) -> Stamp {
        let engine = Stamp {
            time_quality: TimeQuality::None,
            ..Stamp::of_engine(polled)
        };
        let Some(time) = self.read(words) else {
            return engine;
        };
        let off = time.since(polled).max(polled.since(time));
        if off > self.tolerance {
            return Stamp {
                flags: Quality::CLOCK_CLAMPED,
                ..engine
            };
        }
        let time_quality = if self.is_synchronised {
            TimeQuality::Synchronised
        } else {
            TimeQuality::Unsynchronised
        };
        Stamp {
            time,
            time_quality,
            flags: Quality::GOOD,
        }
    }

    fn read(&self, words: &[u16]) -> Option<Timestamp> {
        let bits = self.kind.bits(words, self.order)?;
        let millis = if self.kind == Kind::Cp56 {
            calendar::millis(bits)?
        } else {
            let unit = if self.kind == Kind::Unix64Ms {
                1
            } else {
                1_000
            };
            i64::try_from(bits).ok()?.checked_mul(unit)?
        };
        Some(Timestamp::from_millis(millis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLLED: Timestamp = Timestamp::from_millis(1_795_414_346_500);

    fn stamp(kind: Kind, words: &[u16]) -> Stamp {
        let clock = Clock {
            table: Table::InputRegister,
            address: 0,
            kind,
            order: Order::ABCD,
            scan: 0,
            is_synchronised: false,
            tolerance: Duration::from_secs(60),
        };
        clock.stamp(words, POLLED)
    }

    #[test]
    fn a_clock_in_tolerance_gives_the_time() {
        let seconds = stamp(Kind::Unix32, &[0x6b03, 0xd94a]);
        assert_eq!(seconds.time, Timestamp::from_millis(1_795_414_346_000));
        assert_eq!(seconds.time_quality, TimeQuality::Unsynchronised);
        assert_eq!(seconds.event_flags(), Quality::CLOCK_UNSYNCHRONISED);
        let calendar = stamp(Kind::Cp56, &[26, 0x0b17, 0x060c, 26_123]);
        assert_eq!(calendar.time.to_string(), "2026-11-23T06:12:26.123Z");
    }

    #[test]
    fn a_clock_that_is_off_or_unreadable_is_not_believed() {
        for words in [[0, 0], [0x6b03, 0xd988], [0xffff, 0xffff]] {
            let off = stamp(Kind::Unix32, &words);
            assert_eq!((off.time, off.time_quality), (POLLED, TimeQuality::None));
            assert_eq!(off.flags, Quality::CLOCK_CLAMPED);
        }
        for words in [&[0xffff; 4][..], &[0; 3], &[]] {
            let none = stamp(Kind::Cp56, words);
            assert_eq!((none.time, none.time_quality), (POLLED, TimeQuality::None));
            assert_eq!(none.event_flags(), Quality::NO_SOURCE_TIME);
        }
        let far = stamp(Kind::Unix64Ms, &[0xffff; 4]);
        assert_eq!(far.time_quality, TimeQuality::None);
        assert_eq!(stamp(Kind::Unix64, &[0x7fff, 0, 0, 0]).time, POLLED);
    }
}
