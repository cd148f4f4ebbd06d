//! Groups 50 to 122: times, classes, files, indications, strings, and what is only skipped.

use super::{ANY_VARIATION, Group, Row, row};
use crate::app::{Field, Kind, Layout, Role, Width};

pub(super) const GROUPS: &[Group] = &[
    Group::new(
        50,
        "time and date",
        Role::Time,
        &[
            ANY_VARIATION,
            row(1, "absolute time", Layout::Fields(&[Field::Time])),
            row(
                2,
                "absolute time and interval",
                Layout::Fields(&[Field::Time, Field::Named("interval", Width::Four)]),
            ),
            row(
                3,
                "absolute time at last recorded time",
                Layout::Fields(&[Field::Time]),
            ),
            row(
                4,
                "indexed absolute time and long interval",
                Layout::Fields(&[
                    Field::Time,
                    Field::Named("interval count", Width::Four),
                    Field::Named("interval unit", Width::One),
                ]),
            ),
        ],
    ),
    Group::new(
        51,
        "common time of occurrence",
        Role::CommonTime,
        &[
            ANY_VARIATION,
            row(1, "synchronised", Layout::Fields(&[Field::Time])),
            row(2, "unsynchronised", Layout::Fields(&[Field::Time])),
        ],
    ),
    Group::new(
        52,
        "time delay",
        Role::Delay,
        &[
            ANY_VARIATION,
            row(
                1,
                "coarse",
                Layout::Fields(&[Field::Named("seconds", Width::Two)]),
            ),
            row(
                2,
                "fine",
                Layout::Fields(&[Field::Named("milliseconds", Width::Two)]),
            ),
        ],
    ),
    Group::new(
        60,
        "class objects",
        Role::Class,
        &[
            row(1, "class 0", Layout::HeaderOnly),
            row(2, "class 1", Layout::HeaderOnly),
            row(3, "class 2", Layout::HeaderOnly),
            row(4, "class 3", Layout::HeaderOnly),
        ],
    ),
    Group::new(
        70,
        "file control",
        Role::File,
        &[
            ANY_VARIATION,
            row(1, "identifier (obsolete)", Layout::Sized),
            row(2, "authentication", Layout::Sized),
            row(3, "command", Layout::Sized),
            row(4, "command status", Layout::Sized),
            row(5, "transport", Layout::Sized),
            row(6, "transport status", Layout::Sized),
            row(7, "descriptor", Layout::Sized),
            row(8, "specification string", Layout::Sized),
        ],
    ),
    Group::new(
        80,
        "internal indications",
        Role::Indications,
        &[row(1, "packed", Layout::Bits)],
    ),
    Group::new(
        85,
        "data set prototype",
        Role::DataSet,
        &[ANY_VARIATION, row(1, "with UUID", Layout::Sized)],
    ),
    Group::new(
        86,
        "data set descriptor",
        Role::DataSet,
        &[
            ANY_VARIATION,
            row(1, "contents", Layout::Sized),
            row(
                2,
                "characteristics",
                Layout::Fields(&[Field::Named("characteristics", Width::One)]),
            ),
            row(3, "point index attributes", Layout::Sized),
        ],
    ),
    Group::new(
        87,
        "data set",
        Role::DataSet,
        &[ANY_VARIATION, row(1, "present value", Layout::Sized)],
    ),
    Group::new(
        88,
        "data set event",
        Role::DataSetEvent,
        &[ANY_VARIATION, row(1, "snapshot", Layout::Sized)],
    ),
    Group::new(
        90,
        "application",
        Role::Other,
        &[row(1, "identifier", Layout::Sized)],
    ),
    Group::new(
        91,
        "status of requested operation",
        Role::Other,
        &[row(1, "activate configuration", Layout::Sized)],
    ),
    Group::new(
        101,
        "binary-coded decimal integer",
        Role::Other,
        &[
            ANY_VARIATION,
            row(1, "4 digits", Layout::Fields(&[Field::Opaque("digits", 2)])),
            row(2, "8 digits", Layout::Fields(&[Field::Opaque("digits", 4)])),
            row(
                3,
                "16 digits",
                Layout::Fields(&[Field::Opaque("digits", 8)]),
            ),
        ],
    ),
    Group::new(
        102,
        "unsigned integer",
        Role::Other,
        &[
            ANY_VARIATION,
            row(
                1,
                "8-bit",
                Layout::Fields(&[Field::Named("value", Width::One)]),
            ),
        ],
    ),
    Group::new(110, "octet string", Role::Static, STRINGS).of(Kind::OctetString),
    Group::new(111, "octet string event", Role::Event, STRINGS).of(Kind::OctetString),
    Group::new(112, "virtual terminal output", Role::Command, STRINGS).of(Kind::VirtualTerminal),
    Group::new(113, "virtual terminal event", Role::Event, STRINGS).of(Kind::VirtualTerminal),
    Group::new(
        120,
        "authentication",
        Role::Security,
        &[
            ANY_VARIATION,
            row(1, "challenge", Layout::Sized),
            row(2, "reply", Layout::Sized),
            row(
                3,
                "aggressive mode request",
                Layout::Fields(&[
                    Field::Named("challenge sequence", Width::Four),
                    Field::Named("user", Width::Two),
                ]),
            ),
            row(
                4,
                "session key status request",
                Layout::Fields(&[Field::Named("user", Width::Two)]),
            ),
            row(5, "session key status", Layout::Sized),
            row(6, "session key change", Layout::Sized),
            row(7, "error", Layout::Sized),
            row(8, "user certificate", Layout::Sized),
            row(9, "message authentication code", Layout::Sized),
            row(10, "user status change", Layout::Sized),
            row(11, "update key change request", Layout::Sized),
            row(12, "update key change reply", Layout::Sized),
            row(13, "update key change", Layout::Sized),
            row(14, "update key change signature", Layout::Sized),
            row(15, "update key change confirmation", Layout::Sized),
        ],
    ),
    Group::new(
        121,
        "security statistic",
        Role::Static,
        &[
            ANY_VARIATION,
            row(1, "32-bit with flags", Layout::Fields(STATISTIC)),
        ],
    ),
    Group::new(
        122,
        "security statistic event",
        Role::Event,
        &[
            ANY_VARIATION,
            row(1, "32-bit with flags", Layout::Fields(STATISTIC)),
            row(
                2,
                "32-bit with flags and time",
                Layout::Fields(STATISTIC_TIMED),
            ),
        ],
    ),
];

const STATISTIC: &[Field] = &[
    Field::Flags,
    Field::Named("association", Width::Two),
    Field::Named("count", Width::Four),
];

const STATISTIC_TIMED: &[Field] = &[
    Field::Flags,
    Field::Named("association", Width::Two),
    Field::Named("count", Width::Four),
    Field::Time,
];

/// Strings: the number of the variation is their length.
const STRINGS: &[Row] = &{
    let mut rows = [ANY_VARIATION; 256];
    let mut length: u8 = 0;
    while length < u8::MAX {
        length += 1;
        rows[length as usize] = row(length, "of as many octets", Layout::Octets(length));
    }
    rows
};
