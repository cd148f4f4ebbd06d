//! The dead letters that were last taken from an outstation.

use std::collections::VecDeque;

use super::{Key, Recent};

/// Dead letters are known again by all of their octets.
#[derive(Clone, Debug, Default)]
pub(super) struct Letters(VecDeque<Key>);

impl Letters {
    pub(super) fn knows(&self, key: Key) -> bool {
        self.0.contains(&key)
    }

    pub(super) fn remember(&mut self, key: Key) {
        if self.0.len() >= Recent::LETTERS_MAX {
            self.0.pop_front();
        }
        self.0.push_back(key);
    }

    /// Forgets one that was not kept after all.
    pub(super) fn forget(&mut self, key: Key) {
        if let Some(place) = self.0.iter().rposition(|own| *own == key) {
            self.0.remove(place);
        }
    }
}
