//! `gridos`: one binary with a command for each thing to do.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Ten thousand sessions that are served by a few threads leave the system's allocator with half
/// as much memory again in pieces; this one gives it back.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    gridos::cli::main()
}
