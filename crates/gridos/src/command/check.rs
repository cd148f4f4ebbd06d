//! `gridos check`.

use super::Outcome;
use crate::check::Report;
use crate::cli::Check;
use crate::config::Config;

pub(crate) fn run(args: &Check) -> Outcome {
    let config = Config::load(&args.config, std::env::vars_os())?;
    println!("{}", Report::of(&config)?);
    Ok(())
}
