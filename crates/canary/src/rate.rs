//! Shares of something counted: their uncertainty, and exact tests.

/// So many of so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    hits: u64,
    total: u64,
}

/// 2⁵³.
const TOTAL_MAX: u64 = 1 << 53;
/// Terms that add less than this share to a sum end it.
const NEGLIGIBLE: f64 = 1e-17;

impl Rate {
    /// `hits` of `total`; `None` of nothing, if there are more hits than there could be, or if there
    /// are more than doubles count exactly.
    pub fn of(hits: u64, total: u64) -> Option<Self> {
        (total > 0 && total <= TOTAL_MAX && hits <= total).then_some(Self { hits, total })
    }

    /// How many.
    pub fn hits(&self) -> u64 {
        self.hits
    }

    /// Of how many.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// 0 to 1.
    pub fn share(&self) -> f64 {
        self.hits as f64 / self.total as f64
    }

    /// Between which shares the true one is, by Wilson's score interval (1927); `z` is 1.96 for 95 %.
    pub fn interval(&self, z: f64) -> (f64, f64) {
        let n = self.total as f64;
        let share = self.share();
        let square = z * z / n;
        let middle = (share + square / 2.0) / (1.0 + square);
        let half = z / (1.0 + square) * (share * (1.0 - share) / n + square / (4.0 * n)).sqrt();
        ((middle - half).max(0.0), (middle + half).min(1.0))
    }

    /// How likely so many hits or more are if the true share is `share` (exact binomial test): small
    /// if the true share is above it.
    pub fn p_if_at_most(&self, share: f64) -> f64 {
        let mean = share * self.total as f64;
        if self.hits as f64 <= mean {
            // Along the short side of the sum, which ends soon.
            return match self.hits.checked_sub(1) {
                Some(fewer) => (1.0 - self.binomial_down_from(fewer, share)).max(0.0),
                None => 1.0,
            };
        }
        let terms = (self.hits..=self.total).map(|hits| self.binomial(hits, share));
        sum(terms).min(1.0)
    }

    /// How likely so many hits or fewer are if the true share is `share`: small if it is below.
    pub fn p_if_at_least(&self, share: f64) -> f64 {
        let misses = Self {
            hits: self.total - self.hits,
            total: self.total,
        };
        misses.p_if_at_most(1.0 - share)
    }

    fn binomial_down_from(&self, hits: u64, share: f64) -> f64 {
        sum((0..=hits).rev().map(|hits| self.binomial(hits, share)))
    }

    fn binomial(&self, hits: u64, share: f64) -> f64 {
        let misses = self.total - hits;
        let log = choose(self.total, hits) + power(share, hits) + power(1.0 - share, misses);
        log.exp()
    }

    /// How likely so many hits or more fall to this side, given how many both have together, if
    /// both have the same true share (Fisher's exact test, one-sided).
    pub fn p_if_as(&self, other: &Self) -> f64 {
        let hits = self.hits + other.hits;
        let most = hits.min(self.total);
        let least = hits.saturating_sub(other.total);
        let all = self.total + other.total;
        let chance = |mine: u64| {
            let log =
                choose(self.total, mine) + choose(other.total, hits - mine) - choose(all, hits);
            log.exp()
        };
        let mean = hits as f64 * self.total as f64 / all as f64;
        if self.hits as f64 <= mean {
            let below = sum((least..self.hits).rev().map(chance));
            return (1.0 - below).max(0.0);
        }
        sum((self.hits..=most).map(chance)).min(1.0)
    }
}

/// The sum of terms that fall.
fn sum(terms: impl Iterator<Item = f64>) -> f64 {
    let mut sum = 0.0;
    for term in terms {
        sum += term;
        if term <= sum * NEGLIGIBLE {
            break;
        }
    }
    sum
}

/// The logarithm of "n choose k".
fn choose(n: u64, k: u64) -> f64 {
    factorial(n) - factorial(k) - factorial(n - k)
}

fn factorial(n: u64) -> f64 {
    libm::lgamma(n as f64 + 1.0)
}

/// The logarithm of `base` to that power; 0 to the power of 0 is 1.
fn power(base: f64, exponent: u64) -> f64 {
    if exponent == 0 {
        return 0.0;
    }
    exponent as f64 * base.ln()
}
