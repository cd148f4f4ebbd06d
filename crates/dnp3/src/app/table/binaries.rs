//! Groups 1 to 13: inputs and outputs of one or two bits.

use super::{ANY_VARIATION, Group, row};
use crate::app::{Field, Kind, Layout, Role, Width};

pub(super) const GROUPS: &[Group] = &[
    Group::new(
        1,
        "binary input",
        Role::Static,
        &[
            ANY_VARIATION,
            row(1, "packed", Layout::Bits),
            row(2, "with flags", Layout::Fields(&[Field::BinaryState])),
        ],
    )
    .of(Kind::BinaryInput),
    Group::new(
        2,
        "binary input event",
        Role::Event,
        &[
            ANY_VARIATION,
            row(1, WITHOUT_TIME, Layout::Fields(&[Field::BinaryState])),
            row(
                2,
                WITH_TIME,
                Layout::Fields(&[Field::BinaryState, Field::Time]),
            ),
            row(
                3,
                WITH_RELATIVE_TIME,
                Layout::Fields(&[Field::BinaryState, Field::RelativeTime]),
            ),
        ],
    )
    .of(Kind::BinaryInput),
    Group::new(
        3,
        "double-bit binary input",
        Role::Static,
        &[
            ANY_VARIATION,
            row(1, "packed", Layout::BitPairs),
            row(2, "with flags", Layout::Fields(&[Field::DoubleBitState])),
        ],
    )
    .of(Kind::DoubleBitInput),
    Group::new(
        4,
        "double-bit binary input event",
        Role::Event,
        &[
            ANY_VARIATION,
            row(1, WITHOUT_TIME, Layout::Fields(&[Field::DoubleBitState])),
            row(
                2,
                WITH_TIME,
                Layout::Fields(&[Field::DoubleBitState, Field::Time]),
            ),
            row(
                3,
                WITH_RELATIVE_TIME,
                Layout::Fields(&[Field::DoubleBitState, Field::RelativeTime]),
            ),
        ],
    )
    .of(Kind::DoubleBitInput),
    Group::new(
        10,
        "binary output",
        Role::Static,
        &[
            ANY_VARIATION,
            row(1, "packed", Layout::Bits),
            row(
                2,
                "status with flags",
                Layout::Fields(&[Field::BinaryState]),
            ),
        ],
    )
    .of(Kind::BinaryOutput),
    Group::new(
        11,
        "binary output event",
        Role::Event,
        &[
            ANY_VARIATION,
            row(1, WITHOUT_TIME, Layout::Fields(&[Field::BinaryState])),
            row(
                2,
                WITH_TIME,
                Layout::Fields(&[Field::BinaryState, Field::Time]),
            ),
        ],
    )
    .of(Kind::BinaryOutput),
    Group::new(
        12,
        "binary output command",
        Role::Command,
        &[
            ANY_VARIATION,
            row(1, "control relay output block", Layout::Fields(CONTROL)),
            row(2, "pattern control block", Layout::Fields(CONTROL)),
            row(3, "pattern mask", Layout::Bits),
        ],
    ),
    Group::new(
        13,
        "binary output command event",
        Role::CommandEvent,
        &[
            ANY_VARIATION,
            row(1, WITHOUT_TIME, Layout::Fields(&[Field::CommandState])),
            row(
                2,
                WITH_TIME,
                Layout::Fields(&[Field::CommandState, Field::Time]),
            ),
        ],
    )
    .of(Kind::BinaryCommand),
];

const WITHOUT_TIME: &str = "without time";
const WITH_TIME: &str = "with absolute time";
const WITH_RELATIVE_TIME: &str = "with relative time";

const CONTROL: &[Field] = &[
    Field::Named("control code", Width::One),
    Field::Named("count", Width::One),
    Field::Named("on time", Width::Four),
    Field::Named("off time", Width::Four),
    Field::Status,
];
