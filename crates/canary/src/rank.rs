//! Whether values of one sample tend to be larger than those of another: Mann and Whitney's test.

/// Up to so many values of both samples together, the distribution is counted out; above, it is
/// taken as normal.
pub const EXACT_SAMPLES_MAX: usize = 60;

/// The outcome of a one-sided rank test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RankTest {
    /// Pairs in which the first sample's value is the larger one; ties count one half.
    pub pairs_larger: f64,
    /// How likely so many such pairs are, or more, if both samples are of one population.
    pub p: f64,
    /// Whether `p` is exact, ties included.
    pub is_exact: bool,
}

impl RankTest {
    /// Tests whether `candidate` tends to be larger than `stable`.
    ///
    /// `None` if one of them is empty or has a value that is not finite. Ties have the mean of
    /// their ranks. Up to [`EXACT_SAMPLES_MAX`] values, `p` is the share of all ways to deal the
    /// values out to both samples (permutation distribution, exact also with ties); above, the
    /// normal approximation with corrections for ties and for continuity (Mann and Whitney, "On a
    /// test of whether one of two random variables is stochastically larger than the other", 1947;
    /// Lehmann, "Nonparametrics", 1.4).
    pub fn larger(candidate: &[f64], stable: &[f64]) -> Option<Self> {
        let (m, n) = (candidate.len(), stable.len());
        let are_finite = candidate
            .iter()
            .chain(stable)
            .all(|value| value.is_finite());
        if m == 0 || n == 0 || !are_finite {
            return None;
        }
        let ranks = Ranks::of(candidate, stable);
        // Twice the pairs: the doubled rank sum less its least value.
        let twice = ranks.of_candidate - m * (m + 1);
        let pairs_larger = twice as f64 / 2.0;
        let is_exact = m + n <= EXACT_SAMPLES_MAX;
        let p = if is_exact {
            ranks.share_at_or_above(m)
        } else {
            ranks.normal_tail(pairs_larger, m, n)
        };
        Some(Self {
            pairs_larger,
            p,
            is_exact,
        })
    }
}

/// The ranks of both samples together, doubled so that those of ties are whole.
struct Ranks {
    /// Doubled rank of each group of equal values, with how many there are.
    groups: Vec<(usize, usize)>,
    of_candidate: usize,
}

impl Ranks {
    fn of(candidate: &[f64], stable: &[f64]) -> Self {
        let of_candidate = candidate.iter().map(|value| (*value, true));
        let of_stable = stable.iter().map(|value| (*value, false));
        let mut all: Vec<(f64, bool)> = of_candidate.chain(of_stable).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut ranks = Self {
            groups: Vec::new(),
            of_candidate: 0,
        };
        let mut before = 0;
        // Not by total order: 0 and −0 are equal.
        for group in all.chunk_by(|a, b| a.0 == b.0) {
            let doubled = 2 * before + group.len() + 1;
            let candidates = group.iter().filter(|(_, is_candidate)| *is_candidate);
            ranks.of_candidate += doubled * candidates.count();
            ranks.groups.push((doubled, group.len()));
            before += group.len();
        }
        ranks
    }

    /// The share of all choices of `m` values whose rank sum is at or above the candidate's.
    fn share_at_or_above(&self, m: usize) -> f64 {
        let sum_max: usize = self.groups.iter().map(|(rank, count)| rank * count).sum();
        // ways[k][s]: choices of k values so far with the doubled rank sum s. C(60, 30) fits in 57 bits.
        let mut ways = vec![vec![0_u64; sum_max + 1]; m + 1];
        ways[0][0] = 1;
        for (rank, count) in &self.groups {
            for _ in 0..*count {
                take_one(&mut ways, *rank);
            }
        }
        let sums = &ways[m];
        let all: u64 = sums.iter().sum();
        let above: u64 = sums.iter().skip(self.of_candidate).sum();
        above as f64 / all as f64
    }

    fn normal_tail(&self, pairs_larger: f64, m: usize, n: usize) -> f64 {
        let pairs = m as f64 * n as f64;
        let all = (m + n) as f64;
        let ties: f64 = self
            .groups
            .iter()
            .map(|(_, count)| (*count as f64).powi(3) - *count as f64)
            .sum();
        let variance = pairs / 12.0 * (all + 1.0 - ties / (all * (all - 1.0)));
        if variance <= 0.0 {
            // All values are equal.
            return 1.0;
        }
        let z = (pairs_larger - pairs / 2.0 - 0.5) / variance.sqrt();
        libm::erfc(z / std::f64::consts::SQRT_2) / 2.0
    }
}

/// One more value that may be chosen.
fn take_one(ways: &mut [Vec<u64>], rank: usize) {
    for k in (1..ways.len()).rev() {
        let (fewer, these) = ways.split_at_mut(k);
        let (Some(fewer), Some(these)) = (fewer.last(), these.first_mut()) else {
            continue;
        };
        for (sum, count) in these.iter_mut().skip(rank).zip(fewer) {
            *sum += count;
        }
    }
}
