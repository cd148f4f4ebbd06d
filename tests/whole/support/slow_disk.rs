//! A disk on which some syncs take long.

use std::process::Command;
use std::time::Duration;

use super::engine::binary;

/// Which syncs are slow, and how slow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SlowDisk {
    /// The syncs before the first slow one.
    pub(crate) after: u64,
    pub(crate) slow_syncs: u64,
    pub(crate) each: Duration,
}

impl SlowDisk {
    /// The engine on it: the system makes some of its syncs wait. As `strace` is not the parent of
    /// what it traces, signals arrive as usual.
    pub(crate) fn engine(self) -> Command {
        let (first, last) = (self.after + 1, self.after + self.slow_syncs);
        let delay = self.each.as_micros();
        let mut command = Command::new("strace");
        command
            .args([
                "-D",
                "-f",
                "-qq",
                "--seccomp-bpf",
                "-o",
                "/dev/null",
                "-e",
                "trace=fdatasync",
            ])
            .args([
                "-e",
                &format!("inject=fdatasync:delay_enter={delay}:when={first}..{last}"),
            ])
            .arg(binary());
        command
    }
}
