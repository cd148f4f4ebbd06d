//! The numbers that decide. The analysis templates in `deploy/analysis` hold the same ones.

/// What is demanded of a candidate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// The share of scans answered well must be above this.
    pub success_above: f64,
    /// The share of scans that went wrong must be below this.
    pub errors_below: f64,
    /// The objective for storing a batch, in seconds: a bound of the histograms, so that the share
    /// within it is exact.
    pub objective_seconds: f64,
    /// The share of batches stored within the objective must be at least this: 0.95 says that the
    /// 95th percentile is.
    pub within_at_least: f64,
    /// Readings that may be lost.
    pub lost_at_most: u64,
    /// How often its processes may begin anew.
    pub restarts_at_most: u64,
    /// The share of what came that must be kept.
    pub complete_at_least: f64,
    /// Batches without which nothing is concluded.
    pub batches_at_least: u64,
    /// Scans without which nothing is concluded.
    pub scans_at_least: u64,
    /// Intervals that must be known on each side.
    pub intervals_at_least: usize,
    /// A difference from stable counts only if chance would make it more rarely than this.
    pub significance: f64,
    /// Cliff's delta that a slower candidate must reach besides.
    pub delta_at_least: f64,
    /// What a candidate may be slower: so much times stable …
    pub slower_times: f64,
    /// … and so many seconds.
    pub slower_seconds: f64,
    /// What the candidate's share of errors may be above stable's.
    pub errors_above_stable: f64,
    /// What is beyond a bound is the candidate's own only where it is more than so many times what
    /// stable has at the same time. Else a machine, network or database is to blame that both share,
    /// and nobody can tell.
    pub own_times: f64,
    /// The share of batches that may be stored later than the objective after they were due.
    pub overdue_at_most: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            success_above: 0.95,
            errors_below: 0.05,
            objective_seconds: 0.5,
            within_at_least: 0.95,
            lost_at_most: 0,
            restarts_at_most: 0,
            complete_at_least: 0.999,
            batches_at_least: 300,
            scans_at_least: 300,
            intervals_at_least: 5,
            significance: 0.01,
            delta_at_least: 0.33,
            slower_times: 1.25,
            slower_seconds: 0.1,
            errors_above_stable: 0.01,
            own_times: 2.0,
            overdue_at_most: 0.05,
        }
    }
}
