//! What is wrong with an outstation on purpose.

use std::time::Duration;

use crate::app::Iin;

/// What is wrong with an outstation on purpose; nothing by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Confirms that arrive and are lost.
    pub lose_confirm: Every,
    /// Confirms that arrive and count twice.
    pub repeat_confirm: Every,
    /// How long confirms that arrive are held back.
    pub confirm_delay: Duration,
    /// Indications that are always set.
    pub stuck: Iin,
    /// Responses whose sequence number is one too high.
    pub wrong_sequence: Every,
    /// No response to a READ has FIN: after what was asked for, fragments without objects follow
    /// as long as each is confirmed.
    pub never_final: bool,
    /// Fragments with objects that get one more that no master knows, before their second header,
    /// or before the first if that is the only one.
    pub unknown_object: Every,
}

/// Which ones of many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Every(u32);

impl Every {
    /// None.
    pub const NEVER: Self = Self(0);
    /// All.
    pub const TIME: Self = Self(1);

    /// Each `n`th; none for 0.
    pub const fn nth(n: u32) -> Self {
        Self(n)
    }

    /// Whether the one with the number `count`, counted from 1, is one of them.
    pub fn hits(self, count: u64) -> bool {
        count.checked_rem(u64::from(self.0)) == Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_nth_is_hit() {
        let hits = |every: Every| (1..=6).filter(|n| every.hits(*n)).collect::<Vec<_>>();
        assert_eq!(hits(Every::NEVER), []);
        assert_eq!(hits(Every::TIME), [1, 2, 3, 4, 5, 6]);
        assert_eq!(hits(Every::nth(3)), [3, 6]);
    }
}
