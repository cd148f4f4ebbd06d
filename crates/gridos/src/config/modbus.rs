//! `[modbus]`: how Modbus devices are asked; a profile can say otherwise.

use std::ops::RangeInclusive;
use std::time::Duration;

use gridos_modbus::PlanLimits;

use super::section::Section;

pub(super) const KEYS: &[&str] = &[
    "timeout",
    "connect_timeout",
    "reconnect_max",
    "max_gap_registers",
    "max_gap_bits",
    "max_registers",
    "max_bits",
];

/// What a timeout may be.
pub(super) const TIMEOUTS: RangeInclusive<Duration> =
    Duration::from_millis(10)..=Duration::from_secs(60);

/// How Modbus devices are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asking {
    /// How long to wait for an answer; 10 ms to 1 min, default 1 s.
    pub timeout: Duration,
    /// How long to wait for a connection; 10 ms to 1 min, default 3 s.
    pub connect_timeout: Duration,
    /// The longest wait before a connection is tried again; 100 ms to 10 min, default 30 s.
    pub reconnect_max: Duration,
    /// How points are gathered into requests.
    pub plan: PlanLimits,
}

impl Default for Asking {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(1),
            connect_timeout: Duration::from_secs(3),
            reconnect_max: Duration::from_secs(30),
            plan: PlanLimits::default(),
        }
    }
}

impl Asking {
    /// What `section` says, and `otherwise` where it says nothing.
    pub(super) fn read(section: &Section<'_>, otherwise: &Self) -> Self {
        let timeout = section.duration("timeout", &TIMEOUTS);
        let connect_timeout = section.duration("connect_timeout", &TIMEOUTS);
        let waits = Duration::from_millis(100)..=Duration::from_secs(600);
        let reconnect_max = section.duration("reconnect_max", &waits);
        let count = |key, range, default| section.whole(key, range).map_or(default, |f| f.value);
        let plan = &otherwise.plan;
        Self {
            timeout: timeout.map_or(otherwise.timeout, |found| found.value),
            connect_timeout: connect_timeout.map_or(otherwise.connect_timeout, |f| f.value),
            reconnect_max: reconnect_max.map_or(otherwise.reconnect_max, |found| found.value),
            plan: PlanLimits {
                max_gap_registers: count("max_gap_registers", 0..=124, plan.max_gap_registers),
                max_gap_bits: count("max_gap_bits", 0..=1_999, plan.max_gap_bits),
                max_registers: count("max_registers", 1..=125, plan.max_registers),
                max_bits: count("max_bits", 1..=2_000, plan.max_bits),
            },
        }
    }
}
