//! The processor time that threads have taken, as the kernel counts it.

use std::fs;
use std::ops::Sub;

/// Processor time in seconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cpu {
    /// In the program itself.
    pub(crate) user: f64,
    /// In system calls, and in what the network does on their behalf.
    pub(crate) system: f64,
}

impl Cpu {
    /// What the threads of a process have taken so far whose names begin with `name`.
    pub(crate) fn of(process: u32, name: &str) -> Self {
        let threads = fs::read_dir(format!("/proc/{process}/task")).expect("a running process");
        let threads = threads.filter_map(|thread| Some(thread.ok()?.path()));
        let is_named = |thread: &std::path::PathBuf| {
            fs::read_to_string(thread.join("comm")).is_ok_and(|comm| comm.starts_with(name))
        };
        let mut sum = Self::default();
        for thread in threads.filter(is_named) {
            let read = |file| fs::read_to_string(thread.join(file)).unwrap_or_default();
            let cpu = Self::parse(&read("schedstat"), &read("stat"));
            sum.user += cpu.user;
            sum.system += cpu.system;
        }
        sum
    }

    /// Both together.
    pub(crate) fn all(self) -> f64 {
        self.user + self.system
    }

    /// The first is exact, the second tells by ticks how it was spent.
    fn parse(schedstat: &str, stat: &str) -> Self {
        let nanos = schedstat.split(' ').next().and_then(|n| n.parse().ok());
        let seconds = nanos.unwrap_or(0.0) / 1e9;
        // The name in brackets may have spaces in it; what follows begins with the third field.
        let (_, fields) = stat.rsplit_once(')').unwrap_or_default();
        let mut ticks = fields.split_ascii_whitespace().skip(11);
        let mut next = || ticks.next().and_then(|n| n.parse().ok()).unwrap_or(0.0);
        let (user, system): (f64, f64) = (next(), next());
        let part = system / (user + system).max(1.0);
        Self {
            user: seconds * (1.0 - part),
            system: seconds * part,
        }
    }
}

impl Sub for Cpu {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            user: self.user - before.user,
            system: self.system - before.system,
        }
    }
}
