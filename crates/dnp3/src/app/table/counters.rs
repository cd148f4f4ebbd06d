//! Groups 20 to 23: counters and their copies.

use super::{ANY_VARIATION, Group, Row, row};
use crate::app::{Field, Kind, Layout, Number, Role};

pub(super) const GROUPS: &[Group] = &[
    Group::new(
        20,
        "counter",
        Role::Static,
        &[
            ANY_VARIATION,
            row(1, "32-bit with flags", Layout::Fields(FLAGS_32)),
            row(2, "16-bit with flags", Layout::Fields(FLAGS_16)),
            row(
                3,
                "32-bit delta with flags (obsolete)",
                Layout::Fields(FLAGS_DELTA_32),
            ),
            row(
                4,
                "16-bit delta with flags (obsolete)",
                Layout::Fields(FLAGS_DELTA_16),
            ),
            row(5, "32-bit without flags", Layout::Fields(PLAIN_32)),
            row(6, "16-bit without flags", Layout::Fields(PLAIN_16)),
            row(
                7,
                "32-bit delta without flags (obsolete)",
                Layout::Fields(PLAIN_DELTA_32),
            ),
            row(
                8,
                "16-bit delta without flags (obsolete)",
                Layout::Fields(PLAIN_DELTA_16),
            ),
        ],
    )
    .of(Kind::Counter),
    Group::new(
        21,
        "frozen counter",
        Role::Static,
        &[
            ANY_VARIATION,
            row(1, "32-bit with flags", Layout::Fields(FLAGS_32)),
            row(2, "16-bit with flags", Layout::Fields(FLAGS_16)),
            row(
                3,
                "32-bit delta with flags (obsolete)",
                Layout::Fields(FLAGS_DELTA_32),
            ),
            row(
                4,
                "16-bit delta with flags (obsolete)",
                Layout::Fields(FLAGS_DELTA_16),
            ),
            row(5, "32-bit with flags and time", Layout::Fields(TIMED_32)),
            row(6, "16-bit with flags and time", Layout::Fields(TIMED_16)),
            row(
                7,
                "32-bit delta with flags and time (obsolete)",
                Layout::Fields(TIMED_DELTA_32),
            ),
            row(
                8,
                "16-bit delta with flags and time (obsolete)",
                Layout::Fields(TIMED_DELTA_16),
            ),
            row(9, "32-bit without flags", Layout::Fields(PLAIN_32)),
            row(10, "16-bit without flags", Layout::Fields(PLAIN_16)),
            row(
                11,
                "32-bit delta without flags (obsolete)",
                Layout::Fields(PLAIN_DELTA_32),
            ),
            row(
                12,
                "16-bit delta without flags (obsolete)",
                Layout::Fields(PLAIN_DELTA_16),
            ),
        ],
    )
    .of(Kind::FrozenCounter),
    Group::new(22, "counter event", Role::Event, EVENTS).of(Kind::Counter),
    Group::new(23, "frozen counter event", Role::Event, EVENTS).of(Kind::FrozenCounter),
];

const EVENTS: &[Row] = &[
    ANY_VARIATION,
    row(1, "32-bit with flags", Layout::Fields(FLAGS_32)),
    row(2, "16-bit with flags", Layout::Fields(FLAGS_16)),
    row(
        3,
        "32-bit delta with flags (obsolete)",
        Layout::Fields(FLAGS_DELTA_32),
    ),
    row(
        4,
        "16-bit delta with flags (obsolete)",
        Layout::Fields(FLAGS_DELTA_16),
    ),
    row(5, "32-bit with flags and time", Layout::Fields(TIMED_32)),
    row(6, "16-bit with flags and time", Layout::Fields(TIMED_16)),
    row(
        7,
        "32-bit delta with flags and time (obsolete)",
        Layout::Fields(TIMED_DELTA_32),
    ),
    row(
        8,
        "16-bit delta with flags and time (obsolete)",
        Layout::Fields(TIMED_DELTA_16),
    ),
];

const VALUE_32: Field = Field::Value(Number::Uint32);
const VALUE_16: Field = Field::Value(Number::Uint16);
const DELTA_32: Field = Field::Delta(Number::Uint32);
const DELTA_16: Field = Field::Delta(Number::Uint16);

const PLAIN_32: &[Field] = &[VALUE_32];
const PLAIN_16: &[Field] = &[VALUE_16];
const FLAGS_32: &[Field] = &[Field::Flags, VALUE_32];
const FLAGS_16: &[Field] = &[Field::Flags, VALUE_16];
const TIMED_32: &[Field] = &[Field::Flags, VALUE_32, Field::Time];
const TIMED_16: &[Field] = &[Field::Flags, VALUE_16, Field::Time];
const PLAIN_DELTA_32: &[Field] = &[DELTA_32];
const PLAIN_DELTA_16: &[Field] = &[DELTA_16];
const FLAGS_DELTA_32: &[Field] = &[Field::Flags, DELTA_32];
const FLAGS_DELTA_16: &[Field] = &[Field::Flags, DELTA_16];
const TIMED_DELTA_32: &[Field] = &[Field::Flags, DELTA_32, Field::Time];
const TIMED_DELTA_16: &[Field] = &[Field::Flags, DELTA_16, Field::Time];
