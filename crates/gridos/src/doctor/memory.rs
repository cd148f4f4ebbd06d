//! Whether the machine has the memory that the bounds of the queues add up to.

use std::fs;

use super::{Finding, cgroup};
use crate::size::show_bytes;

const CHECK: &str = "memory";

#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// What the queues may take, as `gridos check` shows it.
    bound: u64,
    /// Of the machine; 0 if it cannot be told.
    total: u64,
    /// Free, or taken by what can be had back.
    available: u64,
    /// What the cgroup of this process allows.
    limit: Option<u64>,
}

pub(super) fn look(bound: u64) -> Seen {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    Seen {
        bound,
        total: of(&text, "MemTotal"),
        available: of(&text, "MemAvailable"),
        limit: cgroup::look().memory,
    }
}

/// A line of `/proc/meminfo`, in bytes.
fn of(text: &str, name: &str) -> u64 {
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    let line = lines.find(|(key, _)| *key == name);
    let number = line.and_then(|(_, rest)| rest.split_whitespace().next()?.parse::<u64>().ok());
    number.unwrap_or(0).saturating_mul(1_024)
}

pub(super) fn judge(seen: &Seen) -> Finding {
    let bound = show_bytes(seen.bound);
    let raise = "run fewer devices, scan more slowly, or give it more memory";
    if let Some(limit) = seen.limit.filter(|limit| *limit < seen.bound) {
        let what = format!(
            "the queues may take {bound}, and the cgroup allows {}",
            show_bytes(limit)
        );
        return Finding::problem(
            CHECK,
            what,
            format!("raise MemoryMax of the unit, or {raise}"),
        );
    }
    if seen.total == 0 {
        let what = format!("the queues may take {bound}; how much there is cannot be told");
        return Finding::warning(CHECK, what, "look at /proc/meminfo");
    }
    let what = format!(
        "the queues may take {bound} of {}, of which {} are free",
        show_bytes(seen.total),
        show_bytes(seen.available)
    );
    match seen.bound {
        bound if bound > seen.total => Finding::problem(CHECK, what, raise),
        bound if bound > seen.available => Finding::warning(
            CHECK,
            what,
            format!("end what else takes memory, or {raise}"),
        ),
        _ => Finding::ok(CHECK, what),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;

    #[test]
    fn the_bound_is_held_against_what_there_is() {
        let grade = |bound, available, limit| {
            judge(&Seen {
                bound,
                total: 1_000,
                available,
                limit,
            })
            .grade
        };
        assert_eq!(grade(500, 600, None), Grade::Ok);
        assert_eq!(grade(500, 400, None), Grade::Warning);
        assert_eq!(grade(1_001, 1_000, None), Grade::Problem);
        assert_eq!(grade(500, 600, Some(499)), Grade::Problem);
        assert_eq!(grade(500, 600, Some(500)), Grade::Ok);
    }

    #[test]
    fn this_machine_has_memory() {
        assert_eq!(
            of("MemTotal:  12 kB\nMemFree: 3 kB\n", "MemTotal"),
            12 * 1_024
        );
        let seen = look(1);
        assert!(seen.total > 0 && seen.available > 0);
        assert_eq!(judge(&look(u64::MAX)).grade, Grade::Problem);
    }
}
