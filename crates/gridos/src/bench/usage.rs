//! What processes take, as `/proc` tells (proc(5)).

use std::fs;

use rustix::param::clock_ticks_per_second;

/// The fields of `/proc/PID/stat`, counted from the state on, which is the third of all.
const PARENT: usize = 1;
const OWN: [usize; 2] = [11, 12];
const CHILDREN: [usize; 2] = [13, 14];

/// Processor time that a process took since its start, in seconds.
pub(super) fn cpu(process: u32) -> f64 {
    stat(process).map_or(0.0, |stat| seconds(&stat, &OWN))
}

/// Processor time of a process, of its children that ended and of those that run, in seconds.
///
/// A server starts a process for each connection.
pub(super) fn cpu_with_children(process: u32) -> f64 {
    let Some(parent) = stat(process) else {
        return 0.0;
    };
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let children = ids.filter_map(stat);
    let running: f64 = children
        .filter(|stat| number(stat, PARENT) == u64::from(process))
        .map(|stat| seconds(&stat, &OWN))
        .sum();
    running + seconds(&parent, &OWN) + seconds(&parent, &CHILDREN)
}

/// Memory of a process in bytes: now, and the most it ever had.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Resident {
    pub(super) now: u64,
    pub(super) peak: u64,
}

pub(super) fn resident(process: u32) -> Resident {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let of = |name: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once(':'));
        let line = lines.find(|(key, _)| *key == name);
        let number = line.and_then(|(_, rest)| rest.split_whitespace().next()?.parse().ok());
        number.unwrap_or(0_u64).saturating_mul(1_024)
    };
    Resident {
        now: of("VmRSS"),
        peak: of("VmHWM"),
    }
}

fn stat(process: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    fields(&text)
}

/// The fields behind the name, which is in brackets and may hold anything.
fn fields(stat: &str) -> Option<Vec<String>> {
    let (_, rest) = stat.rsplit_once(')')?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

fn number(stat: &[String], field: usize) -> u64 {
    let text = stat.get(field);
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn seconds(stat: &[String], of: &[usize]) -> f64 {
    let ticks: u64 = of.iter().map(|field| number(stat, *field)).sum();
    ticks as f64 / clock_ticks_per_second() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let line = "7 (a) b (c) S 1 7 7 0 -1 4194560 1 2 3 4 250 50 8 9 20 0 1 0 5 6 7";
        let stat = fields(line).unwrap();
        assert_eq!(number(&stat, PARENT), 1);
        let ticks = clock_ticks_per_second() as f64;
        assert!((seconds(&stat, &OWN) - 300.0 / ticks).abs() < 1e-9);
        assert!((seconds(&stat, &CHILDREN) - 17.0 / ticks).abs() < 1e-9);
    }

    #[test]
    fn this_process_takes_memory() {
        let resident = resident(std::process::id());
        assert!(resident.now > 0 && resident.peak >= resident.now);
    }
}
