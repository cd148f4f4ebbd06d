//! What is known against a value.

use bitflags::bitflags;
use bytemuck::{Pod, Zeroable};

/// A set of reasons to doubt a value; the empty set is a good value.
///
/// The low half holds the flags of IEEE 1815 (DNP3) clause 11, with ONLINE inverted so that a
/// good value is 0; the high half holds GridOS's own findings. The bits are frozen: they are
/// written to the journal and to databases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(transparent)]
pub struct Quality(u32);

bitflags! {
    impl Quality: u32 {
        /// The source is not online (the inverse of DNP3 ONLINE).
        const OFFLINE = 1 << 0;
        /// The source restarted and has not updated the value since.
        const RESTART = 1 << 1;
        /// The source lost communication with the origin of the value.
        const COMM_LOST = 1 << 2;
        /// The value is forced at a device beyond the reporting one.
        const REMOTE_FORCED = 1 << 3;
        /// The value is forced at the reporting device.
        const LOCAL_FORCED = 1 << 4;
        /// A binary changes too fast and is filtered.
        const CHATTER_FILTER = 1 << 5;
        /// An analog is beyond the range of its measuring circuit.
        const OVER_RANGE = 1 << 6;
        /// An analog's reference is out of order.
        const REFERENCE_ERR = 1 << 7;
        /// A counter rolled over (obsolete in DNP3, still sent).
        const ROLLOVER = 1 << 8;
        /// A counter cannot be compared with its previous value.
        const DISCONTINUITY = 1 << 9;

        /// No fresh value arrived within the time the point allows.
        const STALE = 1 << 16;
        /// The value lies outside the engineering range of the point.
        const OUT_OF_RANGE = 1 << 17;
        /// The value arrived after a younger one and must not drive live state.
        const LATE = 1 << 18;
        /// The source time is of an unsynchronised clock.
        const CLOCK_UNSYNCHRONISED = 1 << 19;
        /// The source gave no time; the time is that of reception.
        const NO_SOURCE_TIME = 1 << 20;
        /// The source time lay too far in the future and was clamped.
        const CLOCK_CLAMPED = 1 << 21;
        /// The value is NaN or infinite.
        const NOT_FINITE = 1 << 22;
        /// The integer does not fit the 53 bits of a double exactly.
        const IMPRECISE = 1 << 23;
        /// The device answered this range with an exception, or the bits are no value of the type.
        const DEVICE_ERROR = 1 << 24;
        /// The bytes of a text were no plain text; what is none of it is escaped.
        const TEXT_ESCAPED = 1 << 25;
        /// The text was too long, and its end is cut off.
        const TEXT_CUT = 1 << 26;
        /// The power of ten of the value is read by another request, and its last reading was
        /// another one than before: which one the value was of is not known.
        const EXPONENT_APART = 1 << 27;
    }
}

impl Quality {
    /// Nothing is known against the value.
    pub const GOOD: Self = Self::empty();

    /// The reasons that forbid using the value as a measurement: it must not clear an alarm.
    pub const BAD: Self = Self::OFFLINE
        .union(Self::RESTART)
        .union(Self::COMM_LOST)
        .union(Self::CHATTER_FILTER)
        .union(Self::OVER_RANGE)
        .union(Self::REFERENCE_ERR)
        .union(Self::STALE)
        .union(Self::NOT_FINITE)
        .union(Self::DEVICE_ERROR);

    /// Whether the value must not be used as a measurement.
    #[inline]
    pub const fn is_bad(self) -> bool {
        self.intersects(Self::BAD)
    }

    /// Whether nothing at all is known against the value.
    #[inline]
    pub const fn is_good(self) -> bool {
        self.is_empty()
    }

    /// The names of the flags in the set, lowest bit first, lower case: `offline`, `late`, …
    pub fn names(self) -> impl Iterator<Item = String> {
        self.iter_names().map(|(name, _)| name.to_ascii_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forced_and_late_values_stay_usable() {
        assert!(!Quality::REMOTE_FORCED.is_bad());
        assert!(!(Quality::LATE | Quality::CLOCK_UNSYNCHRONISED).is_bad());
        assert!((Quality::LATE | Quality::NOT_FINITE).is_bad());
    }

    #[test]
    fn names_are_lower_case() {
        let names: Vec<_> = (Quality::OFFLINE | Quality::NO_SOURCE_TIME)
            .names()
            .collect();
        assert_eq!(names, ["offline", "no_source_time"]);
    }
}
