//! The events that were last taken from an outstation, so that none is taken twice.
//!
//! An outstation offers its events until a confirm arrives. If it did not arrive, though the events
//! are kept, they come again: maybe in another fragment, with newer ones behind them, on another
//! connection, or to the engine's next process.

mod key;
mod letters;
mod run;

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use gridos_model::{DeadLetter, Quality, Timestamp};

pub(super) use key::Key;
use key::Lane;
use letters::Letters;
use run::longest_prefix;

/// Remembers the last events that were taken from one outstation, each as 64 bits.
///
/// An event with a time of its own is known again by its point, time, value and flags. One without
/// can only be known by what stands before it: of such events, the longest beginning of a fragment
/// is dropped that is also the end of what was taken. Devices that give their events times are
/// therefore taken exactly once, others at least once.
///
/// As long as confirms arrive, only the events of a few fragments are remembered; else up to
/// [`Recent::EVENTS_MAX`].
#[derive(Clone, Debug, Default)]
pub struct Recent {
    keys: VecDeque<Key>,
    /// How many events were forgotten before the first one of `keys`.
    forgotten: u64,
    /// Where the last fragments begin, the oldest first, counted as `forgotten` is.
    fragments: [u64; FRAGMENTS],
    /// How often each event with a time is among `keys`; only while events may come again.
    index: Option<HashMap<Key, u32>>,
    letters: Letters,
}

/// The events of so many fragments are remembered in any case: an outstation waits for one confirm
/// of an answer and for one of what it sent unasked, and each may be taken for lost while the next
/// fragment is under way.
const FRAGMENTS: usize = 4;

/// Memory for fewer events than this is not given back.
const SPARE: usize = 256;

impl Recent {
    /// The most events that are remembered.
    pub const EVENTS_MAX: usize = 4_096;
    /// The most dead letters that are remembered: more than can have come without a confirm.
    pub const LETTERS_MAX: usize = 64;

    /// What was taken by an earlier process, in the order of the journal: for each event its position
    /// in the device's whole layout, its time, its value and its quality as they were journalled.
    /// The last [`Recent::EVENTS_MAX`] are remembered; texts cannot be.
    pub fn restore(events: impl IntoIterator<Item = (u32, Timestamp, f64, Quality)>) -> Self {
        let mut recent = Self::default();
        let keys = events.into_iter().map(|(position, time, value, quality)| {
            let has_time = !quality.contains(Quality::NO_SOURCE_TIME);
            Key::of_number(position, has_time.then_some(time), value, quality)
        });
        recent.remember(keys);
        recent.index = None;
        recent
    }

    /// The same with the dead letters that were taken by an earlier process, in their order.
    #[must_use]
    pub fn with_letters<'a>(mut self, letters: impl IntoIterator<Item = &'a DeadLetter>) -> Self {
        for letter in letters {
            self.letters.remember(Key::of_letter(letter));
        }
        self
    }

    /// How many events are remembered.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no event is remembered.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// A fragment with events begins. If none of them `may_repeat`, all but the last ones are known
    /// to have been confirmed.
    pub(super) fn begin_fragment(&mut self, may_repeat: bool) {
        if may_repeat {
            if self.index.is_none() {
                self.index = Some(self.count());
            }
        } else {
            self.index = None;
            let oldest = self.fragments.first().copied().unwrap_or(0);
            let settled = oldest.saturating_sub(self.forgotten);
            let settled = usize::try_from(settled).unwrap_or(usize::MAX);
            let count = settled.min(self.keys.len());
            self.keys.drain(..count);
            self.forgotten += count as u64;
            if self.keys.len() < SPARE && self.keys.capacity() > 4 * SPARE {
                self.keys.shrink_to(SPARE);
            }
        }
        self.fragments.rotate_left(1);
        if let Some(newest) = self.fragments.last_mut() {
            *newest = self.forgotten + self.keys.len() as u64;
        }
    }

    /// Removes the events of a fragment that were taken before, if some may have been; returns how
    /// many these are.
    pub(super) fn sift<T>(&self, events: &mut Vec<T>, key: impl Fn(&T) -> Key) -> usize {
        let Some(index) = &self.index else {
            return 0;
        };
        if self.keys.is_empty() || events.is_empty() {
            return 0;
        }
        let mut repeated_runs = [Lane::Untimed, Lane::Text].map(|lane| {
            let run = events.iter().map(&key).filter(|key| key.lane() == lane);
            let run: Vec<_> = run.collect();
            let taken = self.keys.iter().rev().filter(|key| key.lane() == lane);
            let mut taken: Vec<_> = taken.take(run.len()).copied().collect();
            taken.reverse();
            longest_prefix(&run, &taken)
        });
        let mut used: HashMap<Key, u32> = HashMap::new();
        let before = events.len();
        events.retain(|event| {
            let key = key(event);
            let is_repeated = match key.lane() {
                Lane::Timed => {
                    let used = used.entry(key).or_default();
                    let is_known = *used < index.get(&key).copied().unwrap_or(0);
                    *used += u32::from(is_known);
                    is_known
                }
                Lane::Untimed => take_one(&mut repeated_runs[0]),
                Lane::Text => take_one(&mut repeated_runs[1]),
                Lane::None => false,
            };
            !is_repeated
        });
        before - events.len()
    }

    /// Remembers events that are taken; returns their numbers for [`Recent::forget`].
    pub(super) fn remember(&mut self, keys: impl IntoIterator<Item = Key>) -> Range<u64> {
        let start = self.forgotten + self.keys.len() as u64;
        for key in keys {
            if self.keys.len() >= Self::EVENTS_MAX {
                let oldest = self.keys.pop_front();
                self.forgotten += 1;
                oldest.into_iter().for_each(|key| self.uncount(key));
            }
            self.keys.push_back(key);
            if key.lane() == Lane::Timed
                && let Some(index) = &mut self.index
            {
                *index.entry(key).or_default() += 1;
            }
        }
        start..self.forgotten + self.keys.len() as u64
    }

    /// Forgets events that were not kept after all.
    pub(super) fn forget(&mut self, numbers: Range<u64>) {
        for number in numbers {
            let place = number.checked_sub(self.forgotten);
            let place = place.and_then(|place| usize::try_from(place).ok());
            let key = place.and_then(|place| self.keys.get_mut(place));
            if let Some(key) = key.map(|key| std::mem::replace(key, Key::NONE)) {
                self.uncount(key);
            }
        }
    }

    /// Whether a dead letter was taken before, if some may have been.
    pub(super) fn knows_letter(&self, key: Key) -> bool {
        self.letters.knows(key)
    }

    /// Remembers a dead letter that is taken.
    pub(super) fn remember_letter(&mut self, key: Key) {
        self.letters.remember(key);
    }

    /// Forgets a dead letter that was not kept after all.
    pub(super) fn forget_letter(&mut self, key: Key) {
        self.letters.forget(key);
    }

    /// Bytes allocated.
    #[cfg(test)]
    pub(super) fn allocated_bytes(&self) -> usize {
        let index = self.index.as_ref().map_or(0, |index| index.capacity());
        self.keys.capacity() * size_of::<Key>() + index * size_of::<(Key, u32)>()
    }

    fn count(&self) -> HashMap<Key, u32> {
        let mut index = HashMap::new();
        for key in self.keys.iter().filter(|key| key.lane() == Lane::Timed) {
            *index.entry(*key).or_default() += 1;
        }
        index
    }

    fn uncount(&mut self, key: Key) {
        if let Some(index) = &mut self.index
            && let Some(count) = index.get_mut(&key)
        {
            *count -= 1;
            if *count == 0 {
                index.remove(&key);
            }
        }
    }
}

/// Whether there is one left, which is taken.
fn take_one(left: &mut usize) -> bool {
    let is_left = *left > 0;
    *left = left.saturating_sub(1);
    is_left
}

#[cfg(test)]
mod tests;
