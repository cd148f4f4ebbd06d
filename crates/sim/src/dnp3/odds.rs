//! How often something happens by chance.

use crate::noise::mix;

/// One in so many, by chance, and the same in every run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Odds(u32);

impl Odds {
    /// Never.
    pub const NEVER: Self = Self(0);

    /// One in `n`; never for 0.
    pub const fn one_in(n: u32) -> Self {
        Self(n)
    }

    /// Whether the `n`th time is one, in the run of that seed.
    pub(crate) fn hit(self, seed: u64, n: u64) -> bool {
        mix(seed, n).checked_rem(u64::from(self.0)) == Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_ten_is_hit() {
        let hits = |odds: Odds| (0..10_000).filter(|n| odds.hit(7, *n)).count();
        assert_eq!(hits(Odds::NEVER), 0);
        assert_eq!(hits(Odds::one_in(1)), 10_000);
        assert!((900..1_100).contains(&hits(Odds::one_in(10))));
    }
}
