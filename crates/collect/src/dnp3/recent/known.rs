//! Which events of one fragment were taken before, and how often.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

use super::{Key, Lane};

/// How often each event with a time of one fragment is among those that were taken.
///
/// It is made for one fragment, so that no outstation needs memory for it between two.
#[derive(Debug)]
pub(super) struct Known(HashMap<Key, u32, BuildHasherDefault<KeyHasher>>);

impl Known {
    pub(super) fn of(taken: &VecDeque<Key>, fragment: impl Iterator<Item = Key>) -> Self {
        let own = fragment.filter(|key| key.lane() == Lane::Timed);
        let mut counts: HashMap<_, _, _> = own.map(|key| (key, 0)).collect();
        for key in taken {
            if let Some(count) = counts.get_mut(key) {
                *count += 1;
            }
        }
        Self(counts)
    }

    /// Whether the event was taken before, once more than was asked for it already.
    pub(super) fn take(&mut self, key: Key) -> bool {
        let count = self.0.get_mut(&key).filter(|count| **count > 0);
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
