//! Internal indications as they change.

use crate::app::Iin;

/// What an outstation last indicated.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Indications {
    last: Iin,
}

/// Indications that only say how the device is.
const STATES: Iin = Iin::BROADCAST
    .union(Iin::LOCAL_CONTROL)
    .union(Iin::DEVICE_TROUBLE)
    .union(Iin::CONFIG_CORRUPT);

/// Indications of losses. A new connection may hide that they were cleared and set again.
const LOSSES: Iin = Iin::DEVICE_RESTART.union(Iin::EVENT_BUFFER_OVERFLOW);

impl Indications {
    /// Takes the indications of a fragment; returns those that are newly set.
    pub(super) fn on_fragment(&mut self, iin: Iin) -> (Iin, Changes) {
        let changed = (iin ^ self.last) & STATES;
        let rising = iin - self.last;
        self.last = iin;
        (rising, Changes { left: changed, iin })
    }

    pub(super) fn on_connected(&mut self) {
        self.last -= LOSSES;
    }
}

/// The states that changed, one by one, and whether they are set now.
pub(super) struct Changes {
    left: Iin,
    iin: Iin,
}

impl Iterator for Changes {
    type Item = (Iin, bool);

    fn next(&mut self) -> Option<Self::Item> {
        let bit = self.left.iter().next()?;
        self.left -= bit;
        Some((bit, self.iin.contains(bit)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_tell_both_ways_and_losses_once_a_connection() {
        let mut indications = Indications::default();
        let mut next = |iin| {
            let (rising, changes) = indications.on_fragment(iin);
            (rising, changes.collect::<Vec<_>>())
        };
        let (trouble, restart) = (Iin::DEVICE_TROUBLE, Iin::DEVICE_RESTART);
        let both = trouble | restart;
        assert_eq!(next(both), (both, vec![(trouble, true)]));
        assert_eq!(next(both), (Iin::empty(), vec![]));
        assert_eq!(next(restart), (Iin::empty(), vec![(trouble, false)]));
        indications.on_connected();
        let (rising, _) = indications.on_fragment(both);
        assert_eq!(rising, both);
    }
}
