//! Times: what an outstation says about when something happened.

use crate::app::{ObjectHeader, Role, Variation};

/// A time on the wire: milliseconds since 1970-01-01 00:00 UTC, in six octets
/// (IEEE 1815-2012, clause 11).
///
/// Older devices may count in local time; the number alone does not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The last time that six octets can hold, in the year 10889.
    pub const MAX: Self = Self((1 << 48) - 1);

    /// The time `milliseconds` after 1970; `None` if six octets cannot hold it.
    pub const fn new(milliseconds: u64) -> Option<Self> {
        if milliseconds <= Self::MAX.0 {
            Some(Self(milliseconds))
        } else {
            None
        }
    }

    /// Reads the six octets.
    #[inline]
    pub const fn from_octets([a, b, c, d, e, f]: [u8; 6]) -> Self {
        Self(u64::from_le_bytes([a, b, c, d, e, f, 0, 0]))
    }

    /// The six octets.
    pub const fn to_octets(self) -> [u8; 6] {
        let [a, b, c, d, e, f, _, _] = self.0.to_le_bytes();
        [a, b, c, d, e, f]
    }

    /// Milliseconds since 1970.
    #[inline]
    pub const fn milliseconds(self) -> u64 {
        self.0
    }
}

/// When the value of a point was true, as the outstation says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PointTime {
    /// Milliseconds since 1970-01-01 00:00 UTC. Up to 65,535 more than [`Timestamp::MAX`], as a
    /// relative time adds to a common one.
    pub milliseconds: u64,
    /// Whether the object calls its clock synchronised. Absolute times always do; internal
    /// indications ([`super::Iin::NEED_TIME`]) may deny it.
    pub is_synchronised: bool,
}

impl PointTime {
    /// The variation that carries it as a common time.
    pub(crate) const fn common_variation(self) -> Variation {
        if self.is_synchronised {
            Variation::COMMON_TIME
        } else {
            Variation::COMMON_TIME_UNSYNCHRONISED
        }
    }
}

/// What the times of an object header are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeQuality {
    /// Its objects have no time, or a relative one with nothing to count from.
    None,
    /// Its objects count from a time of a clock that the outstation calls unsynchronised.
    Unsynchronised,
    /// Its objects have absolute times, or count from a synchronised one.
    Synchronised,
}

/// The common time of occurrence: what relative times count from (IEEE 1815-2012, Annex A,
/// group 51).
///
/// Each g51 object holds for what follows it in the same fragment, until the next one. So begin
/// every fragment with [`CommonTime::NONE`] and show it every header in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommonTime {
    base: Option<PointTime>,
}

impl CommonTime {
    /// No common time is known.
    pub const NONE: Self = Self { base: None };

    /// The common time `time`.
    pub const fn at(time: PointTime) -> Self {
        Self { base: Some(time) }
    }

    /// Takes the time of `header` if it carries a common time, and says whether it did.
    pub fn observe(&mut self, header: &ObjectHeader<'_>) -> bool {
        let is_common = header
            .description()
            .is_some_and(|description| description.role() == Role::CommonTime);
        if let (true, Some(time)) = (is_common, header.time()) {
            self.base = Some(PointTime {
                milliseconds: time.milliseconds(),
                is_synchronised: header.variation() == Variation::COMMON_TIME,
            });
        }
        is_common
    }

    /// What relative times count from; `None` if no common time was seen.
    #[inline]
    pub const fn base(self) -> Option<PointTime> {
        self.base
    }

    /// The time `milliseconds` after the common one.
    #[inline]
    pub(crate) fn after(self, milliseconds: u16) -> Option<PointTime> {
        let base = self.base?;
        Some(PointTime {
            milliseconds: base.milliseconds + u64::from(milliseconds),
            ..base
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_round_trip() {
        for milliseconds in [0, 1, 1_700_000_000_000, (1 << 48) - 1] {
            let time = Timestamp::new(milliseconds).unwrap();
            assert_eq!(Timestamp::from_octets(time.to_octets()), time);
            assert_eq!(time.milliseconds(), milliseconds);
        }
        assert_eq!(Timestamp::new(1 << 48), None);
    }

    #[test]
    fn the_largest_common_time_does_not_wrap() {
        let common = CommonTime::at(PointTime {
            milliseconds: Timestamp::MAX.milliseconds(),
            is_synchronised: false,
        });
        let time = common.after(u16::MAX).unwrap();
        assert_eq!(time.milliseconds, (1 << 48) - 1 + 65_535);
        assert!(!time.is_synchronised);
        assert_eq!(CommonTime::NONE.after(1), None);
    }
}
