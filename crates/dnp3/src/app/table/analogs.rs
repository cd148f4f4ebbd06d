//! Groups 30 to 43: analog inputs and outputs.

use super::{ANY_VARIATION, Group, Row, row};
use crate::app::{Field, Kind, Layout, Number, Role};

pub(super) const GROUPS: &[Group] = &[
    Group::new(
        30,
        "analog input",
        Role::Static,
        &[
            ANY_VARIATION,
            row(
                1,
                "32-bit with flags",
                Layout::Fields(&[Field::Flags, INT_32]),
            ),
            row(
                2,
                "16-bit with flags",
                Layout::Fields(&[Field::Flags, INT_16]),
            ),
            row(3, "32-bit without flags", Layout::Fields(&[INT_32])),
            row(4, "16-bit without flags", Layout::Fields(&[INT_16])),
            row(
                5,
                "32-bit float with flags",
                Layout::Fields(&[Field::Flags, FLOAT_32]),
            ),
            row(
                6,
                "64-bit float with flags",
                Layout::Fields(&[Field::Flags, FLOAT_64]),
            ),
        ],
    )
    .of(Kind::AnalogInput),
    Group::new(
        31,
        "frozen analog input",
        Role::Static,
        &[
            ANY_VARIATION,
            row(
                1,
                "32-bit with flags",
                Layout::Fields(&[Field::Flags, INT_32]),
            ),
            row(
                2,
                "16-bit with flags",
                Layout::Fields(&[Field::Flags, INT_16]),
            ),
            row(
                3,
                "32-bit with time",
                Layout::Fields(&[Field::Flags, INT_32, Field::Time]),
            ),
            row(
                4,
                "16-bit with time",
                Layout::Fields(&[Field::Flags, INT_16, Field::Time]),
            ),
            row(5, "32-bit without flags", Layout::Fields(&[INT_32])),
            row(6, "16-bit without flags", Layout::Fields(&[INT_16])),
            row(
                7,
                "32-bit float with flags",
                Layout::Fields(&[Field::Flags, FLOAT_32]),
            ),
            row(
                8,
                "64-bit float with flags",
                Layout::Fields(&[Field::Flags, FLOAT_64]),
            ),
        ],
    )
    .of(Kind::FrozenAnalogInput),
    Group::new(32, "analog input event", Role::Event, EVENTS).of(Kind::AnalogInput),
    Group::new(33, "frozen analog input event", Role::Event, EVENTS).of(Kind::FrozenAnalogInput),
    Group::new(
        34,
        "analog input deadband",
        Role::Deadband,
        &[
            ANY_VARIATION,
            row(1, "16-bit", Layout::Fields(&[Field::Value(Number::Uint16)])),
            row(2, "32-bit", Layout::Fields(&[Field::Value(Number::Uint32)])),
            row(3, "32-bit float", Layout::Fields(&[FLOAT_32])),
        ],
    )
    .of(Kind::AnalogInputDeadband),
    Group::new(
        40,
        "analog output status",
        Role::Static,
        &[
            ANY_VARIATION,
            row(
                1,
                "32-bit with flags",
                Layout::Fields(&[Field::Flags, INT_32]),
            ),
            row(
                2,
                "16-bit with flags",
                Layout::Fields(&[Field::Flags, INT_16]),
            ),
            row(
                3,
                "32-bit float with flags",
                Layout::Fields(&[Field::Flags, FLOAT_32]),
            ),
            row(
                4,
                "64-bit float with flags",
                Layout::Fields(&[Field::Flags, FLOAT_64]),
            ),
        ],
    )
    .of(Kind::AnalogOutput),
    Group::new(
        41,
        "analog output command",
        Role::Command,
        &[
            ANY_VARIATION,
            row(1, "32-bit", Layout::Fields(&[INT_32, Field::Status])),
            row(2, "16-bit", Layout::Fields(&[INT_16, Field::Status])),
            row(
                3,
                "32-bit float",
                Layout::Fields(&[FLOAT_32, Field::Status]),
            ),
            row(
                4,
                "64-bit float",
                Layout::Fields(&[FLOAT_64, Field::Status]),
            ),
        ],
    ),
    Group::new(42, "analog output event", Role::Event, EVENTS).of(Kind::AnalogOutput),
    Group::new(
        43,
        "analog output command event",
        Role::CommandEvent,
        &[
            ANY_VARIATION,
            row(1, "32-bit", Layout::Fields(&[Field::Status, INT_32])),
            row(2, "16-bit", Layout::Fields(&[Field::Status, INT_16])),
            row(
                3,
                "32-bit with time",
                Layout::Fields(&[Field::Status, INT_32, Field::Time]),
            ),
            row(
                4,
                "16-bit with time",
                Layout::Fields(&[Field::Status, INT_16, Field::Time]),
            ),
            row(
                5,
                "32-bit float",
                Layout::Fields(&[Field::Status, FLOAT_32]),
            ),
            row(
                6,
                "64-bit float",
                Layout::Fields(&[Field::Status, FLOAT_64]),
            ),
            row(
                7,
                "32-bit float with time",
                Layout::Fields(&[Field::Status, FLOAT_32, Field::Time]),
            ),
            row(
                8,
                "64-bit float with time",
                Layout::Fields(&[Field::Status, FLOAT_64, Field::Time]),
            ),
        ],
    )
    .of(Kind::AnalogCommand),
];

const EVENTS: &[Row] = &[
    ANY_VARIATION,
    row(
        1,
        "32-bit without time",
        Layout::Fields(&[Field::Flags, INT_32]),
    ),
    row(
        2,
        "16-bit without time",
        Layout::Fields(&[Field::Flags, INT_16]),
    ),
    row(
        3,
        "32-bit with time",
        Layout::Fields(&[Field::Flags, INT_32, Field::Time]),
    ),
    row(
        4,
        "16-bit with time",
        Layout::Fields(&[Field::Flags, INT_16, Field::Time]),
    ),
    row(
        5,
        "32-bit float without time",
        Layout::Fields(&[Field::Flags, FLOAT_32]),
    ),
    row(
        6,
        "64-bit float without time",
        Layout::Fields(&[Field::Flags, FLOAT_64]),
    ),
    row(
        7,
        "32-bit float with time",
        Layout::Fields(&[Field::Flags, FLOAT_32, Field::Time]),
    ),
    row(
        8,
        "64-bit float with time",
        Layout::Fields(&[Field::Flags, FLOAT_64, Field::Time]),
    ),
];

const INT_32: Field = Field::Value(Number::Int32);
const INT_16: Field = Field::Value(Number::Int16);
const FLOAT_32: Field = Field::Value(Number::Float32);
const FLOAT_64: Field = Field::Value(Number::Float64);
