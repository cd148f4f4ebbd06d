//! Which events of one fragment were taken before, and how often.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::Key;

/// How often each of some events of one fragment is among those that were taken.
///
/// It is made for one fragment, so that no outstation needs memory for it between two.
#[derive(Debug, Default)]
pub(super) struct Known {
    counts: HashMap<Key, u32, BuildHasherDefault<KeyHasher>>,
    /// The sum of all.
    found: usize,
}

impl Known {
    /// None of the events with these keys was taken.
    pub(super) fn new(fragment: impl Iterator<Item = Key>) -> Self {
        Self {
            counts: fragment.map(|key| (key, 0)).collect(),
            found: 0,
        }
    }

    /// These events were taken.
    pub(super) fn count<'k>(&mut self, taken: impl Iterator<Item = &'k Key>) {
        if self.counts.is_empty() {
            return;
        }
        for key in taken {
            if let Some(count) = self.counts.get_mut(key) {
                *count += 1;
                self.found += 1;
            }
        }
    }

    /// Whether none of them was taken.
    pub(super) fn has_none(&self) -> bool {
        self.found == 0
    }

    /// Whether the event was taken before, once more than was asked for it already.
    pub(super) fn take(&mut self, key: Key) -> bool {
        let count = self.counts.get_mut(&key).filter(|count| **count > 0);
        count.map(|count| *count -= 1).is_some()
    }
}

/// Keys are hashes already.
#[derive(Debug, Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, word: u64) {
        // The lowest bits are the lane, alike for all.
        self.0 = word.rotate_right(2);
    }
}
