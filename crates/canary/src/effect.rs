//! How much larger the values of one sample are: what a test of significance does not tell.

use crate::RankTest;

/// The size of a difference between two samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect {
    /// How likely a value of the first sample is above one of the second; ties count one half.
    /// 0.5: no difference (common language effect size: McGraw and Wong, 1992).
    pub likelier: f64,
    /// By how much the first sample is larger: the median of all differences of pairs, in the unit
    /// of the values (Hodges and Lehmann, 1963).
    pub shift: f64,
}

impl Effect {
    /// The effect of being `candidate` instead of `stable`; `None` where [`RankTest::larger`] has none.
    pub fn of(candidate: &[f64], stable: &[f64]) -> Option<Self> {
        let test = RankTest::larger(candidate, stable)?;
        let pairs = candidate.len() as f64 * stable.len() as f64;
        let mut differences: Vec<f64> = candidate
            .iter()
            .flat_map(|a| stable.iter().map(move |b| a - b))
            .collect();
        differences.sort_by(f64::total_cmp);
        let half = differences.len() / 2;
        let upper = *differences.get(half)?;
        let shift = match differences.len() % 2 {
            0 => upper / 2.0 + differences.get(half - 1)? / 2.0,
            _ => upper,
        };
        Some(Self {
            likelier: test.pairs_larger / pairs,
            shift,
        })
    }

    /// From −1 (all values are smaller) over 0 to 1 (all are larger): Cliff's delta (1993).
    pub fn delta(&self) -> f64 {
        2.0 * self.likelier - 1.0
    }
}
