//! An event as 64 bits.

use gridos_model::{DeadLetter, Quality, Timestamp};

/// What an event is known again by; the lowest bits tell its [`Lane`].
///
/// Two events of one outstation that differ have the same key by chance once in 2^62.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in super::super) struct Key(u64);

/// How events are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// It is none: it was forgotten.
    None,
    /// By themselves.
    Timed,
    /// By what stands before them.
    Untimed,
    /// Texts, which never have a time: as those without.
    Text,
}

const LANE: u64 = 0b11;

/// The flags of a device; those above are the engine's own findings.
const DEVICE_FLAGS: u32 = 0xFFFF;

impl Key {
    /// No event.
    pub(in super::super) const NONE: Self = Self(0);

    /// The event of the point at `position` whose value became `value` at `time`. A clock that says
    /// 1970 was never set, and may stand still: then it is an event without time.
    #[inline]
    pub(in super::super) fn of_number(
        position: u32,
        time: Option<Timestamp>,
        value: f64,
        quality: Quality,
    ) -> Self {
        let flags = u64::from(quality.bits() & DEVICE_FLAGS);
        let head = u64::from(position) | flags << 32;
        let (lane, nanos) = match time {
            Some(time) if time != Timestamp::EPOCH => (1, time.as_nanos().cast_unsigned()),
            Some(_) | None => (2, 0),
        };
        let hash = fold(fold(head, nanos), value.to_bits());
        Self(hash & !LANE | lane)
    }

    /// The event of the point at `position` whose value became `octets`.
    pub(in super::super) fn of_octets(position: u32, octets: &[u8]) -> Self {
        let mut hash = fold(u64::from(position), octets.len() as u64);
        for chunk in octets.chunks(8) {
            let mut word = [0; 8];
            for (place, octet) in word.iter_mut().zip(chunk) {
                *place = *octet;
            }
            hash = fold(hash, u64::from_le_bytes(word));
        }
        Self(hash | LANE)
    }

    /// What could not be read, in whatever fragment it comes.
    pub(in super::super) fn of_letter(letter: &DeadLetter) -> Self {
        Self::of_octets(letter.length(), letter.octets())
    }

    /// Whether it is that of an event with a time of its own.
    #[inline]
    pub(in super::super) fn has_time(self) -> bool {
        self.lane() == Lane::Timed
    }

    #[inline]
    pub(super) fn lane(self) -> Lane {
        match self.0 & LANE {
            0 => Lane::None,
            1 => Lane::Timed,
            2 => Lane::Untimed,
            _ => Lane::Text,
        }
    }
}

/// Both in one, by the two halves of a product (as in wyhash; Wang Yi, 2019).
#[inline]
fn fold(one: u64, other: u64) -> u64 {
    let product =
        u128::from(one ^ 0x9e37_79b9_7f4a_7c15) * u128::from(other ^ 0xe703_7ed1_a0b4_28db);
    let [low, high] = [product, product >> 64].map(|half| {
        // Only the lower half is wanted each time.
        u64::try_from(half & u128::from(u64::MAX)).unwrap_or(0)
    });
    low ^ high
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn whatever_differs_makes_another_key() {
        let mut keys = HashSet::new();
        let mut count = 0;
        for position in 0..20 {
            for millis in [None, Some(1), Some(1_700_000_000_000)] {
                for value in [0.0, -0.0, 1.0, f64::MIN_POSITIVE, f64::NAN] {
                    for quality in [Quality::GOOD, Quality::OFFLINE, Quality::DISCONTINUITY] {
                        let time = millis.map(Timestamp::from_millis);
                        keys.insert(Key::of_number(position, time, value, quality));
                        count += 1;
                    }
                }
            }
            for octets in [&b""[..], b"a", b"a\0", b"abcdefgh", b"abcdefgha"] {
                keys.insert(Key::of_octets(position, octets));
                count += 1;
            }
        }
        assert_eq!(keys.len(), count);
        assert!(!keys.contains(&Key::NONE));
    }

    #[test]
    fn findings_of_the_engine_do_not_count() {
        let time = Some(Timestamp::from_millis(5));
        let found = Quality::LATE | Quality::CLOCK_UNSYNCHRONISED | Quality::RESTART;
        assert_eq!(
            Key::of_number(1, time, 2.0, found),
            Key::of_number(1, time, 2.0, Quality::RESTART)
        );
    }
}
