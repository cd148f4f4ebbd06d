//! What the cgroup of the process allows: memory, processors, threads.

use std::fs;
use std::path::{Path, PathBuf};

use super::Finding;

const CHECK: &str = "cgroup";
/// The pipeline and what waits for the disk take one, sessions and clients the other.
const PROCESSORS_LEAST: f64 = 1.0;
/// Threads of an engine: the runtime's, the pipeline's, those that wait for disks.
const THREADS_LEAST: u64 = 600;

/// The tightest limit of each kind on the way up; `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Seen {
    /// In bytes.
    pub(super) memory: Option<u64>,
    processors: Option<f64>,
    threads: Option<u64>,
}

pub(super) fn look() -> Seen {
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    look_at(Path::new("/sys/fs/cgroup"), &own)
}

/// The limits of the cgroup that the line `0::/…` of `own` names below `root` (version 2).
fn look_at(root: &Path, own: &str) -> Seen {
    let own = own.lines().find_map(|line| line.strip_prefix("0::/"));
    let Some(own) = own else {
        return Seen::default();
    };
    let mut seen = Seen::default();
    let dir = root.join(own);
    let up = dir.ancestors().take_while(|dir| dir.starts_with(root));
    for dir in up.map(PathBuf::from) {
        let read = |name: &str| fs::read_to_string(dir.join(name)).unwrap_or_default();
        seen.memory = least(seen.memory, read("memory.max").trim().parse().ok());
        seen.threads = least(seen.threads, read("pids.max").trim().parse().ok());
        seen.processors = match (seen.processors, quota(&read("cpu.max"))) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    seen
}

fn least(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// `50000 100000` is half a processor; `max 100000` is no limit.
fn quota(text: &str) -> Option<f64> {
    let (quota, period) = text.trim().split_once(' ')?;
    Some(quota.parse::<f64>().ok()? / period.parse::<f64>().ok()?)
}

pub(super) fn judge(seen: &Seen) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(processors) = seen.processors.filter(|share| *share < PROCESSORS_LEAST) {
        found.push(Finding::warning(
            CHECK,
            format!("it allows {processors:.2} of a processor: what waits for it comes late"),
            "raise CPUQuota of the unit to 100% or more",
        ));
    }
    if let Some(threads) = seen.threads.filter(|threads| *threads < THREADS_LEAST) {
        found.push(Finding::warning(
            CHECK,
            format!("it allows {threads} threads; an engine may take {THREADS_LEAST}"),
            format!("write TasksMax={THREADS_LEAST} into the unit"),
        ));
    }
    if found.is_empty() {
        found.push(Finding::ok(
            CHECK,
            "it allows enough processors and threads",
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;

    #[test]
    fn the_tightest_limit_on_the_way_up_counts() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("system.slice/gridos.service");
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("memory.max"), "max\n").unwrap();
        fs::write(dir.join("cpu.max"), "200000 100000\n").unwrap();
        fs::write(dir.join("pids.max"), "512\n").unwrap();
        fs::write(root.path().join("system.slice/memory.max"), "1048576\n").unwrap();
        fs::write(root.path().join("system.slice/cpu.max"), "50000 100000\n").unwrap();
        let seen = look_at(root.path(), "1:x:/y\n0::/system.slice/gridos.service\n");
        let expected = Seen {
            memory: Some(1 << 20),
            processors: Some(0.5),
            threads: Some(512),
        };
        assert_eq!(seen, expected);
        let found = judge(&seen);
        assert!(found.iter().all(|one| one.grade == Grade::Warning));
        assert!(found[0].what.contains("0.50"), "{found:?}");
        assert!(found[1].advice.contains("TasksMax="), "{found:?}");
    }

    #[test]
    fn without_limits_all_is_well() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(look_at(root.path(), ""), Seen::default());
        assert_eq!(judge(&look_at(root.path(), "0::/\n"))[0].grade, Grade::Ok);
        let _: Seen = look();
    }
}
