//! The kinds of points that an outstation has.

use crate::app::{Kind, Variation};

/// The kinds of points whose values an outstation keeps, in the order of their groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PointKind {
    /// Groups 1 and 2.
    BinaryInput,
    /// Groups 3 and 4.
    DoubleBitInput,
    /// Groups 10 and 11.
    BinaryOutput,
    /// Groups 20 and 22.
    Counter,
    /// Groups 21 and 23.
    FrozenCounter,
    /// Groups 30 and 32.
    AnalogInput,
    /// Groups 31 and 33.
    FrozenAnalogInput,
    /// Groups 40 and 42.
    AnalogOutput,
    /// Groups 110 and 111.
    OctetString,
}

impl PointKind {
    /// All kinds, in order.
    pub const ALL: [Self; 9] = [
        Self::BinaryInput,
        Self::DoubleBitInput,
        Self::BinaryOutput,
        Self::Counter,
        Self::FrozenCounter,
        Self::AnalogInput,
        Self::FrozenAnalogInput,
        Self::AnalogOutput,
        Self::OctetString,
    ];

    /// The kind as the application layer names it.
    pub const fn kind(self) -> Kind {
        match self {
            Self::BinaryInput => Kind::BinaryInput,
            Self::DoubleBitInput => Kind::DoubleBitInput,
            Self::BinaryOutput => Kind::BinaryOutput,
            Self::Counter => Kind::Counter,
            Self::FrozenCounter => Kind::FrozenCounter,
            Self::AnalogInput => Kind::AnalogInput,
            Self::FrozenAnalogInput => Kind::FrozenAnalogInput,
            Self::AnalogOutput => Kind::AnalogOutput,
            Self::OctetString => Kind::OctetString,
        }
    }

    /// The group of its present values.
    pub const fn static_group(self) -> u8 {
        self.static_variation().group
    }

    /// The group of its changes.
    pub const fn event_group(self) -> u8 {
        self.event_variation().group
    }

    /// The variation in which present values are told unless a point says otherwise: one with
    /// flags. Octet strings have their length instead.
    pub const fn static_variation(self) -> Variation {
        match self {
            Self::BinaryInput => Variation::new(1, 2),
            Self::DoubleBitInput => Variation::new(3, 2),
            Self::BinaryOutput => Variation::new(10, 2),
            Self::Counter => Variation::new(20, 1),
            Self::FrozenCounter => Variation::new(21, 5),
            Self::AnalogInput => Variation::new(30, 5),
            Self::FrozenAnalogInput => Variation::new(31, 7),
            Self::AnalogOutput => Variation::new(40, 3),
            Self::OctetString => Variation::new(110, 0),
        }
    }

    /// The variation in which changes are told unless a point says otherwise: one with an
    /// absolute time. Octet strings have their length instead.
    pub const fn event_variation(self) -> Variation {
        match self {
            Self::BinaryInput => Variation::new(2, 2),
            Self::DoubleBitInput => Variation::new(4, 2),
            Self::BinaryOutput => Variation::new(11, 2),
            Self::Counter => Variation::new(22, 5),
            Self::FrozenCounter => Variation::new(23, 5),
            Self::AnalogInput => Variation::new(32, 7),
            Self::FrozenAnalogInput => Variation::new(33, 7),
            Self::AnalogOutput => Variation::new(42, 7),
            Self::OctetString => Variation::new(111, 0),
        }
    }

    /// The kind whose present values `group` carries.
    pub fn of_static_group(group: u8) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.static_group() == group)
    }

    /// The kind whose changes `group` carries.
    pub fn of_event_group(group: u8) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.event_group() == group)
    }

    /// Its place in [`PointKind::ALL`].
    pub(super) const fn place(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::{FlagSet, Group, Role};

    #[test]
    fn kinds_and_groups_agree_with_the_table() {
        for (place, kind) in PointKind::ALL.into_iter().enumerate() {
            assert_eq!(kind.place(), place);
            assert_eq!(PointKind::of_static_group(kind.static_group()), Some(kind));
            assert_eq!(PointKind::of_event_group(kind.event_group()), Some(kind));
            let role = |group| Group::find(group).unwrap().role();
            assert_eq!(role(kind.static_group()), Role::Static);
            assert_eq!(role(kind.event_group()), Role::Event);
        }
        assert_eq!(PointKind::of_static_group(2), None);
        assert_eq!(PointKind::of_event_group(1), None);
    }

    #[test]
    fn the_usual_variations_have_flags() {
        for kind in PointKind::ALL {
            for variation in [kind.static_variation(), kind.event_variation()] {
                let description = variation.describe().unwrap();
                if kind == PointKind::OctetString {
                    assert_eq!(variation.number, 0);
                } else {
                    assert_eq!(description.kind(), Some(kind.kind()));
                    assert_ne!(description.flag_set(), FlagSet::None);
                }
            }
        }
    }
}
