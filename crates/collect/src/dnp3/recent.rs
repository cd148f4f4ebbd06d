//! The events that were last taken from an outstation, so that none is taken twice.
//!
//! An outstation offers its events until a confirm arrives. If it did not arrive, though the events
//! are kept, they come again: maybe in another fragment, with newer ones behind them, on another
//! connection, or to the engine's next process.

mod key;
mod known;
mod letters;
mod run;
mod spans;

use std::collections::VecDeque;
use std::ops::Range;

use gridos_model::{DeadLetter, Quality, Timestamp};

pub(super) use key::Key;
use key::Lane;
use known::Known;
use letters::Letters;
use run::longest_prefix;
use spans::Spans;
pub(super) use spans::Times;

/// Remembers the last events that were taken from one outstation, each as 64 bits.
///
/// An event with a time of its own is known again by its point, time, value and flags, whenever it
/// comes: that a confirm was sent does not mean that the outstation took it. One without can only be
/// known by what stands before it: of such events, the longest beginning of a fragment is dropped
/// that is also the end of what was taken, if it is known that some may come again. Devices that give
/// their events times are therefore taken exactly once, others at least once.
///
/// The last [`Recent::EVENTS_MAX`] are remembered, however well all seems to go: while the poll of one
/// class fails, those of the others succeed, and what is left of the first may be a burst or two old
/// when it comes again.
#[derive(Clone, Debug, Default)]
pub struct Recent {
    keys: VecDeque<Key>,
    /// How many events were forgotten before the first one of `keys`.
    forgotten: u64,
    /// The times of what is remembered, numbered in the same way.
    spans: Spans,
    /// Those of the events of the last fragment.
    times: Times,
    /// Whether some of its events may come for the second time because a confirm was not sent.
    may_repeat: bool,
    letters: Letters,
}

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
        for (position, time, value, quality) in events {
            let time = (!quality.contains(Quality::NO_SOURCE_TIME)).then_some(time);
            recent.times = time.into_iter().fold(Times::NONE, Times::and);
            recent.remember([Key::of_number(position, time, value, quality)]);
        }
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

    /// A fragment with events begins; `times` are those of the ones that have one. If its events
    /// `may_repeat`, an earlier confirm was not sent.
    pub(super) fn begin_fragment(&mut self, may_repeat: bool, times: Times) {
        self.times = times;
        self.may_repeat = may_repeat;
    }

    /// Removes the events of a fragment that were taken before; returns how many these are. `key`
    /// says what each is known by, and its time if it has one.
    pub(super) fn sift<T>(
        &self,
        events: &mut Vec<T>,
        key: impl Fn(&T) -> (Key, Timestamp),
    ) -> usize {
        let mut known = self.known(events.iter().map(&key));
        let key = |event: &T| key(event).0;
        let mut repeated_runs = [0; 2];
        if self.may_repeat && !events.iter().all(|event| key(event).has_time()) {
            repeated_runs = [Lane::Untimed, Lane::Text]
                .map(|lane| self.repeated_run(lane, events.iter().map(key)));
        }
        if known.has_none() && repeated_runs == [0; 2] {
            return 0;
        }
        let before = events.len();
        events.retain(|event| {
            let key = key(event);
            let is_repeated = match key.lane() {
                Lane::Timed => known.take(key),
                Lane::Untimed => take_one(&mut repeated_runs[0]),
                Lane::Text => take_one(&mut repeated_runs[1]),
                Lane::None => false,
            };
            !is_repeated
        });
        before - events.len()
    }

    /// Which events with a time were taken before. Most are later than all that were.
    fn known(&self, fragment: impl Iterator<Item = (Key, Timestamp)>) -> Known {
        let Some(latest) = self.spans.latest(self.times) else {
            return Known::default();
        };
        let is_in_doubt = |(key, time): &(Key, Timestamp)| key.has_time() && *time <= latest;
        let mut known = Known::new(fragment.filter(is_in_doubt).map(|(key, _)| key));
        for numbers in self.spans.numbers(self.times) {
            known.count(self.numbered(numbers));
        }
        known
    }

    /// The remembered events with these numbers.
    fn numbered(&self, numbers: Range<u64>) -> impl Iterator<Item = &Key> {
        let place = |number: u64| {
            let place = usize::try_from(number.saturating_sub(self.forgotten));
            place.unwrap_or(usize::MAX).min(self.keys.len())
        };
        self.keys.range(place(numbers.start)..place(numbers.end))
    }

    /// How many of the first events of a lane are the last ones that were taken.
    fn repeated_run(&self, lane: Lane, keys: impl Iterator<Item = Key>) -> usize {
        let run: Vec<_> = keys.filter(|key| key.lane() == lane).collect();
        let taken = self.keys.iter().rev().filter(|key| key.lane() == lane);
        let mut taken: Vec<_> = taken.take(run.len()).copied().collect();
        taken.reverse();
        longest_prefix(&run, &taken)
    }

    /// Remembers events that are taken; returns their numbers for [`Recent::forget`].
    pub(super) fn remember(&mut self, keys: impl IntoIterator<Item = Key>) -> Range<u64> {
        let start = self.forgotten + self.keys.len() as u64;
        for key in keys {
            if self.keys.len() >= Self::EVENTS_MAX {
                self.keys.pop_front();
                self.forgotten += 1;
            }
            self.keys.push_back(key);
        }
        let end = self.forgotten + self.keys.len() as u64;
        if end > start && self.times != Times::NONE {
            self.spans.note(start, self.times);
            self.spans.forget_before(self.forgotten);
        }
        start..end
    }

    /// Forgets events that were not kept after all.
    pub(super) fn forget(&mut self, numbers: Range<u64>) {
        for number in numbers {
            let place = number.checked_sub(self.forgotten);
            let place = place.and_then(|place| usize::try_from(place).ok());
            if let Some(key) = place.and_then(|place| self.keys.get_mut(place)) {
                *key = Key::NONE;
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
}

/// Whether there is one left, which is taken.
fn take_one(left: &mut usize) -> bool {
    let is_left = *left > 0;
    *left = left.saturating_sub(1);
    is_left
}

#[cfg(test)]
mod tests;
