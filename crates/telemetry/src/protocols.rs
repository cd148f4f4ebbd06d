//! By which protocol the readings of a layout come.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use crate::Protocol;

/// The protocol of each layout, for whoever meets readings far from where they came in. Layouts are
/// named by the number of their id.
#[derive(Debug, Default)]
pub struct Protocols {
    known: RwLock<HashMap<u64, Protocol>>,
}

impl Protocols {
    /// These layouts come by these protocols from now on; what was known stays known.
    pub fn add(&self, layouts: impl IntoIterator<Item = (u64, Protocol)>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.extend(layouts);
    }

    /// A view to look up many at once; nothing can be added while it is held.
    pub fn look(&self) -> KnownProtocols<'_> {
        KnownProtocols(self.known.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What is known of protocols at a moment.
#[derive(Debug)]
pub struct KnownProtocols<'a>(RwLockReadGuard<'a, HashMap<u64, Protocol>>);

impl KnownProtocols<'_> {
    /// The protocol of `layout`; [`Protocol::Http`] if it is of no configured device.
    pub fn of(&self, layout: u64) -> Protocol {
        self.0.get(&layout).copied().unwrap_or(Protocol::Http)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_is_known_and_the_rest_was_posted() {
        let protocols = Protocols::default();
        protocols.add([(1, Protocol::Modbus), (2, Protocol::Dnp3)]);
        protocols.add([(2, Protocol::Modbus)]);
        let known = protocols.look();
        let found = [1, 2, 3].map(|layout| known.of(layout));
        assert_eq!(found, [Protocol::Modbus, Protocol::Modbus, Protocol::Http]);
    }
}
