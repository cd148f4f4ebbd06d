//! Is this version as good as that one? Counts and latencies of two sides over the same intervals
//! in, one verdict with its reasons out.
//!
//! What a number is cannot be taken on trust here: a value that is missing or not a number, an idle
//! side and too small a sample lead to [`Decision::Inconclusive`], never to a pass.
//!
//! It must not know where the numbers come from, nor who acts on the verdict: no Prometheus, no
//! Kubernetes, no clocks, no sockets.

mod effect;
mod judge;
mod rank;
mod rate;
mod side;
mod thresholds;
mod verdict;

pub use effect::Effect;
pub use judge::judge;
pub use rank::{EXACT_SAMPLES_MAX, RankTest};
pub use rate::Rate;
pub use side::{Interval, Side};
pub use thresholds::Thresholds;
pub use verdict::{Check, Decision, Finding, Verdict};
