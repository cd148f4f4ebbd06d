//! Which keys of profiles, points and devices belong to which protocol.

use super::dnp3;
use super::section::Section;

/// A protocol, as far as keys belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Modbus,
    Dnp3,
    Push,
}

/// Keys with all protocols that have them; those that are in no row belong to every one.
type Rows = [(&'static [Owner], &'static [&'static str])];

const OF_PROFILES: &Rows = &[
    (
        &[Owner::Modbus, Owner::Dnp3],
        &["connect_timeout", "reconnect_max", "tls", "link_alarm"],
    ),
    (
        &[Owner::Modbus],
        &[
            "scan",
            "order",
            "source_time",
            "timeout",
            "probe_max",
            "connections",
            "max_gap_registers",
            "max_gap_bits",
            "max_registers",
            "max_bits",
            "round_trip",
            "line_baud",
            "forbidden",
        ],
    ),
    (&[Owner::Dnp3], dnp3::PROFILE_KEYS),
];

const OF_POINTS: &Rows = &[
    (
        &[Owner::Modbus, Owner::Dnp3],
        &["scale", "offset", "states"],
    ),
    (&[Owner::Modbus, Owner::Push], &["type"]),
    (
        &[Owner::Modbus],
        &[
            "holding",
            "input",
            "coil",
            "discrete",
            "register",
            "order",
            "scan",
            "invalid",
            "range",
            "raw",
            "clamp",
            "sf",
            "bits",
            "report",
            "registers",
        ],
    ),
    (&[Owner::Dnp3], &dnp3::POINT_KEYS),
];

const OF_DEVICES: &Rows = &[
    (
        &[Owner::Modbus, Owner::Dnp3],
        &["address", "listener", "peer", "tls", "link_alarm"],
    ),
    (&[Owner::Modbus], &["unit", "timeout", "scan_factor"]),
    (&[Owner::Dnp3], &dnp3::STATION_KEYS),
];

/// Reports the keys of a profile that its protocol does not have.
pub(super) fn refuse_of_profile(section: &Section<'_>, owner: Owner) {
    refuse(section, owner, OF_PROFILES, "");
}

/// Reports the keys of a point that the protocol of its profile does not have.
pub(super) fn refuse_of_point(section: &Section<'_>, owner: Owner) {
    refuse(section, owner, OF_POINTS, "");
}

/// Reports the keys of a device that the protocol of its profile does not have.
pub(super) fn refuse_of_device(section: &Section<'_>, owner: Owner) {
    refuse(section, owner, OF_DEVICES, "profiles of ");
}

fn refuse(section: &Section<'_>, owner: Owner, rows: &Rows, of: &str) {
    for (owners, keys) in rows.iter().filter(|(owners, _)| !owners.contains(&owner)) {
        let words: Vec<&str> = owners.iter().map(|owner| owner.word()).collect();
        let words = words.join("\" or \"");
        for key in keys.iter().filter(|key| section.has(key)) {
            let what = format_args!("is only for {of}protocol = \"{words}\"; remove it");
            section.fault(key, what);
        }
    }
}

impl Owner {
    const fn word(self) -> &'static str {
        match self {
            Self::Modbus => "modbus",
            Self::Dnp3 => "dnp3",
            Self::Push => "push",
        }
    }
}
