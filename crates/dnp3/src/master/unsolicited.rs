//! The last unsolicited response, by which the next one is recognised as the same.

use super::Token;

/// The last unsolicited response that was delivered on this connection.
///
/// An outstation that gets no confirm sends the same octets again, with the same number; with new
/// events it takes the next number (IEEE 1815-2012, 5.1.1.1.1). There are only 16, so the octets
/// must be the same too. Only a fingerprint of them is kept.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LastUnsolicited {
    last: Option<Last>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    fingerprint: Fingerprint,
    delivery: Token,
    /// Whether its receipt is missing.
    needs_receipt: bool,
}

/// The length of a fragment, and 64 bits that differ for fragments that differ, but for one chance
/// in 2^64. Only the outstation itself could make two that do not, and would lose its own events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint {
    length: usize,
    bits: u64,
}

impl LastUnsolicited {
    /// Whether a fragment is the same, and then the receipt that is missing.
    pub(super) fn repeats(&self, fingerprint: Fingerprint) -> Option<Option<Token>> {
        let last = self.last.filter(|last| last.fingerprint == fingerprint)?;
        Some(last.needs_receipt.then_some(last.delivery))
    }

    /// A fragment has been delivered under that name.
    pub(super) fn remember(
        &mut self,
        fingerprint: Fingerprint,
        delivery: Token,
        needs_receipt: bool,
    ) {
        self.last = Some(Last {
            fingerprint,
            delivery,
            needs_receipt,
        });
    }

    /// What comes now is new, even if it looks the same.
    pub(super) fn forget(&mut self) {
        self.last = None;
    }

    /// A receipt is there.
    pub(super) fn handle_durable(&mut self, token: Token) {
        if let Some(last) = &mut self.last
            && last.delivery == token
        {
            last.needs_receipt = false;
        }
    }

    /// It could not be kept: the fragment must be delivered again.
    pub(super) fn handle_refused(&mut self, token: Token) {
        self.last = self.last.filter(|last| last.delivery != token);
    }
}

impl Fingerprint {
    /// Of `fragment`. Four words at a time go into states of their own, which a processor works on
    /// side by side.
    pub(super) fn of(fragment: &[u8]) -> Self {
        let mut states = [SEED; 4];
        let mut blocks = fragment.chunks_exact(32);
        for block in &mut blocks {
            for (state, octets) in states.iter_mut().zip(block.chunks_exact(8)) {
                *state = fold(*state ^ word(octets));
            }
        }
        let bits = states
            .into_iter()
            .fold(SEED, |bits, state| fold(bits ^ state));
        let rest = blocks.remainder().chunks(8);
        Self {
            length: fragment.len(),
            bits: rest.fold(bits, |bits, octets| fold(bits ^ word(octets))),
        }
    }
}

/// Up to eight octets as a number.
fn word(octets: &[u8]) -> u64 {
    octets.try_into().map_or_else(
        |_| {
            octets
                .iter()
                .rev()
                .fold(0, |word, octet| word << 8 | u64::from(*octet))
        },
        u64::from_le_bytes,
    )
}

/// Multiplies to 128 bits and folds them, so that each bit goes into all others.
fn fold(word: u64) -> u64 {
    let product = u128::from(word) * u128::from(FACTOR);
    let [low, high] = [product, product >> 64].map(|half| half & u128::from(u64::MAX));
    u64::try_from(low ^ high).unwrap_or(0)
}

/// The fractional parts of the square roots of 2 and 3.
const SEED: u64 = 0x6a09_e667_f3bc_c909;
const FACTOR: u64 = 0xbb67_ae85_84ca_a73b;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn one_bit_or_octet_makes_another_fragment() {
        for length in [1, 7, 8, 31, 61, 64, 100] {
            let fragment = vec![0x5a; length];
            let mut seen = HashSet::from([Fingerprint::of(&fragment)]);
            for bit in 0..length * 8 {
                let mut other = fragment.clone();
                other[bit / 8] ^= 1 << (bit % 8);
                assert!(seen.insert(Fingerprint::of(&other)), "bit {bit}");
            }
            assert!(seen.insert(Fingerprint::of(&fragment[1..])));
        }
    }

    #[test]
    fn the_order_makes_another_fragment() {
        let mut fragment: Vec<_> = (0..=255).collect();
        let before = Fingerprint::of(&fragment);
        for place in 0..31 {
            let mut other = fragment.clone();
            other[place * 8..place * 8 + 16].rotate_left(8);
            assert_ne!(Fingerprint::of(&other), before, "word {place}");
        }
        fragment.rotate_left(32);
        assert_ne!(Fingerprint::of(&fragment), before);
    }

    #[test]
    fn what_is_refused_is_not_remembered() {
        let (token, other) = (Token::first(), Token::first().next(false));
        let of = Fingerprint::of;
        let mut last = LastUnsolicited::default();
        assert_eq!(last.repeats(of(&[1])), None);
        last.remember(of(&[1]), token, true);
        last.handle_durable(other);
        last.handle_refused(other);
        assert_eq!(last.repeats(of(&[1])), Some(Some(token)));
        assert_eq!(last.repeats(of(&[2])), None);
        assert_eq!(last.repeats(of(&[1, 0])), None);
        last.handle_durable(token);
        assert_eq!(last.repeats(of(&[1])), Some(None));
        for needs_receipt in [true, false] {
            last.remember(of(&[2]), other, needs_receipt);
            last.handle_refused(other);
            assert_eq!(last.repeats(of(&[2])), None);
        }
    }
}
