//! `gridos`: one binary with a command for each thing to do.

use std::process::ExitCode;

use clap::Parser;
use gridos::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().run()
}
