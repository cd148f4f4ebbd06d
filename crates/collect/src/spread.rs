//! Spreading what would otherwise happen all at once.

/// A mixed number: neighbouring inputs give outputs that have nothing in common (the finaliser of
/// SplitMix64; Steele, Lea, Flood, OOPSLA 2014).
pub(crate) fn mix(n: u64) -> u64 {
    let mut z = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// From 0 up to but not including 1, by the upper 53 bits of `n`.
pub(crate) fn fraction(n: u64) -> f64 {
    (n >> 11) as f64 / (1_u64 << 53) as f64
}
