//! Weighted rendezvous hashing: each device goes to the member with the greatest score.

use super::hash::{fingerprint, mix};
use super::{Candidate, Role};

/// The members of one role.
pub(super) struct Pool<'a> {
    members: Vec<Entry<'a>>,
}

struct Entry<'a> {
    place: usize,
    name: &'a str,
    key: u64,
    weight: f64,
}

impl<'a> Pool<'a> {
    pub(super) fn new(candidates: &[Candidate<'a>], role: Role) -> Self {
        let members = candidates.iter().enumerate();
        let members = members.filter(|(_, c)| c.role == role && c.capacity > 0);
        let mut members: Vec<_> = members
            .map(|(place, candidate)| Entry {
                place,
                name: candidate.name,
                key: mix(fingerprint(candidate.name.as_bytes())),
                weight: f64::from(candidate.capacity),
            })
            .collect();
        // Of equal scores the first name wins.
        members.sort_by_key(|entry| entry.name);
        Self { members }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The place among the candidates of the member with the greatest score for the device with that hash.
    pub(super) fn winner(&self, device: u64) -> Option<usize> {
        let mut best = None;
        let mut best_score = f64::NEG_INFINITY;
        for entry in &self.members {
            let score = entry.weight / cost(mix(device ^ entry.key));
            if score > best_score {
                best = Some(entry.place);
                best_score = score;
            }
        }
        best
    }
}

/// −ln(u) for the u in (0, 1) that the hash stands for; weight / cost is the score of Schindelhauer and
/// Schomaker ("Weighted distributed hash tables", 2005).
fn cost(hash: u64) -> f64 {
    let u = ((hash >> 12) as f64 + 0.5) / (1_u64 << 52) as f64;
    -ln(u)
}

/// The natural logarithm of a normal positive number, to some 14 digits.
///
/// Made of additions, multiplications and divisions alone, which IEEE 754 rounds alike everywhere;
/// what systems call `ln` differs in the last digit, and two leaders would then move a device to and fro.
fn ln(x: f64) -> f64 {
    const BITS: u64 = f64::MANTISSA_DIGITS as u64 - 1;
    const TERMS: [f64; 8] = [
        1.0 / 17.0,
        1.0 / 15.0,
        1.0 / 13.0,
        1.0 / 11.0,
        1.0 / 9.0,
        1.0 / 7.0,
        1.0 / 5.0,
        1.0 / 3.0,
    ];
    // The mantissa goes into [√½, √2), where the series needs few terms.
    let offset = x
        .to_bits()
        .wrapping_sub(std::f64::consts::FRAC_1_SQRT_2.to_bits());
    let exponent = offset.cast_signed() >> BITS;
    let mantissa = f64::from_bits(x.to_bits().wrapping_sub(exponent.cast_unsigned() << BITS));
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let q = s * s;
    // artanh(s) = s + s³/3 + s⁵/5 + …
    let mut series = 0.0;
    for term in TERMS {
        series = (series + term) * q;
    }
    let exponent = exponent as f64;
    exponent * std::f64::consts::LN_2 + 2.0 * s * (1.0 + series)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_one() {
        let mut hash = 7;
        for _ in 0..100_000 {
            hash = mix(hash);
            // Small and great ones as well.
            let word = hash >> (hash % 60);
            for word in [word, !word] {
                let u = ((word >> 12) as f64 + 0.5) / (1_u64 << 52) as f64;
                let (ours, theirs) = (cost(word), -u.ln());
                assert!(
                    (ours - theirs).abs() <= theirs * 1e-13,
                    "{u}: {ours} {theirs}"
                );
                assert!(ours > 0.0);
            }
        }
    }

    #[test]
    fn the_logarithm_is_the_same_everywhere() {
        let sum = (0..10_000_u64).fold(0, |sum: u64, n| sum.wrapping_add(cost(mix(n)).to_bits()));
        assert_eq!(sum, SUM);
    }

    /// Made on x86-64.
    const SUM: u64 = 6_776_072_064_556_734_463;
}
