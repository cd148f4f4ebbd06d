//! A group and a variation: the type of an object.

use std::fmt;

/// The type of an object: a group and one of its variations.
///
/// Any pair can be written here; [`Variation::describe`] says whether it is a known one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Variation {
    /// The number of the group.
    pub group: u8,
    /// The number of the variation within the group; 0 is any.
    pub number: u8,
}

impl Variation {
    /// g60v1: all static points that are in class 0.
    pub const CLASS_0: Self = Self::new(60, 1);
    /// g60v2: events of class 1.
    pub const CLASS_1: Self = Self::new(60, 2);
    /// g60v3: events of class 2.
    pub const CLASS_2: Self = Self::new(60, 3);
    /// g60v4: events of class 3.
    pub const CLASS_3: Self = Self::new(60, 4);
    /// g50v1: a time.
    pub const TIME: Self = Self::new(50, 1);
    /// g50v3: the time at which the outstation last recorded its clock.
    pub const RECORDED_TIME: Self = Self::new(50, 3);
    /// g51v1: the common time of occurrence, by a synchronised clock.
    pub const COMMON_TIME: Self = Self::new(51, 1);
    /// g51v2: the common time of occurrence, by an unsynchronised clock.
    pub const COMMON_TIME_UNSYNCHRONISED: Self = Self::new(51, 2);
    /// g52v1: a delay in seconds.
    pub const DELAY_COARSE: Self = Self::new(52, 1);
    /// g52v2: a delay in milliseconds.
    pub const DELAY_FINE: Self = Self::new(52, 2);
    /// g80v1: internal indications.
    pub const INDICATIONS: Self = Self::new(80, 1);

    /// The variation `number` of `group`.
    pub const fn new(group: u8, number: u8) -> Self {
        Self { group, number }
    }
}

impl fmt::Display for Variation {
    /// As people write it: `g30v5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "g{}v{}", self.group, self.number)
    }
}
