//! How many instructions each stage of a reading's way takes, counted and compared with its limit.
//!
//! A processor that is busy, hot or another one changes what a reading takes in nanoseconds, but not
//! in instructions: valgrind counts them on a processor of its own, so one per cent more is one per
//! cent more code. What it doesn't see are caches and waits; those are the benches' business.
//!
//! `gridos-guards` compares all stages, or those that are named, with `limits.toml`; `--write` writes
//! the limits of all anew. This crate must not know sockets, clocks and disks.

use std::process::ExitCode;

mod callgrind;
mod command;
mod limits;
mod stages;
mod verdict;

/// The allocator of the engine.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match command::run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
