//! `[modbus]`: how Modbus devices are asked; a profile can say otherwise.

use std::ops::RangeInclusive;
use std::time::Duration;

use gridos_collect::modbus::ModbusDevice;
use gridos_modbus::{Forbidden, PlanLimits};

use super::section::Section;

pub(super) const KEYS: &[&str] = &[
    "timeout",
    "connect_timeout",
    "reconnect_max",
    "probe_max",
    "connections",
    "connects_at_once",
    "max_gap_registers",
    "max_gap_bits",
    "max_registers",
    "max_bits",
    "round_trip",
    "line_baud",
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
    /// A device that keeps failing is asked at least this often; 1 s to 1 d, default 1 min.
    pub probe_max: Duration,
    /// Connections to one address; 1 to 8, default 1.
    pub connections: usize,
    /// How points are gathered into requests.
    pub plan: PlanLimits,
}

impl Default for Asking {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(1),
            connect_timeout: Duration::from_secs(3),
            reconnect_max: Duration::from_secs(30),
            probe_max: ModbusDevice::PROBE_MAX,
            connections: ModbusDevice::CONNECTIONS,
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
        let probes = Duration::from_secs(1)..=Duration::from_secs(86_400);
        let probe_max = section.duration("probe_max", &probes);
        let connections = section.whole("connections", 1..=ModbusDevice::CONNECTIONS_MAX);
        Self {
            timeout: timeout.map_or(otherwise.timeout, |found| found.value),
            connect_timeout: connect_timeout.map_or(otherwise.connect_timeout, |f| f.value),
            reconnect_max: reconnect_max.map_or(otherwise.reconnect_max, |found| found.value),
            probe_max: probe_max.map_or(otherwise.probe_max, |found| found.value),
            connections: connections.map_or(otherwise.connections, |found| found.value),
            plan: plan(section, &otherwise.plan),
        }
    }

    /// The same for a profile, which can forbid registers.
    pub(super) fn of_profile(section: &Section<'_>, otherwise: &Self) -> Self {
        let mut asking = Self::read(section, otherwise);
        let what = "a list of ranges of addresses such as [\"holding 100..120\"], counted from 0";
        let parse = |text: &str| text.parse::<Forbidden>().ok();
        let forbidden = section.list("forbidden", what, |given| parse(given.text()?));
        if let Some(found) = forbidden {
            asking.plan.forbidden = found.value;
        }
        asking
    }
}

/// How many connections of the whole process may be under way at once; 1 to 65536, default 512.
pub(super) fn connects_at_once(section: &Section<'_>) -> usize {
    let found = section.whole("connects_at_once", 1..=65_536);
    found.map_or(ModbusDevice::CONNECTS_AT_ONCE, |found| found.value)
}

/// How points are gathered: what is said of the line stands for gaps that are not given.
fn plan(section: &Section<'_>, otherwise: &PlanLimits) -> PlanLimits {
    let round_trips = Duration::from_millis(1)..=Duration::from_secs(60);
    let round_trip = section.duration("round_trip", &round_trips);
    let line_baud = section.whole("line_baud", 300..=1_000_000_000);
    for (key, other) in [("round_trip", "line_baud"), ("line_baud", "round_trip")] {
        if section.has(key) && !section.has(other) {
            section.fault(
                key,
                format_args!("says nothing without {other}; write both"),
            );
        }
    }
    let otherwise = match (round_trip, line_baud) {
        (Some(time), Some(baud)) => otherwise.clone().weighing(time.value, baud.value),
        (None, _) | (_, None) => otherwise.clone(),
    };
    let count = |key, range, default| section.whole(key, range).map_or(default, |f| f.value);
    PlanLimits {
        max_gap_registers: count("max_gap_registers", 0..=124, otherwise.max_gap_registers),
        max_gap_bits: count("max_gap_bits", 0..=1_999, otherwise.max_gap_bits),
        max_registers: count("max_registers", 1..=125, otherwise.max_registers),
        max_bits: count("max_bits", 1..=2_000, otherwise.max_bits),
        forbidden: otherwise.forbidden,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{NO_VARIABLES, no_files};
    use super::super::{Config, Protocol};
    use super::*;

    fn asking(profile: &str) -> Result<Asking, String> {
        let text = format!(
            "[modbus]\nconnections = 2\nround_trip = \"50ms\"\nline_baud = 9600\n\
             [[profile]]\nname = \"p\"\nprotocol = \"modbus\"\n{profile}\n\
             [[profile.point]]\nname = \"a\"\nholding = 1\n"
        );
        let config = Config::parse(&text, "x.toml", NO_VARIABLES, &no_files);
        let config = config.map_err(|faults| faults.to_string())?;
        match &config.profiles[0].protocol {
            Protocol::Modbus(map) => Ok(map.asking.clone()),
            Protocol::Dnp3(_) | Protocol::Push(_) => Err("not modbus".to_owned()),
        }
    }

    #[test]
    fn a_profile_says_otherwise() {
        let inherited = asking("").unwrap();
        assert_eq!(
            (inherited.connections, inherited.plan.max_gap_registers),
            (2, 21)
        );
        assert_eq!(inherited.probe_max, Duration::from_secs(60));
        let own = asking("connections = 8\nprobe_max = \"2s\"\nmax_gap_registers = 3").unwrap();
        assert_eq!((own.connections, own.plan.max_gap_registers), (8, 3));
        assert_eq!(own.probe_max, Duration::from_secs(2));
        let own = asking("round_trip = \"5ms\"\nline_baud = 9600").unwrap();
        assert_eq!(own.plan.max_gap_registers, 2);
        let own = asking("forbidden = [\"holding 100..120\", \"coil 7\"]").unwrap();
        assert_eq!(own.plan.forbidden.len(), 2);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (profile, fault) in [
            (
                "connections = 9",
                "connections: is out of range; allowed are 1 to 8",
            ),
            (
                "round_trip = \"5ms\"",
                "round_trip: says nothing without line_baud; write both",
            ),
            (
                "forbidden = [\"40001\"]",
                "forbidden: must be a list of ranges of addresses",
            ),
            (
                "forbidden = [\"coil 7\", \"holding 9..1\", \"coil 8\"]",
                "counted from 0; entry 2 is none",
            ),
            (
                "forbidden = [\"holding 0..9\"]",
                "point 'a': lies in the forbidden range",
            ),
            ("connects_at_once = 9", "connects_at_once: unknown key"),
        ] {
            let text = asking(profile).unwrap_err();
            assert!(text.contains(fault), "{fault} not in:\n{text}");
        }
    }
}
