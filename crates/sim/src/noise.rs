//! Numbers that look random and are the same in every run.

use std::f64::consts::TAU;

/// A mixed 64-bit number of `seed` and `n` (SplitMix64: Steele, Lea, Flood, OOPSLA 2014).
pub(crate) fn mix(seed: u64, n: u64) -> u64 {
    let mut z = seed.wrapping_add(n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// From 0 up to but not including 1.
pub(crate) fn fraction(seed: u64, n: u64) -> f64 {
    (mix(seed, n) >> 11) as f64 / (1_u64 << 53) as f64
}

/// From -1 up to but not including 1.
pub(crate) fn noise(seed: u64, n: u64) -> f64 {
    2.0 * fraction(seed, n) - 1.0
}

/// An angle from 0 up to but not including a full turn.
pub(crate) fn angle(seed: u64, n: u64) -> f64 {
    TAU * fraction(seed, n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_repeat_and_spread() {
        assert_eq!(mix(7, 9), mix(7, 9));
        let mean: f64 = (0..10_000).map(|n| noise(1, n)).sum::<f64>() / 10_000.0;
        assert!(mean.abs() < 0.05, "{mean}");
        assert!((0..10_000).all(|n| (0.0..1.0).contains(&fraction(2, n))));
    }
}
