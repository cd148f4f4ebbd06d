//! The machine that is measured: a figure without it says nothing.

use std::fmt;
use std::fs;
use std::path::Path;
use std::thread::available_parallelism;

use serde::Serialize;

use crate::size::show_bytes;

/// What is known of this machine.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Machine {
    processor: String,
    cores: usize,
    memory_bytes: u64,
    kernel: String,
    /// The kind of file system that the journal and the server of the bench's own write to.
    file_system: String,
    /// Processes that wanted a processor in the last minute before, on average: something else runs beside, if it
    /// is not near 0.
    load_before: f64,
}

impl Machine {
    /// Looks at this one; what is measured writes to `folder`.
    pub(super) fn look(folder: &Path) -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let load = read("/proc/loadavg");
        Self {
            processor: value(&read("/proc/cpuinfo"), "model name"),
            cores: available_parallelism().map_or(1, usize::from),
            memory_bytes: kibibytes(&value(&read("/proc/meminfo"), "MemTotal")),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            file_system: file_system(&read("/proc/self/mounts"), folder),
            load_before: load
                .split(' ')
                .next()
                .and_then(|n| n.parse().ok())
                .unwrap_or(0.0),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "GridOS {} on {} cores of {}, {}, Linux {}, {}; load before: {:.2}",
            env!("CARGO_PKG_VERSION"),
            self.cores,
            self.processor,
            show_bytes(self.memory_bytes),
            self.kernel,
            self.file_system,
            self.load_before
        )
    }
}

/// What stands behind `key` and a colon.
fn value(text: &str, key: &str) -> String {
    let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
    let found = pairs.find(|(name, _)| name.trim() == key);
    found.map_or_else(|| "?".to_owned(), |(_, value)| value.trim().to_owned())
}

fn kibibytes(text: &str) -> u64 {
    let number = text.split(' ').next().and_then(|n| n.parse::<u64>().ok());
    number.unwrap_or(0).saturating_mul(1_024)
}

/// The kind of the file system that `folder` is in: of the mount with the longest path.
fn file_system(mounts: &str, folder: &Path) -> String {
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        Some((Path::new(words.next()?), words.next()?))
    });
    let around = mounts.filter(|(place, _)| folder.starts_with(place));
    let nearest = around.max_by_key(|(place, _)| place.as_os_str().len());
    nearest.map_or_else(|| "?".to_owned(), |(_, kind)| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_mount_counts() {
        let mounts = "/dev/a / ext4 rw 0 0\ntmpfs /x tmpfs rw 0 0\n/dev/b /x/y xfs rw 0 0\n";
        for (folder, kind) in [("/home", "ext4"), ("/x/z", "tmpfs"), ("/x/y/z", "xfs")] {
            assert_eq!(file_system(mounts, Path::new(folder)), kind);
        }
    }

    #[test]
    fn lines_of_proc_are_read() {
        assert_eq!(value("a\t: b c\nd: e\n", "a"), "b c");
        assert_eq!(kibibytes("2 kB"), 2_048);
    }
}
