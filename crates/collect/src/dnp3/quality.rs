//! What the flags of an outstation say against a value.

use gridos_dnp3::app::{FlagSet, Flags, TimeQuality};
use gridos_model::Quality;

/// The flags of a value, which mean what `set` says. An object without flags is online.
#[inline]
pub(super) fn of_flags(flags: Flags, set: FlagSet) -> Quality {
    let octet = u32::from(flags.quality(set));
    // Bits 0 to 4 are the same on both sides, but for ONLINE, which is kept as its inverse.
    let common = Quality::from_bits_truncate((octet & 0b1_1111) ^ 1);
    let (fifth, sixth) = match set {
        FlagSet::Binary | FlagSet::DoubleBit => (Quality::CHATTER_FILTER, Quality::GOOD),
        FlagSet::Counter => (Quality::ROLLOVER, Quality::DISCONTINUITY),
        FlagSet::Analog => (Quality::OVER_RANGE, Quality::REFERENCE_ERR),
        FlagSet::BinaryOutput => (Quality::GOOD, Quality::GOOD),
        FlagSet::None | FlagSet::Status => return Quality::GOOD,
    };
    let mut quality = common;
    if octet & 1 << 5 != 0 {
        quality |= fifth;
    }
    if octet & 1 << 6 != 0 {
        quality |= sixth;
    }
    quality
}

/// What is to be known of times of that worth; an outstation whose clock is not synchronised gives
/// none that are.
pub(super) fn of_time(worth: TimeQuality, is_synchronised: bool) -> Quality {
    match worth {
        TimeQuality::None => Quality::NO_SOURCE_TIME,
        TimeQuality::Synchronised if is_synchronised => Quality::GOOD,
        TimeQuality::Synchronised | TimeQuality::Unsynchronised => Quality::CLOCK_UNSYNCHRONISED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_has_its_place() {
        let of = |octet, set| of_flags(Flags::new(octet), set);
        let sets = [
            FlagSet::Binary,
            FlagSet::DoubleBit,
            FlagSet::BinaryOutput,
            FlagSet::Counter,
            FlagSet::Analog,
        ];
        for set in sets {
            assert_eq!(of(0x01, set), Quality::GOOD);
            assert_eq!(of(0x00, set), Quality::OFFLINE);
            assert_eq!(of(0x03, set), Quality::RESTART);
            assert_eq!(of(0x05, set), Quality::COMM_LOST);
            assert_eq!(of(0x09, set), Quality::REMOTE_FORCED);
            assert_eq!(of(0x11, set), Quality::LOCAL_FORCED);
        }
        let upper = sets.map(|set| [of(0x21, set), of(0x41, set), of(0x81, set)]);
        let good = Quality::GOOD;
        assert_eq!(
            upper,
            [
                [Quality::CHATTER_FILTER, good, good],
                [Quality::CHATTER_FILTER, good, good],
                [good, good, good],
                [Quality::ROLLOVER, Quality::DISCONTINUITY, good],
                [Quality::OVER_RANGE, Quality::REFERENCE_ERR, good],
            ]
        );
        assert_eq!(of(0x00, FlagSet::None), good);
    }

    #[test]
    fn only_a_synchronised_clock_gives_synchronised_times() {
        use TimeQuality::{None, Synchronised, Unsynchronised};
        let worths = [None, Unsynchronised, Synchronised];
        let unsynchronised = Quality::CLOCK_UNSYNCHRONISED;
        assert_eq!(
            worths.map(|worth| of_time(worth, true)),
            [Quality::NO_SOURCE_TIME, unsynchronised, Quality::GOOD]
        );
        assert_eq!(
            worths.map(|worth| of_time(worth, false)),
            [Quality::NO_SOURCE_TIME, unsynchronised, unsynchronised]
        );
    }
}
