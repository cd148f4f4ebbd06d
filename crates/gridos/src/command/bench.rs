//! `gridos bench`.

use super::Outcome;
use crate::bench;
use crate::cli::Bench;

pub(crate) fn run(args: &Bench) -> Outcome {
    super::block_on(bench::run(args))?
}
