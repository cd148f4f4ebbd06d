//! What a bad line or a bad gateway does to an answer.

use std::time::Duration;

use crate::noise::mix;

/// What happens to one answer on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoil {
    /// Nothing.
    Pass,
    /// It comes so much later.
    Delay(Duration),
    /// Only so many of its bytes come; then the connection is closed.
    Cut(usize),
    /// Only so many of its bytes come, and nothing more, also of later answers.
    Hang(usize),
    /// It comes in two pieces, the first one of so many bytes.
    Split(usize),
    /// It comes twice.
    Duplicate,
    /// The answer before it on the connection comes instead.
    Previous,
    /// The answer before it on the connection comes again, right before it.
    Echo,
    /// It comes under a transaction id lower by so much.
    Stale(u16),
    /// Its length field says so much more, or less.
    Length(i16),
    /// Its length field says 65,535.
    HugeLength,
    /// It lacks the last register or byte of bits, and is well-formed.
    Shorter,
    /// It has a register or byte of bits more, and is well-formed.
    Longer,
    /// It is from the next unit.
    WrongUnit,
    /// It is of another function.
    WrongFunction,
    /// Its protocol id is not that of Modbus.
    WrongProtocol,
    /// Bytes of this seed come instead.
    Garbage(u64),
    /// Bytes of this seed come behind it.
    Trailing(u64),
    /// The connection is closed without it, and it comes first down the next one: as from a
    /// gateway that keeps its serial line's answers in one queue.
    Ghost,
}

/// Bytes of the MBAP header up to and with the unit id.
const HEADER_BYTES: usize = 7;

impl Spoil {
    /// One of all kinds, by `seed`; about one in six does nothing. A delay is of `late`.
    pub fn random(seed: u64, late: Duration) -> Self {
        let number = mix(seed, 0);
        let bytes = usize::try_from(number >> 40 & 31).unwrap_or(0);
        match number % 24 {
            0 => Self::Delay(late),
            1 => Self::Cut(bytes),
            2 => Self::Hang(bytes),
            3 => Self::Split(bytes),
            4 => Self::Duplicate,
            5 => Self::Previous,
            6 => Self::Echo,
            7 => Self::Stale(1),
            8 => Self::Stale(u16::from_be_bytes([0, number.to_be_bytes()[3]])),
            9 => Self::Length(1),
            10 => Self::Length(-1),
            11 => Self::Length(-4),
            12 => Self::HugeLength,
            13 => Self::Shorter,
            14 => Self::Longer,
            15 => Self::WrongUnit,
            16 => Self::WrongFunction,
            17 => Self::WrongProtocol,
            18 => Self::Garbage(number),
            19 => Self::Trailing(number),
            20 => Self::Ghost,
            _ => Self::Pass,
        }
    }

    /// What comes instead of `answer`, which followed `previous` on its connection.
    pub(super) fn apply(self, answer: &[u8], previous: &[u8]) -> Vec<u8> {
        let mut bytes = answer.to_vec();
        match self {
            Self::Cut(count) | Self::Hang(count) => bytes.truncate(count),
            Self::Duplicate => bytes.extend(answer),
            Self::Previous if !previous.is_empty() => bytes = previous.to_vec(),
            Self::Echo => bytes = [previous, answer].concat(),
            Self::Stale(back) => change(&mut bytes, 0, |id| id.wrapping_sub(back)),
            Self::Length(by) => change(&mut bytes, 4, |length| length.wrapping_add_signed(by)),
            Self::HugeLength => change(&mut bytes, 4, |_| u16::MAX),
            Self::Shorter => resize(&mut bytes, false),
            Self::Longer => resize(&mut bytes, true),
            Self::WrongUnit => flip(&mut bytes, HEADER_BYTES - 1),
            Self::WrongFunction => flip(&mut bytes, HEADER_BYTES),
            Self::WrongProtocol => change(&mut bytes, 2, |_| 1),
            Self::Garbage(seed) => bytes = garbage(seed, answer.len()),
            Self::Trailing(seed) => bytes.extend(garbage(seed, 9)),
            Self::Ghost => bytes.clear(),
            Self::Pass | Self::Delay(_) | Self::Split(_) | Self::Previous => {}
        }
        bytes
    }
}

/// Changes the two bytes at `at`, if they are there.
fn change(bytes: &mut [u8], at: usize, by: impl Fn(u16) -> u16) {
    if let Some([high, low]) = bytes.get_mut(at..at + 2) {
        [*high, *low] = by(u16::from_be_bytes([*high, *low])).to_be_bytes();
    }
}

fn flip(bytes: &mut [u8], at: usize) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1;
    }
}

/// Takes two bytes of data away, or adds two, with the counts that belong to them.
fn resize(bytes: &mut Vec<u8>, longer: bool) {
    let Some(count) = bytes
        .get(HEADER_BYTES + 1)
        .copied()
        .filter(|count| *count >= 2)
    else {
        return;
    };
    let by = if longer { 2 } else { -2 };
    bytes[HEADER_BYTES + 1] = count.wrapping_add_signed(by);
    change(bytes, 4, |length| length.wrapping_add_signed(by.into()));
    if longer {
        bytes.extend([0x12, 0x34]);
    } else {
        bytes.truncate(bytes.len() - 2);
    }
}

fn garbage(seed: u64, count: usize) -> Vec<u8> {
    let bytes = (0..).flat_map(|n| mix(seed, n).to_be_bytes());
    bytes.take(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: [u8; 13] = [0, 7, 0, 0, 0, 7, 1, 3, 4, 1, 2, 3, 4];
    const BEFORE: [u8; 11] = [0, 6, 0, 0, 0, 5, 1, 3, 2, 9, 9];

    #[test]
    fn each_kind_does_what_it_says() {
        let spoilt = |spoil: Spoil| spoil.apply(&ANSWER, &BEFORE);
        assert_eq!(spoilt(Spoil::Pass), ANSWER);
        assert_eq!(spoilt(Spoil::Cut(5)), ANSWER[..5]);
        assert_eq!(spoilt(Spoil::Cut(99)), ANSWER);
        assert_eq!(spoilt(Spoil::Duplicate), [ANSWER, ANSWER].concat());
        assert_eq!(spoilt(Spoil::Previous), BEFORE);
        assert_eq!(Spoil::Previous.apply(&ANSWER, &[]), ANSWER);
        assert_eq!(spoilt(Spoil::Echo)[..11], BEFORE);
        assert_eq!(spoilt(Spoil::Stale(8))[..2], [0xff, 0xff]);
        assert_eq!(spoilt(Spoil::Length(-1))[4..6], [0, 6]);
        assert_eq!(spoilt(Spoil::HugeLength)[4..6], [0xff, 0xff]);
        assert_eq!(spoilt(Spoil::Shorter), [0, 7, 0, 0, 0, 5, 1, 3, 2, 1, 2]);
        let longer = [0, 7, 0, 0, 0, 9, 1, 3, 6, 1, 2, 3, 4, 0x12, 0x34];
        assert_eq!(spoilt(Spoil::Longer), longer);
        assert_eq!(spoilt(Spoil::WrongUnit)[6], 0);
        assert_eq!(spoilt(Spoil::WrongFunction)[7], 2);
        assert_eq!(spoilt(Spoil::WrongProtocol)[2..4], [0, 1]);
        assert_eq!(spoilt(Spoil::Garbage(1)).len(), ANSWER.len());
        assert_ne!(spoilt(Spoil::Garbage(1)), spoilt(Spoil::Garbage(2)));
        assert_eq!(spoilt(Spoil::Trailing(1))[..13], ANSWER);
    }

    #[test]
    fn every_kind_comes_by_chance_and_none_breaks_on_a_short_answer() {
        let late = Duration::from_secs(1);
        let mut kinds = std::collections::BTreeSet::new();
        for seed in 0..2_000 {
            let spoil = Spoil::random(seed, late);
            for length in 0..ANSWER.len() {
                spoil.apply(&ANSWER[..length], &BEFORE[..length.min(11)]);
            }
            let name = format!("{spoil:?}");
            kinds.insert(name.split('(').next().unwrap_or_default().to_owned());
        }
        assert_eq!(kinds.len(), 19, "{kinds:?}");
    }
}
