//! Reckoning with instants that never overflows.

use std::time::{Duration, Instant};

/// The instant `duration` after `start`; far off if that cannot be told.
pub(super) fn after(start: Instant, duration: Duration) -> Instant {
    start + duration.min(FAR)
}

/// A share of `spread` that `chance` decides.
pub(super) fn share(spread: Duration, chance: u64) -> Duration {
    let fraction = (chance >> 11) as f64 / (1_u64 << 53) as f64;
    spread.min(FAR).mul_f64(fraction)
}

/// A number in which neighbouring ones have nothing in common (the finaliser of SplitMix64;
/// Steele, Lea, Flood, OOPSLA 2014).
pub(super) fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Ten years: as good as never.
const FAR: Duration = Duration::from_secs(10 * 365 * 24 * 3_600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_any_length_can_be_added() {
        let start = Instant::now();
        assert_eq!(after(start, Duration::MAX), start + FAR);
        assert_eq!(after(start, Duration::ZERO), start);
    }

    #[test]
    fn shares_fill_the_spread() {
        let spread = Duration::from_secs(10);
        let shares: Vec<_> = (0..1_000)
            .map(|n| share(spread, mix(n)).as_secs())
            .collect();
        for second in 0..10 {
            let count = shares.iter().filter(|share| **share == second).count();
            assert!((60..140).contains(&count), "{count} of 1,000 in {second}");
        }
        assert_eq!(share(Duration::ZERO, u64::MAX), Duration::ZERO);
    }
}
