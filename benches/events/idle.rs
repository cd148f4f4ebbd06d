//! What outstations cost that have nothing to say.

use std::fs;

use gridos_dnp3::transport::FragmentMax;
use rustix::process::{Resource, getrlimit};

use crate::engine::Engine;
use crate::outstations::{ADDRESS, Outstations};

const OUTSTATIONS: usize = 10_000;
/// Bytes of memory for each session, beyond the kernel's socket.
const GOAL: usize = 4_096;
/// Files that a process has open for other purposes.
const OTHER_FILES: u64 = 500;

/// Memory of sessions that are up and idle, by what the process has resident before and after the
/// second half of them.
pub(crate) fn measure_and_show() {
    let allowed = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX) - OTHER_FILES;
    let per_process = usize::try_from(allowed / 2).unwrap_or(OUTSTATIONS);
    let mut others = Vec::new();
    let mut started = 0;
    while started < OUTSTATIONS {
        let count = (OUTSTATIONS - started).min(per_process);
        let address = ADDRESS + u16::try_from(started).expect("few outstations");
        others.push(Outstations::start_idle(address, count));
        started += count;
    }
    let ports: Vec<_> = others
        .iter()
        .flat_map(|other| &other.ports)
        .copied()
        .collect();
    let limit = FragmentMax::default();
    let mut engine = Engine::new(crate::sessions(), &ports, limit, None);
    // The first half makes room that the second one then finds.
    engine.open(OUTSTATIONS / 2);
    let before = resident_bytes();
    engine.open(OUTSTATIONS / 2);
    let each = resident_bytes().saturating_sub(before) / (OUTSTATIONS / 2);
    let verdict = if each > GOAL {
        "above the goal of 4096"
    } else {
        ""
    };
    println!("idle         {OUTSTATIONS:>6}   {each} bytes of memory for each session   {verdict}");
    engine.stop();
}

fn resident_bytes() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").expect("the memory of this process");
    let pages = statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<usize>().ok());
    pages.expect("a number of pages") * 4_096
}
